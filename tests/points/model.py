"""A model of the ledger in plain Python: the expected answer to every movement, and the balances after it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger.points.policy import KINDS, AccountKey, Balance, Kind, Movement, Source


class Refused(Exception):
    """The ledger must refuse, with this code."""


@dataclass
class Entry:
    """A transfer of the model; `over` says how a hold ended, `taken_back` how much was corrected."""

    debit: AccountKey
    credit: AccountKey
    amount: int
    kind: Kind
    expires_at: datetime | None = None
    is_correction: bool = False
    over: Kind | None = None
    reversed: bool = False
    refunded: int = 0


@dataclass
class Moment:
    """A counted account after a batch."""

    at: datetime
    balances: dict[AccountKey, Balance]


@dataclass
class Model:
    """A book: balances by account, entries by the ledger's keys."""

    balance: dict[AccountKey, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[AccountKey, int] = field(default_factory=lambda: defaultdict(int))
    last: dict[AccountKey, datetime] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    sources: set[Source] = field(default_factory=set)
    history: list[Moment] = field(default_factory=list)

    def post(self, movements: list[Movement], source: Source, now: datetime) -> "Draft":
        """The expected effect of a batch. Raises Refused."""
        draft = Draft(self, source, self._time(now, {side for move in movements for side in (move.debit, move.credit)}))
        for move in movements:
            draft.correct(move)
        for move in movements:
            draft.apply(
                Entry(
                    move.debit,
                    move.credit,
                    move.amount,
                    "pending" if move.expires_at else "posted",
                    move.expires_at,
                    is_correction=bool(move.reverses_id or move.refund_of),
                )
            )
        return draft

    def resolve(self, ids: list[int], kind: Kind, amounts: dict[int, int], *, source: Source, now: datetime) -> "Draft":
        """The expected effect of a resolution. Raises Refused."""
        holds = [self.entries[each] for each in ids]
        if any(hold.kind != "pending" for hold in holds):
            raise Refused("points.pending_transfer_not_pending")
        over = {hold.over for hold in holds} - {None}
        if over:
            raise Refused("resolved:" + ",".join(sorted(str(each) for each in over)))
        at = self._time(now, {side for hold in holds for side in (hold.debit, hold.credit)})
        entries = []
        for each, hold in zip(ids, holds, strict=True):
            assert hold.expires_at is not None
            if kind == "post" and at >= hold.expires_at:
                raise Refused("points.pending_transfer_expired")
            if kind == "expire" and at < hold.expires_at:
                raise Refused("points.pending_transfer_not_expired")
            amount = amounts.get(each, hold.amount)
            if amount > hold.amount:
                raise Refused("points.exceeds_pending_transfer_amount")
            entries.append(Entry(hold.debit, hold.credit, amount if kind == "post" else hold.amount, kind))
        draft = Draft(self, source, at)
        for hold, entry in zip(holds, entries, strict=True):
            draft.release(hold, entry)
        return draft

    def _time(self, now: datetime, accounts: set[AccountKey]) -> datetime:
        last = [self.last[key] + timedelta(microseconds=1) for key in accounts if key in self.last]
        return max([now, *last])


class Draft:
    """A batch being decided: balances after it, until it is refused or accepted."""

    def __init__(self, model: Model, source: Source, at: datetime) -> None:
        if source in model.sources:
            raise Refused("points.already_posted")
        self._model, self._source, self.at = model, source, at
        self._balance, self._held = dict(model.balance), dict(model.held)
        self._refunds: dict[int, int] = defaultdict(int)
        self._reversed: set[int] = set()
        self._over: list[tuple[Entry, Kind]] = []
        self.entries: list[Entry] = []

    def correct(self, move: Movement) -> None:
        """Check a correction."""
        original_id = move.reverses_id or move.refund_of
        if original_id is None:
            return
        original = self._model.entries[original_id]
        if original.is_correction or original.kind not in ("posted", "post") or move.expires_at:
            raise Refused("points.transfer_not_correctable")
        if original.reversed or original_id in self._reversed:
            raise Refused("points.already_reversed")
        if (move.debit, move.credit) != (original.credit, original.debit):
            raise Refused("points.correction_must_mirror")
        if move.amount > original.amount - original.refunded - self._refunds[original_id]:
            raise Refused("points.exceeds_refundable")
        if move.refund_of:
            self._refunds[original_id] += move.amount
        elif move.amount != original.amount:
            raise Refused("points.correction_must_mirror")
        else:
            self._reversed.add(original_id)

    def apply(self, entry: Entry) -> None:
        """Move or hold an amount."""
        self._check(entry)
        if KINDS[entry.debit.kind].counted and entry.amount > self._free(entry.debit):
            raise Refused("points.exceeds_credits")
        if entry.kind == "pending":
            self._held[entry.debit] = self._held.get(entry.debit, 0) + entry.amount
        else:
            self._move(entry)
        self.entries.append(entry)

    def release(self, hold: Entry, entry: Entry) -> None:
        """End a hold and post a part of it."""
        self._check(entry)
        self._held[hold.debit] -= hold.amount
        if entry.kind == "post":
            self._move(entry)
        self._over.append((hold, entry.kind))
        self.entries.append(entry)

    def take_over(self, ids: list[int]) -> None:
        """Accept the draft, because the ledger did it too."""
        model = self._model
        model.balance.update(self._balance)
        model.held.update(self._held)
        model.sources.add(self._source)
        model.entries.update(zip(ids, self.entries, strict=True))
        for hold, kind in self._over:
            hold.over = kind
        for original_id, amount in self._refunds.items():
            model.entries[original_id].refunded += amount
        for original_id in self._reversed:
            model.entries[original_id].reversed = True
        touched = {side for entry in self.entries for side in (entry.debit, entry.credit)}
        counted = {key for key in touched if KINDS[key.kind].counted}
        model.last.update(dict.fromkeys(counted, self.at))
        after = {key: Balance(model.balance[key], model.held[key] if key in counted else 0) for key in touched}
        model.history.append(Moment(self.at, after))

    def _check(self, entry: Entry) -> None:
        if entry.amount <= 0:
            raise Refused("points.amount_must_be_positive")
        if entry.debit == entry.credit:
            raise Refused("points.accounts_must_be_different")
        if entry.debit.unit != entry.credit.unit:
            raise Refused("points.accounts_must_have_the_same_unit")

    def _free(self, key: AccountKey) -> int:
        return self._balance.get(key, 0) - self._held.get(key, 0)

    def _move(self, entry: Entry) -> None:
        self._balance[entry.debit] = self._balance.get(entry.debit, 0) - entry.amount
        self._balance[entry.credit] = self._balance.get(entry.credit, 0) + entry.amount


def pick(ids: list[int], chosen: list[int]) -> list[int]:
    """Draw some of the ids, each once."""
    return list(dict.fromkeys(ids[number % len(ids)] for number in chosen)) if ids else []
