"""Writes to the ledger: units, accounts, batches of transfers, and the resolution of pending ones.

Locks counted accounts in id order, decides in policy.py, then writes. The time of recording is read under the locks
and is later than the accounts' last. Statements are Core for speed, because every posting runs them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, NotFound, Rejected
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_ignore
from ledger.points.book import opening, queries, rows
from ledger.points.book.rows import Header
from ledger.points.closing import freezing, periods
from ledger.points.lots import following as lots
from ledger.points.models import Account, Batch, Transfer
from ledger.points.policy import (
    AccountKey,
    AccountState,
    Balance,
    Kind,
    Line,
    Movement,
    Original,
    Source,
    apply,
    recording_time,
)


class Pending(NamedTuple):
    """A transfer to resolve."""

    id: int
    kind: str
    debit_account_id: int
    credit_account_id: int
    amount: int
    code: str
    expires_at: datetime


_account, _transfer, _batch = table_of(Account), table_of(Transfer), table_of(Batch)
# Also returns whether the book is frozen, which saves each posting a statement.
_INSERT_BATCH = Prepared(
    insert_or_ignore(_batch, columns=["center_id", "source_type", "source_ref", "step"]).returning(
        _batch.c.id, freezing.FROZEN
    )
)
_INSERT_TRANSFERS = Prepared(sa.insert(_transfer))
_PENDING = Prepared(
    sa.select(*(_transfer.c[name] for name in Pending._fields)).where(
        _transfer.c.center_id == sa.bindparam("center"), _transfer.c.id.in_(sa.bindparam("ids", expanding=True))
    )
)
_RESOLVED = Prepared(
    sa.select(_transfer.c.kind)
    .where(
        _transfer.c.center_id == sa.bindparam("center"),
        _transfer.c.pending_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .limit(1)
)
_NOT_RESOLVED = {"post": "posted", "void": "voided", "expire": "expired"}


@dataclass(frozen=True, slots=True)
class Posted:
    """A recorded batch: its transfers in the requested order, and the balances after it by account key."""

    batch_id: int
    recorded_at: datetime
    transfer_ids: list[int]
    balances: dict[AccountKey, Balance]


def post(
    session: Session,
    movements: Sequence[Movement],
    *,
    source: Source,
    actor: Actor,
    reason: str,
    effective_at: datetime | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Posted:
    """Post the movements as one batch; those with `expires_at` are held instead.

    Missing accounts are opened. Raises Rejected("points.exceeds_credits" and the other refusals of
    policy.apply, Original.correct for `reverses_id` and `refund_of`), Rejected("points.unit_unknown"),
    NotFound("points.transfer_not_found"), Conflict("points.already_posted") when this step of the source has been
    recorded before, Rejected("points.period_locked") for an `effective_at` in a closed month,
    Unavailable("points.ledger_frozen").
    """
    keys = {key for move in movements for key in (move.debit, move.credit)}
    accounts = opening.lock_accounts(session, keys, actor.center_id)
    lines = [
        Line(
            debit_id=accounts[move.debit].id,
            credit_id=accounts[move.credit].id,
            amount=move.amount,
            code=move.code,
            kind="pending" if move.expires_at else "posted",
            reverses_id=move.reverses_id,
            refund_of=move.refund_of,
            expires_at=move.expires_at,
            good_until=move.good_until,
            lot_id=move.lot_id,
            extend_to=move.extend_to,
            claws_back=move.claws_back,
        )
        for move in movements
    ]
    header = Header(source, actor, reason, effective_at, evidence or {})
    at = recording_time(clock.now(), accounts.values())
    return _record(session, lines, {state.id: state for state in accounts.values()}, header, at)


def resolve(
    session: Session,
    pending_ids: Sequence[int],
    kind: Kind,
    *,
    source: Source,
    actor: Actor,
    reason: str,
    amounts: Mapping[int, int] | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Posted:
    """Post, void or expire pending transfers as one batch; `amounts` posts less and releases the rest.

    Raises NotFound("points.pending_transfer_not_found"), Rejected("points.pending_transfer_not_pending",
    "points.exceeds_pending_transfer_amount"), Conflict("points.pending_transfer_already_posted" | "…_already_voided"
    | "…_expired" | "…_not_expired").
    """
    pending = _pending_rows(session, pending_ids, actor.center_id)
    ids = {side for row in pending for side in (row.debit_account_id, row.credit_account_id)}
    accounts = opening.lock_by_id(session, ids, actor.center_id)
    _refuse_resolved(session, pending_ids, actor.center_id)
    # Decide by the time that is written, so that no hold is recorded as posted after its end.
    at = recording_time(clock.now(), accounts.values())
    lines = [_resolution(row, kind, (amounts or {}).get(row.id, row.amount), at) for row in pending]
    header = Header(source, actor, reason, None, evidence or {})
    return _record(session, lines, accounts, header, at)


def _correct(session: Session, lines: list[Line], center_id: int) -> dict[int, Original]:
    """Check corrections against their originals; the locked accounts keep out concurrent corrections."""
    ids = {line.corrects for line in lines if line.corrects is not None}
    if not ids:
        return {}
    originals = queries.find_originals(session, ids, center_id)
    if len(originals) != len(ids):
        raise NotFound("points.transfer_not_found")
    for line in lines:
        if line.corrects is not None:
            originals[line.corrects].correct(line)
    return originals


def _record(
    session: Session, lines: list[Line], accounts: dict[int, AccountState], header: Header, recorded_at: datetime
) -> Posted:
    if not lines:
        raise ValueError("a batch without a transfer would say that nothing happened")
    center_id = header.actor.center_id
    transfers = []
    batch_id = _insert_batch(session, header, recorded_at)
    originals = _correct(session, lines, center_id)
    times = (header.effective_at or recorded_at, recorded_at)
    book = lots.load(session, lines, accounts, originals=originals, center_id=center_id, times=times)
    for line in lines:
        debit, credit = accounts[line.debit_id], accounts[line.credit_id]
        after = apply(line, debit, credit)
        row = rows.transfer_row(line, debit.unit, center_id=center_id, batch_id=batch_id, at=recorded_at)
        transfers.append(row | after)
        book.follow(line, row["id"], debit, credit)
    _INSERT_TRANSFERS.run(session, transfers)
    lots.write(session, book)
    rows.write_back(session, [a for a in accounts.values() if a.counted], center_id, recorded_at)
    return Posted(
        batch_id=batch_id,
        recorded_at=recorded_at,
        transfer_ids=[row["id"] for row in transfers],
        balances={AccountKey(a.unit, a.kind, a.owner_id): a.state for a in accounts.values() if a.counted},
    )


def _insert_batch(session: Session, header: Header, recorded_at: datetime) -> int:
    row = rows.batch_row(header, recorded_at)
    center_id = header.actor.center_id
    inserted = _INSERT_BATCH.rows(session, row | {"frozen_center": center_id})
    if not inserted:
        raise Conflict("points.already_posted", source=header.source.type, step=header.source.step)
    if inserted[0][1] is not None:
        raise freezing.frozen()
    periods.refuse_closed(session, header.effective_at, center_id)
    rows.await_seal(session, [row])
    return int(row["id"])


def _pending_rows(session: Session, ids: Sequence[int], center_id: int) -> list[Pending]:
    wanted = list(dict.fromkeys(ids))
    found = {row[0]: Pending(*row) for row in _PENDING.rows(session, {"center": center_id, "ids": wanted})}
    if len(found) != len(wanted):
        raise NotFound("points.pending_transfer_not_found")
    if any(row.kind != "pending" for row in found.values()):
        raise Rejected("points.pending_transfer_not_pending")
    return [found[pending_id] for pending_id in wanted]


def _refuse_resolved(session: Session, pending_ids: Sequence[int], center_id: int) -> None:
    for (kind,) in _RESOLVED.rows(session, {"center": center_id, "ids": list(pending_ids)}):
        if kind == "expire":
            raise Conflict("points.pending_transfer_expired")
        raise Conflict(f"points.pending_transfer_already_{_NOT_RESOLVED[kind]}")


def _resolution(row: Pending, kind: Kind, amount: int, at: datetime) -> Line:
    expired = at >= row.expires_at
    if kind == "post" and expired:
        raise Conflict("points.pending_transfer_expired")
    if kind == "expire" and not expired:
        raise Conflict("points.pending_transfer_not_expired")
    if amount > row.amount:
        raise Rejected("points.exceeds_pending_transfer_amount", held=row.amount)
    return Line(
        debit_id=row.debit_account_id,
        credit_id=row.credit_account_id,
        amount=amount if kind == "post" else row.amount,
        code=row.code,
        kind=kind,
        held=row.amount,
        pending_id=row.id,
    )
