"""Pure decisions about lots: which ones a transfer takes, holds, releases or gives back, and how long they are good.

Lots are used soonest to end first, undated last. Points given back return to the lots they came from, last taken
first, with those lots' dates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

GRACE = timedelta(days=30)


@dataclass(slots=True)
class LotState:
    """A lot while a batch is decided on; `remaining` includes what is `held`."""

    id: int
    account_id: int
    transfer_id: int
    amount: int
    earned_at: datetime
    expires_on: date | None
    extended_to: date | None
    remaining: int
    held: int

    @property
    def good_until(self) -> date | None:
        """The last local day on which it is good, without grace; None if it never ends."""
        return self.extended_to or self.expires_on

    @property
    def free(self) -> int:
        """Remaining less held."""
        return self.remaining - self.held


@dataclass(slots=True)
class Use:
    """A transfer's movement of one lot; both changes are signed."""

    lot_id: int
    remaining_change: int = 0
    held_change: int = 0
    extended_to: date | None = None


def in_order(lots: Iterable[LotState], *, first: int | None = None) -> list[LotState]:
    """Lots in order of use; lots made by the transfer `first` come before all others."""
    return sorted(lots, key=lambda lot: (lot.transfer_id != first, lot.good_until or date.max, lot.earned_at, lot.id))


def take(lots: Iterable[LotState], amount: int, *, first: int | None = None) -> list[Use]:
    """Take an amount from free points. Raises RuntimeError if the lots hold less than the amount."""
    return [Use(lot.id, remaining_change=-part) for lot, part in _spread(in_order(lots, first=first), amount)]


def hold(lots: Iterable[LotState], amount: int) -> list[Use]:
    """Hold an amount of lots; held points don't expire."""
    return [Use(lot.id, held_change=part) for lot, part in _spread(in_order(lots), amount)]


def settle(held: Sequence[Use], amount: int) -> list[Use]:
    """End a hold: take `amount` of it, in the order it was held, and release the rest."""
    uses = []
    for pinned in held:
        part = min(amount, pinned.held_change)
        amount -= part
        uses.append(Use(pinned.lot_id, remaining_change=-part, held_change=-pinned.held_change))
    return uses


def give_back(taken: Sequence[Use], returned: dict[int, int], amount: int) -> list[Use]:
    """Give an amount back to the lots it was taken from, last taken first; `returned` is what each got earlier."""
    uses = []
    for use in reversed(taken):
        part = min(amount, -use.remaining_change - returned.get(use.lot_id, 0))
        if part > 0:
            uses.append(Use(use.lot_id, remaining_change=part))
            amount -= part
    if amount:
        raise RuntimeError("more is given back than the lots gave")
    return uses


def has_lapsed(lot: LotState, today: date) -> bool:
    """Whether a lot is past its last day and grace, so that the next expiry takes it."""
    return lot.good_until is not None and lot.good_until + GRACE < today


def apply(lot: LotState, use: Use) -> None:
    """Apply the movement to the lot."""
    lot.remaining += use.remaining_change
    lot.held += use.held_change
    lot.extended_to = use.extended_to or lot.extended_to


def _spread(lots: Iterable[LotState], amount: int) -> list[tuple[LotState, int]]:
    parts = []
    for lot in lots:
        if amount <= 0:
            break
        if part := min(lot.free, amount):
            parts.append((lot, part))
            amount -= part
    if amount > 0:
        raise RuntimeError("the lots of an account add up to less than its balance")
    return parts
