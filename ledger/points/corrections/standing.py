"""What still stands of what an event posted: every later batch that took some of it back, with its date and reason."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import chunks
from ledger.kernel.types import table_of
from ledger.points.models import Account, Batch, Transfer
from ledger.points.policy import COUNTS_AS_POSTED, MINUTE, POINT

_batch, _transfer = table_of(Batch), table_of(Transfer)
_debit, _credit = table_of(Account).alias("debit_account"), table_of(Account).alias("credit_account")
# A debt is the member's too: what an award pays of it, and what a claw-back adds to it, counts. So does what expired of
# an award before it was taken back.
_OF_MEMBERS = ("member", "debt", "breakage")


@dataclass(frozen=True, slots=True)
class Change:
    """What one batch gave to the member or took back, in minor units; `reason` is the batch's code."""

    batch_id: int
    at: datetime
    reason: str
    minutes: int
    points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The first posting of an event, and what has changed it since, oldest first."""

    first: Change
    changes: tuple[Change, ...] = ()

    @property
    def minutes(self) -> int:
        """The minutes that count now."""
        return self.first.minutes + sum(change.minutes for change in self.changes)

    @property
    def points(self) -> int:
        """The points that count now, in minor units."""
        return self.first.points + sum(change.points for change in self.changes)

    @property
    def is_gone(self) -> bool:
        """Whether all of it was taken back."""
        return bool(self.changes) and not self.minutes and not self.points


def find_standing(session: Session, source_type: str, source_id: int, center_id: int) -> Standing | None:
    """What still stands of what this event posted; None if it posted nothing."""
    return standings(session, source_type, [source_id], center_id).get(source_id)


def standings(session: Session, source_type: str, ids: Iterable[int], center_id: int) -> dict[int, Standing]:
    """By event, what still stands of it; events without a posting are left out."""
    found: dict[int, dict[int, Change]] = {}
    for refs in chunks(str(source_id) for source_id in ids):
        own = _batch.c.source_type == source_type, _batch.c.source_ref.in_(refs)
        origin = {}
        for row in session.connection().execute(_moves(center_id).where(*own)):
            origin[row.id] = int(row.source_ref)
            _add(found.setdefault(origin[row.id], {}), row)
        for row in _corrections(session, origin, center_id):
            # A correction posted by the event itself is among its own already.
            if row.id not in origin:
                _add(found[origin[row.corrects]], row)
    return {source_id: _standing(batches) for source_id, batches in found.items()}


def taken_back(session: Session, transfer_ids: Collection[int], center_id: int) -> dict[int, int]:
    """By transfer the amount that later ones took back, in minor units; those that stand whole are left out."""
    found: dict[int, int] = {}
    for row in _corrections(session, transfer_ids, center_id):
        found[row.corrects] = found.get(row.corrects, 0) + row.amount
    return found


def corrections_of_batch(session: Session, batch_id: int, center_id: int) -> list[Change]:
    """The later batches that took back some of a batch, oldest first."""
    own = sa.select(_transfer.c.id).where(_transfer.c.center_id == center_id, _transfer.c.batch_id == batch_id)
    return corrections_of(session, list(session.scalars(own)), center_id)


def corrections_of(session: Session, transfer_ids: Collection[int], center_id: int) -> list[Change]:
    """The later batches that took back some of these transfers, oldest first."""
    batches: dict[int, Change] = {}
    for row in _corrections(session, transfer_ids, center_id):
        _add(batches, row)
    return _in_order(batches)


def _corrections(session: Session, ids: Collection[int], center_id: int) -> list[Any]:
    # One query each, because each has an index of its own.
    return [
        row
        for part in chunks(ids)
        for corrects in (_transfer.c.refund_of, _transfer.c.reverses_id)
        for row in session.connection().execute(
            _moves(center_id).add_columns(corrects.label("corrects")).where(corrects.in_(part))
        )
    ]


def _moves(center_id: int) -> "sa.Select[Any]":
    t = _transfer.c
    return (
        sa.select(
            t.id,
            t.batch_id,
            t.unit,
            t.amount,
            t.recorded_at,
            _batch.c.source_ref,
            _batch.c.reason,
            _debit.c.kind.label("giver"),
            _credit.c.kind.label("taker"),
        )
        .join(_batch, sa.and_(_batch.c.center_id == t.center_id, _batch.c.id == t.batch_id))
        .join(_debit, sa.and_(_debit.c.center_id == t.center_id, _debit.c.id == t.debit_account_id))
        .join(_credit, sa.and_(_credit.c.center_id == t.center_id, _credit.c.id == t.credit_account_id))
        .where(t.center_id == center_id, t.kind.in_(COUNTS_AS_POSTED))
    )


def _add(batches: dict[int, Change], row: Any) -> None:
    """Add what a transfer did to the member; points that pay their debt are given and taken at once."""
    before = batches.get(row.batch_id, Change(row.batch_id, row.recorded_at, row.reason, 0, 0))
    gained = row.amount * ((row.taker in _OF_MEMBERS) - (row.giver in _OF_MEMBERS))
    minutes, points = (gained if row.unit == unit else 0 for unit in (MINUTE, POINT))
    batches[row.batch_id] = Change(
        row.batch_id, row.recorded_at, row.reason, before.minutes + minutes, before.points + points
    )


def _standing(batches: dict[int, Change]) -> Standing:
    first, *later = _in_order(batches)
    return Standing(first, tuple(later))


def _in_order(batches: dict[int, Change]) -> list[Change]:
    return sorted(batches.values(), key=lambda change: (change.at, change.batch_id))
