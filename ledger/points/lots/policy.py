"""Pure decisions about lots: which of them a transfer takes, holds, releases or gives back, and how long they are good.

Soonest to end first, undated last; what comes back goes to the lots it came from, last taken first, with their dates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

GRACE = timedelta(days=30)


@dataclass(slots=True)
class LotState:
    """A lot while a batch is decided on; `remaining` counts what is `held` too."""

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
        """The last local day on which it is good, grace aside; None where it never ends."""
        return self.extended_to or self.expires_on

    @property
    def free(self) -> int:
        """What can still be taken."""
        return self.remaining - self.held


@dataclass(slots=True)
class Use:
    """What a transfer does to a lot; both changes are signed."""

    lot_id: int
    remaining_change: int = 0
    held_change: int = 0
    extended_to: date | None = None


def in_order(lots: Iterable[LotState], *, first: int | None = None) -> list[LotState]:
    """Lots as they are used up; those that the transfer `first` made come before all others."""
    return sorted(lots, key=lambda lot: (lot.transfer_id != first, lot.good_until or date.max, lot.earned_at, lot.id))


def take(lots: Iterable[LotState], amount: int, *, first: int | None = None) -> list[Use]:
    """Take an amount of what is free. Raises RuntimeError where the lots don't add up to the balance."""
    return [Use(lot.id, remaining_change=-part) for lot, part in _spread(in_order(lots, first=first), amount)]


def hold(lots: Iterable[LotState], amount: int) -> list[Use]:
    """Pin lots for an amount; while held they do not expire."""
    return [Use(lot.id, held_change=part) for lot, part in _spread(in_order(lots), amount)]


def settle(held: Sequence[Use], amount: int) -> list[Use]:
    """End a hold: `amount` of it is taken, in the order in which it was pinned, and the rest released."""
    uses = []
    for pinned in held:
        part = min(amount, pinned.held_change)
        amount -= part
        uses.append(Use(pinned.lot_id, remaining_change=-part, held_change=-pinned.held_change))
    return uses


def give_back(taken: Sequence[Use], returned: dict[int, int], amount: int) -> list[Use]:
    """Give an amount back to the lots it was taken from, last taken first; `returned` is what each has had already."""
    uses = []
    for use in reversed(taken):
        part = min(amount, -use.remaining_change - returned.get(use.lot_id, 0))
        if part > 0:
            uses.append(Use(use.lot_id, remaining_change=part))
            amount -= part
    if amount:
        raise RuntimeError("more is given back than the lots gave")
    return uses


def has_died(lot: LotState, today: date) -> bool:
    """Whether a lot is past its last day and the grace after it, so that the next expiry takes it."""
    return lot.good_until is not None and lot.good_until + GRACE < today


def apply(lot: LotState, use: Use) -> None:
    """Change the lot as the use says."""
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
