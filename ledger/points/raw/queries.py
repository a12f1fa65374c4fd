"""Reads that a raw ledger request needs: accounts, booked names, pending transfers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.ids import parse_public_id
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.book import opening, queries
from ledger.points.models import Batch, Transfer, Unit
from ledger.points.policy import AccountState
from ledger.points.raw.names import Booked, booked

SOURCE = "raw"
_batch, _transfer, _unit = table_of(Batch), table_of(Transfer), table_of(Unit)
_resolution = _transfer.alias("resolution")
_CENTER: "sa.BindParameter[Any]" = sa.bindparam("center")
_same_batch = sa.and_(_batch.c.center_id == _transfer.c.center_id, _batch.c.id == _transfer.c.batch_id)
# The batches of the names, found first: in a plain join, SQLite scans every transfer of the center.
_batches_named = sa.select(_batch.c.id).where(
    _batch.c.center_id == _CENTER,
    _batch.c.source_type == SOURCE,
    _batch.c.source_ref.in_(sa.bindparam("names", expanding=True)),
)
_of_names = _transfer.c.batch_id.in_(_batches_named)
_NAMED_COLUMNS = (
    "expires_at", "recorded_at", "id", "batch_id", "kind", "pending_id", "debit_account_id", "credit_account_id",
    "amount", "unit", "code",
)  # fmt: skip
_NAMED = Prepared(
    sa.select(_batch.c.source_ref, *(_transfer.c[name] for name in _NAMED_COLUMNS))
    .join(_batch, _same_batch)
    .where(_transfer.c.center_id == _CENTER, _of_names)
)
_PENDING_COLUMNS = ("id", "kind", "debit_account_id", "credit_account_id", "amount", "expires_at", "recorded_at")
_pending = (
    sa.select(*(_transfer.c[name] for name in _PENDING_COLUMNS), _resolution.c.kind.label("by"), _batch.c.source_ref)
    .join(_batch, _same_batch)
    .outerjoin(
        _resolution,
        sa.and_(_resolution.c.center_id == _transfer.c.center_id, _resolution.c.pending_id == _transfer.c.id),
    )
    .where(_transfer.c.center_id == _CENTER)
)
_PENDING_BY_KEY = Prepared(_pending.where(_transfer.c.id.in_(sa.bindparam("keys", expanding=True))))
_PENDING_BY_NAME = Prepared(_pending.where(_of_names))


@dataclass(frozen=True, slots=True)
class PendingView:
    """A transfer that a request names as pending; `resolved` says how it ended, None while it is open."""

    id: int
    kind: str
    debit_account_id: int
    credit_account_id: int
    amount: int
    expires_at: datetime
    resolved: str | None


def find_scale(session: Session, unit: str, center_id: int) -> int | None:
    """The decimals of a unit."""
    query = sa.select(_unit.c.scale).where(_unit.c.center_id == center_id, _unit.c.code == unit)
    return session.execute(query).scalar()


def lock_accounts(session: Session, ids: Iterable[int], center_id: int) -> dict[int, AccountState]:
    """The existing accounts among the ids; the free ones, the only ones that can change, are locked in id order.

    Raises Unavailable("points.ledger_frozen").
    """
    wanted = sorted(set(ids))
    free = opening.lock_free(session, wanted, center_id)
    others = [account_id for account_id in wanted if account_id not in free]
    return free | queries.accounts_by_id(session, others, center_id) if others else free


def find_named(session: Session, names: Iterable[str], center_id: int) -> dict[str, Booked]:
    """All transfers ever booked under the senders' names."""
    wanted = list(names)
    if not wanted:
        return {}
    rows = _NAMED.rows(session, {"center": center_id, "names": wanted})
    return {row[0]: booked(dict(zip(_NAMED_COLUMNS, row[1:], strict=True))) for row in rows}


def find_pending(session: Session, names: Iterable[str], center_id: int) -> dict[str, PendingView]:
    """Transfers by the sender's name or by their public key."""
    wanted = list(names)
    if not wanted:
        return {}
    keys = {key: name for name in wanted if (key := _key(name)) is not None}
    by_key = _PENDING_BY_KEY.rows(session, {"center": center_id, "keys": list(keys)}) if keys else ()
    found = {keys[row[0]]: _view(row) for row in by_key}
    by_name = _PENDING_BY_NAME.rows(session, {"center": center_id, "names": wanted})
    return found | {row[-1]: _view(row) for row in by_name}


def _view(row: Sequence[Any]) -> PendingView:
    transfer_id, kind, debit_id, credit_id, amount, expires_at, recorded_at, resolved, _ = row
    return PendingView(transfer_id, kind, debit_id, credit_id, amount, expires_at or recorded_at, resolved)


def _key(name: str) -> int | None:
    try:
        return parse_public_id(name)
    except ValueError:
        return None
