"""Lot movements of a batch: lots are read under their accounts' locks, changed in memory, written with the transfers.

An account's lock also guards its lots, so lots are never locked themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.ids import new_id
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.lots import policy as lot_policy
from ledger.points.lots import queries as lot_queries
from ledger.points.lots.policy import LotState, Use
from ledger.points.models import Lot, LotUse
from ledger.points.policy import COUNTS_AS_POSTED, AccountState, Line, Original

_lot = table_of(Lot)
_INSERT_LOTS = Prepared(sa.insert(_lot))
_INSERT_USES = Prepared(sa.insert(table_of(LotUse)))
_CHANGE_LOT = Prepared(
    sa.update(_lot)
    .where(_lot.c.center_id == sa.bindparam("of_center"), _lot.c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(name) for name in ("remaining", "held", "extended_to")})
)


@dataclass(slots=True)
class LotBook:
    """The lots that a batch may touch, its lot movements, and the new lots it makes."""

    center_id: int
    earned_at: datetime
    today: date
    originals: Mapping[int, Original]
    lots: dict[int, LotState] = field(default_factory=dict)
    taken: dict[int, list[Use]] = field(default_factory=dict)
    returned: dict[int, dict[int, int]] = field(default_factory=dict)
    made: list[LotState] = field(default_factory=list)
    uses: list[dict[str, Any]] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)

    def follow(self, line: Line, transfer_id: int, debit: AccountState, credit: AccountState) -> None:
        """Apply a transfer to the lots of both sides."""
        uses = self._debit(line, debit) if debit.in_lots else []
        if credit.in_lots and line.kind in COUNTS_AS_POSTED and line.amount:
            uses += self._credit(line, transfer_id, credit, uses)
        for position, use in enumerate(uses):
            self.uses.append(
                {
                    "center_id": self.center_id,
                    "transfer_id": transfer_id,
                    "position": position,
                    "lot_id": use.lot_id,
                    "remaining_change": use.remaining_change,
                    "held_change": use.held_change,
                    "extended_to": use.extended_to,
                }
            )

    def _debit(self, line: Line, debit: AccountState) -> list[Use]:
        if line.pending_id is not None:
            amount = line.amount if line.kind == "post" else 0
            uses = lot_policy.settle(self.taken.get(line.pending_id, []), amount)
        else:
            own = [lot for lot in self.lots.values() if lot.account_id == debit.id and line.lot_id in (None, lot.id)]
            if line.kind == "pending":
                uses = lot_policy.hold(own, line.amount)
            else:
                uses = lot_policy.take(own, line.amount, first=line.corrects)
        return self._apply(uses)

    def _credit(self, line: Line, transfer_id: int, credit: AccountState, given: Sequence[Use]) -> list[Use]:
        original = self.originals.get(line.corrects or 0)
        if original is not None and original.debit_id == credit.id:
            return self._give_back(line)
        if given and line.debit_id != credit.id:
            for use in given:
                if use.remaining_change < 0:
                    self._make(self.lots[use.lot_id], transfer_id, credit.id, -use.remaining_change)
            return []
        new = LotState(new_id(), credit.id, transfer_id, line.amount, self.earned_at, line.good_until, None, 0, 0)
        self._make(new, transfer_id, credit.id, line.amount)
        return []

    def _give_back(self, line: Line) -> list[Use]:
        original_id = line.corrects or 0
        returned = self.returned.setdefault(original_id, {})
        uses = lot_policy.give_back(self.taken.get(original_id, []), returned, line.amount)
        for use in uses:
            returned[use.lot_id] = returned.get(use.lot_id, 0) + use.remaining_change
            if line.extend_to is not None and lot_policy.has_lapsed(self.lots[use.lot_id], self.today):
                use.extended_to = line.extend_to
        return self._apply(uses)

    def _make(self, like: LotState, transfer_id: int, account_id: int, amount: int) -> None:
        """Make a lot with the dates of another."""
        lot = LotState(
            new_id(), account_id, transfer_id, amount, like.earned_at, like.good_until, None, remaining=amount, held=0
        )
        self.made.append(lot)
        self.lots[lot.id] = lot

    def _apply(self, uses: list[Use]) -> list[Use]:
        for use in uses:
            lot_policy.apply(self.lots[use.lot_id], use)
            self.changed.add(use.lot_id)
        return uses


def load(
    session: Session,
    lines: Iterable[Line],
    accounts: Mapping[int, AccountState],
    *,
    originals: Mapping[int, Original],
    center_id: int,
    times: tuple[datetime, datetime],
) -> LotBook:
    """Load the lots that the lines may touch; `times` are effective and recorded. The accounts must be locked."""
    effective_at, recorded_at = times
    book = LotBook(center_id, effective_at, clock.local_day(recorded_at, clock.zone()), originals)
    earlier, corrected, spending = set(), set(), set()
    for line in lines:
        if not (accounts[line.debit_id].in_lots or accounts[line.credit_id].in_lots):
            continue
        if line.pending_id is not None:
            earlier.add(line.pending_id)
        elif accounts[line.debit_id].in_lots:
            spending.add(line.debit_id)
        if line.corrects is not None:
            corrected.add(line.corrects)
    # A batch of mere credits, such as an award, reads nothing.
    if earlier or corrected:
        book.taken, book.lots = lot_queries.uses_of(session, earlier | corrected, center_id)
    if corrected:
        book.returned = lot_queries.returned_of(session, corrected, center_id)
    if spending:
        book.lots |= lot_queries.lots_left(session, spending, center_id)
    return book


def write(session: Session, book: LotBook) -> None:
    """Write new lots, lot movements and what is left of each lot, after the transfers."""
    _INSERT_LOTS.run(session, [_new_row(lot, book.center_id) for lot in book.made])
    _INSERT_USES.run(session, book.uses)
    kept = {lot.id for lot in book.made}
    changed = [book.lots[lot_id] for lot_id in sorted(book.changed - kept)]
    _CHANGE_LOT.run(session, [_row(lot, book.center_id) for lot in changed])


def _new_row(lot: LotState, center_id: int) -> dict[str, Any]:
    return {
        "center_id": center_id,
        "id": lot.id,
        "account_id": lot.account_id,
        "transfer_id": lot.transfer_id,
        "amount": lot.amount,
        "earned_at": lot.earned_at,
        "expires_on": lot.expires_on,
        "extended_to": lot.extended_to,
        "remaining": lot.remaining,
        "held": lot.held,
    }


def _row(lot: LotState, center_id: int) -> dict[str, Any]:
    left = {"remaining": lot.remaining, "held": lot.held, "extended_to": lot.extended_to}
    return {"of_center": center_id, "of_id": lot.id, **left}
