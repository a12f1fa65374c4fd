"""Reads of recorded entries: the statement of an account, a transfer, a batch, all batches of an event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ledger.kernel.chunks import chunks
from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.points.book import queries
from ledger.points.lots.parts import LotPart
from ledger.points.models import Batch, Transfer
from ledger.points.policy import COUNTS_AS_POSTED, AccountKey

_held = aliased(Transfer)


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transfer as its account sees it: `amount` is signed, credit positive, 0 while pending.

    `held_change` is the change of the amount held against the account. `lots` are the account's lots that the transfer
    touched, if requested.
    """

    transfer_id: int
    batch_id: int
    amount: int
    held_change: int
    kind: str
    code: str
    reason: str
    source_type: str
    source_ref: str
    other_account_id: int
    balance_after: int | None
    held_after: int | None
    effective_at: datetime
    recorded_at: datetime
    lots: Sequence[LotPart] = ()


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer as recorded."""

    id: int
    batch_id: int
    unit: str
    debit_account_id: int
    credit_account_id: int
    amount: int
    code: str
    kind: str
    pending_id: int | None
    reverses_id: int | None
    refund_of: int | None
    expires_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch: who, when, why, on what evidence, and its transfers."""

    id: int
    source_type: str
    source_ref: str
    step: str
    effective_at: datetime
    recorded_at: datetime
    actor_id: int
    reason: str
    evidence_hash: str
    transfers: list[TransferView]


def statement(
    session: Session, account_id: int, center_id: int, *, request: PageRequest, until: datetime | None = None
) -> Page[Entry]:
    """Entries of an account, recorded up to `until`, by time of recording, newest first by default."""
    query = (
        sa.select(
            Transfer,
            Batch.reason,
            Batch.source_type,
            Batch.source_ref,
            Batch.effective_at,
            _held.amount.label("held"),
        )
        .join(Batch, sa.and_(Batch.center_id == Transfer.center_id, Batch.id == Transfer.batch_id))
        .outerjoin(_held, sa.and_(_held.center_id == Transfer.center_id, _held.id == Transfer.pending_id))
        .where(Transfer.center_id == center_id)
    )
    if until is not None:
        query = query.where(Transfer.recorded_at <= until)
    sides = [query.where(side == account_id) for side in (Transfer.debit_account_id, Transfer.credit_account_id)]
    return fetch_page(
        session,
        sides,
        request=request,
        sorts={"recorded_at": Transfer.recorded_at},
        tie=Transfer.id,
        make=lambda row: _entry(row, account_id),
        usual="-recorded_at",
    )


def _entry(row: Any, account_id: int) -> Entry:
    transfer: Transfer = row.Transfer
    debit = transfer.debit_account_id == account_id
    counts = transfer.amount if transfer.kind in COUNTS_AS_POSTED else 0
    # A partial post releases the rest of the hold.
    held_change = transfer.amount if transfer.kind == "pending" else -(row.held or 0)
    return Entry(
        transfer_id=transfer.id,
        batch_id=transfer.batch_id,
        amount=-counts if debit else counts,
        held_change=held_change if debit else 0,
        kind=transfer.kind,
        code=transfer.code,
        reason=row.reason,
        source_type=row.source_type,
        source_ref=row.source_ref,
        other_account_id=transfer.credit_account_id if debit else transfer.debit_account_id,
        balance_after=transfer.debit_balance_after if debit else transfer.credit_balance_after,
        held_after=transfer.debit_held_after if debit else transfer.credit_held_after,
        effective_at=row.effective_at,
        recorded_at=transfer.recorded_at,
    )


def get_transfer(session: Session, transfer_id: int, center_id: int) -> TransferView:
    """A transfer. Raises NotFound("points.transfer_not_found")."""
    transfer = session.get(Transfer, (center_id, transfer_id))
    if transfer is None:
        raise NotFound("points.transfer_not_found")
    return _transfer_view(transfer)


def amounts(session: Session, transfer_ids: Iterable[int], center_id: int) -> dict[int, int]:
    """Amounts in minor units by transfer."""
    query = sa.select(Transfer.id, Transfer.amount).where(Transfer.center_id == center_id)
    rows = (row for part in chunks(transfer_ids) for row in session.execute(query.where(Transfer.id.in_(part))))
    return {row.id: row.amount for row in rows}


def get_batch(session: Session, batch_id: int, center_id: int) -> BatchView:
    """A batch with its transfers in the order of recording. Raises NotFound("points.batch_not_found")."""
    batch = session.get(Batch, (center_id, batch_id))
    if batch is None:
        raise NotFound("points.batch_not_found")
    return _batch_view(session, batch)


def batches_of(session: Session, source_type: str, source_ref: str, center_id: int) -> list[BatchView]:
    """All batches posted by one event, oldest first."""
    query = sa.select(Batch).where(
        Batch.center_id == center_id, Batch.source_type == source_type, Batch.source_ref == source_ref
    )
    # Sorted here: with ORDER BY on key or time, SQLite scans the whole book along that index.
    found = sorted(session.scalars(query), key=lambda batch: (batch.recorded_at, batch.id))
    return [_batch_view(session, batch) for batch in found]


def _batch_view(session: Session, batch: Batch) -> BatchView:
    query = sa.select(Transfer).where(Transfer.center_id == batch.center_id, Transfer.batch_id == batch.id)
    transfers = sorted(session.scalars(query), key=lambda transfer: transfer.id)
    names = [name for name in BatchView.__slots__ if name != "transfers"]
    return BatchView(**{name: getattr(batch, name) for name in names}, transfers=[_transfer_view(t) for t in transfers])


def _transfer_view(transfer: Transfer) -> TransferView:
    return TransferView(**{name: getattr(transfer, name) for name in TransferView.__slots__})


def account_keys(session: Session, ids: Iterable[int], center_id: int) -> dict[int, AccountKey]:
    """Account keys by account id."""
    return {
        state.id: AccountKey(state.unit, state.kind, state.owner_id)
        for state in queries.accounts_by_id(session, ids, center_id).values()
    }
