"""What a request of the raw ledger must know before it is decided: accounts, names taken, pending transfers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.ids import parse_public_id
from ledger.kernel.types import table_of
from ledger.points import queries
from ledger.points.models import Batch, Transfer, Unit
from ledger.points.policy import AccountState
from ledger.points.raw_names import Booked, booked

SOURCE = "raw"
_batch, _transfer, _unit = table_of(Batch), table_of(Transfer), table_of(Unit)
_resolution = _transfer.alias("resolution")


@dataclass(frozen=True, slots=True)
class PendingView:
    """A transfer that a request names as pending: what it is, and by what it was resolved, None while it holds."""

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
    """The accounts that exist among the ids; the free ones, which alone can be moved, locked in id order."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    states = queries.accounts_by_id(session, wanted, center_id)
    free = [state.id for state in states.values() if state.kind == "free"]
    return states | queries.accounts_by_id(session, free, center_id, lock=True)


def find_named(session: Session, names: Iterable[str], center_id: int) -> dict[str, Booked]:
    """What has been booked under the senders' names, ever."""
    wanted = list(names)
    if not wanted:
        return {}
    t = _transfer.c
    columns = (
        t.id,
        t.batch_id,
        t.kind,
        t.pending_id,
        t.debit_account_id,
        t.credit_account_id,
        t.amount,
        t.unit,
        t.code,
    )
    same_batch = sa.and_(_batch.c.center_id == t.center_id, _batch.c.id == t.batch_id)
    query = (
        sa.select(_batch.c.source_ref, t.expires_at, t.recorded_at, *columns)
        .join(_batch, same_batch)
        .where(t.center_id == center_id, t.batch_id.in_(_batches_named(wanted, center_id)))
    )
    return {row.source_ref: booked(dict(row._mapping)) for row in session.execute(query)}


def find_pending(session: Session, names: Iterable[str], center_id: int) -> dict[str, PendingView]:
    """Transfers by the sender's name or by the public form of their key."""
    wanted = list(names)
    if not wanted:
        return {}
    keys = {key: name for name in wanted if (key := _key(name)) is not None}
    by_key = session.execute(_pending(center_id).where(_transfer.c.id.in_(keys)))
    found = {keys[row.id]: _view(row) for row in by_key}
    by_name = _pending(center_id).where(_transfer.c.batch_id.in_(_batches_named(wanted, center_id)))
    return found | {row.source_ref: _view(row) for row in session.execute(by_name)}


def _batches_named(names: list[str], center_id: int) -> "sa.Select[tuple[int]]":
    """The batches of these names, to be found first: joined only, SQLite walks over every transfer of the center."""
    return sa.select(_batch.c.id).where(
        _batch.c.center_id == center_id, _batch.c.source_type == SOURCE, _batch.c.source_ref.in_(names)
    )


def _pending(center_id: int) -> "sa.Select[Any]":
    t = _transfer.c
    same_batch = sa.and_(_batch.c.center_id == t.center_id, _batch.c.id == t.batch_id)
    resolves = sa.and_(_resolution.c.center_id == t.center_id, _resolution.c.pending_id == t.id)
    columns = (t.id, t.kind, t.debit_account_id, t.credit_account_id, t.amount, t.expires_at, t.recorded_at)
    return (
        sa.select(*columns, _resolution.c.kind.label("resolved"), _batch.c.source_ref)
        .join(_batch, same_batch)
        .outerjoin(_resolution, resolves)
        .where(t.center_id == center_id)
    )


def _view(row: Any) -> PendingView:
    return PendingView(
        id=row.id,
        kind=row.kind,
        debit_account_id=row.debit_account_id,
        credit_account_id=row.credit_account_id,
        amount=row.amount,
        expires_at=row.expires_at or row.recorded_at,
        resolved=row.resolved,
    )


def _key(name: str) -> int | None:
    try:
        return parse_public_id(name)
    except ValueError:
        return None
