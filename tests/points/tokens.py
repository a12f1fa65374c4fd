"""A model of lots in plain Python: every minor unit of a member's points is a token with its own dates."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count

from ledger.points.policy import AccountKey, Kind, Movement

_numbers = count(1)


@dataclass
class Token:
    """One minor unit of points: last good day, time earned, transfer that made it, lot."""

    good_until: date | None
    earned_at: datetime
    made_by: int
    lot: int
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def turn(self) -> tuple[date, datetime, int]:
        """Sort key: soonest to end first, undated last."""
        return self.good_until or date.max, self.earned_at, self.number


@dataclass
class Spent:
    """Tokens that a transfer took, in order, with giver and receiver."""

    giver: AccountKey
    tokens: list[Token]


def in_lots(key: AccountKey) -> bool:
    """Whether an account is kept in tokens."""
    return key.kind == "member" and key.unit == "point"


class Tokens:
    """Free tokens by account, held tokens by hold, taken tokens by transfer."""

    def __init__(self) -> None:
        self.free: dict[AccountKey, list[Token]] = defaultdict(list)
        self.pinned: dict[int, tuple[AccountKey, AccountKey, list[Token]]] = {}
        self.spent: dict[int, Spent] = {}
        self.corrected: dict[int, int | None] = {}

    def post(self, move: Movement, transfer_id: int, now: datetime) -> None:
        """Apply a booked movement."""
        corrects = move.reverses_id or move.refund_of
        if move.expires_at is not None:
            self.pinned[transfer_id] = (move.debit, move.credit, self._take(move.debit, move.amount, None))
            return
        taken = self._take(move.debit, move.amount, corrects)
        self.spent[transfer_id] = Spent(move.debit, list(taken))
        self._arrive(move, transfer_id, taken, corrects, now)

    def resolve(self, pending_id: int, kind: Kind, amount: int, transfer_id: int, now: datetime) -> None:
        """Apply the resolution of a hold."""
        giver, taker, tokens = self.pinned.pop(pending_id)
        cut = amount if kind == "post" else 0
        if in_lots(giver):
            self.free[giver] += tokens[cut:]
        taken = tokens[:cut]
        self.spent[transfer_id] = Spent(giver, list(taken))
        if cut:
            self._arrive(Movement(giver, taker, amount, "hold"), transfer_id, taken, None, now)

    def of(self, key: AccountKey) -> tuple[Counter[date | None], Counter[date | None]]:
        """Numbers of free and held tokens of an account, by last good day."""
        pinned = [token for giver, _, tokens in self.pinned.values() if giver == key for token in tokens]
        return Counter(token.good_until for token in self.free[key]), Counter(token.good_until for token in pinned)

    def _take(self, key: AccountKey, amount: int, corrects: int | None) -> list[Token]:
        if not in_lots(key):
            return []
        waiting = sorted(self.free[key], key=lambda token: (token.made_by != corrects, *token.turn))
        self.free[key] = waiting[amount:]
        return waiting[:amount]

    def _arrive(
        self, move: Movement, transfer_id: int, taken: list[Token], corrects: int | None, now: datetime
    ) -> None:
        if not in_lots(move.credit):
            return
        original = self.spent.get(corrects or 0)
        if original is not None and original.giver == move.credit:
            # Last taken, first returned.
            self.free[move.credit] += [original.tokens.pop() for _ in range(move.amount)]
        elif taken:
            lots = {each.lot: next(_numbers) for each in taken}
            self.free[move.credit] += [
                Token(each.good_until, each.earned_at, transfer_id, lots[each.lot]) for each in taken
            ]
        else:
            lot = next(_numbers)
            self.free[move.credit] += [Token(move.good_until, now, transfer_id, lot) for _ in range(move.amount)]
