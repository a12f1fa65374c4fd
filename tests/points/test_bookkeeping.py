"""Points are neither created nor lost: random movements, holds, resolutions and corrections, compared with a model."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import LedgerError
from ledger.points.book import queries
from ledger.points.book.service import Posted
from ledger.points.policy import KINDS, MINUTE, AccountKey, Balance, Kind, Movement, Source
from tests.machines import run_machine
from tests.points.books import ISSUANCE, REDEEMED, Books, all_lots, member, new_books, whole_book
from tests.points.model import Draft, Model, Refused, pick
from tests.points.soundness import assert_lots, assert_sound
from tests.points.tokens import Tokens

START = datetime(2026, 6, 3, 8, tzinfo=UTC)
SERVICE = AccountKey(MINUTE, "service")
STOCK = AccountKey("point", "stock", 5)
MEMBERS = (member(1), member(2), member(3))
ACCOUNTS = (ISSUANCE, REDEEMED, *MEMBERS, STOCK, SERVICE, member(1, MINUTE))

members = st.sampled_from(MEMBERS)
accounts = st.sampled_from(ACCOUNTS)
amounts = st.integers(1, 60)
any_amounts = st.sampled_from([-1, 0, 1, 2, 30, 80, 2000])
choices = st.integers(0, 1_000)
days = st.sampled_from([None, date(2026, 12, 31), date(2027, 3, 31), date(2027, 12, 31)])


class Bookkeeping(RuleBasedStateMachine):
    """A book in the database and its model; each rule must have the same outcome in both."""

    def __init__(self) -> None:
        super().__init__()
        self.books: Books = new_books()
        self.model = Model()
        self.now = START
        self.tokens = Tokens()
        self.sources = 0
        self.last_source: Source | None = None

    @initialize(each=st.sampled_from([40, 300]))
    def begin(self, each: int) -> None:
        """Give everybody points, so that not everything is refused."""
        self._post([Movement(ISSUANCE, key, each, "award") for key in (*MEMBERS, STOCK)])
        self._post([Movement(MEMBERS[0], REDEEMED, 5, "redeem", self.now + timedelta(minutes=5))])

    # Rules.

    @rule(to=members, amount=amounts, good_until=days)
    def award(self, to: AccountKey, amount: int, good_until: date | None) -> None:
        """Award points, good for a while or for ever."""
        self._post([Movement(ISSUANCE, to, amount, "award", good_until=good_until)])

    @rule(by=members, held_too=st.booleans(), more=st.integers(0, 1))
    def spend_all(self, by: AccountKey, held_too: bool, more: int) -> None:
        """Spend everything, or one point too many, or held points too."""
        held = 0 if held_too else self.model.held[by]
        self._post([Movement(by, REDEEMED, self.model.balance[by] - held + more, "redeem")])

    @rule(minutes=amounts, points=amounts)
    def check_out(self, minutes: int, points: int) -> None:
        """Minutes and points in one batch."""
        self._post(
            [
                Movement(SERVICE, member(1, MINUTE), minutes, "hours"),
                Movement(ISSUANCE, member(1), points, "award"),
            ]
        )

    @rule(moves=st.lists(st.tuples(accounts, accounts, any_amounts), min_size=1, max_size=4))
    def move_anything(self, moves: list[tuple[AccountKey, AccountKey, int]]) -> None:
        """Post a random batch; most are refused."""
        self._post([Movement(debit, credit, amount, "any") for debit, credit, amount in moves])

    @rule(by=members, lines=st.lists(amounts, min_size=1, max_size=3), minutes=st.integers(1, 40))
    def hold(self, by: AccountKey, lines: list[int], minutes: int) -> None:
        """Hold points for a cart at the till."""
        until = self.now + timedelta(minutes=minutes)
        self._post([Movement(by, REDEEMED, amount, "redeem", until) for amount in lines])

    @rule(giver=members, taker=members, amount=amounts)
    def hold_for_another(self, giver: AccountKey, taker: AccountKey, amount: int) -> None:
        """A hold between two counted accounts."""
        self._post([Movement(giver, taker, amount, "gift", self.now + timedelta(minutes=10))])

    @precondition(lambda self: self._open_holds())
    @rule(
        chosen=st.lists(choices, min_size=1, max_size=3, unique=True), kind=st.sampled_from(["post", "void", "expire"])
    )
    def end_holds(self, chosen: list[int], kind: Kind) -> None:
        """Post, void or expire some holds that are open."""
        self._resolve(pick(self._open_holds(), chosen), kind, {})

    @precondition(lambda self: self._open_holds())
    @rule(chosen=st.lists(choices, min_size=1, max_size=2, unique=True), amount=any_amounts)
    def post_in_part(self, chosen: list[int], amount: int) -> None:
        """Post less than the hold, or try to post more."""
        picked = pick(self._open_holds(), chosen)
        self._resolve(picked, "post", dict.fromkeys(picked[:1], amount))

    @rule(
        chosen=st.lists(choices, min_size=1, max_size=2, unique=True), kind=st.sampled_from(["post", "void", "expire"])
    )
    def end_what_is_no_open_hold(self, chosen: list[int], kind: Kind) -> None:
        """Resolve random transfers, most of them not holds or already resolved."""
        self._resolve(pick(list(self.model.entries), chosen), kind, {})

    @precondition(lambda self: self._open_holds())
    @rule(chosen=choices, kind=st.sampled_from(["post", "void", "expire"]), late=st.integers(-1, 1))
    def end_hold_at_its_last_moment(self, chosen: int, kind: Kind, late: int) -> None:
        """Resolve a hold a microsecond before, at or after its end."""
        (picked,) = pick(self._open_holds(), [chosen])
        until = self.model.entries[picked].expires_at
        assert until is not None
        self.now = max(self.now, until + timedelta(microseconds=late))
        self._resolve([picked], kind, {})

    @precondition(lambda self: self._due())
    @rule()
    def sweep(self) -> None:
        """Expire every overdue hold, one batch each."""
        for each in self._due():
            self._resolve([each], "expire", {})

    @rule(chosen=choices, part=st.sampled_from([None, 1, 5, 30]), times=st.integers(1, 2), straight=st.booleans())
    def take_back(self, chosen: int, part: int | None, times: int, straight: bool) -> None:
        """Reverse a transfer or refund part of it, sometimes twice in a batch or in the wrong direction."""
        for original_id in pick(list(self.model.entries), [chosen]):
            entry = self.model.entries[original_id]
            debit, credit = (entry.debit, entry.credit) if straight and chosen % 5 == 0 else (entry.credit, entry.debit)
            whole = {"reverses_id": original_id} if part is None else {"refund_of": original_id}
            self._post([Movement(debit, credit, part or entry.amount, "back", **whole)] * times)

    @precondition(lambda self: self._taken_back())
    @rule(chosen=choices, part=st.sampled_from([None, 1]))
    def take_back_again(self, chosen: int, part: int | None) -> None:
        """Correct a transfer that has been corrected before."""
        (original_id,) = pick(self._taken_back(), [chosen])
        entry = self.model.entries[original_id]
        whole = {"reverses_id": original_id} if part is None else {"refund_of": original_id}
        self._post([Movement(entry.credit, entry.debit, part or entry.amount, "back", **whole)])

    @rule(to=members)
    def post_the_last_event_again(self, to: AccountKey) -> None:
        """Repeat a source with other movements; it posts only once."""
        if self.last_source is not None:
            self._post([Movement(ISSUANCE, to, 1, "award")], source=self.last_source)

    @rule(seconds=st.integers(1, 1500))
    def time_goes_on(self, seconds: int) -> None:
        """Advance the clock."""
        self.now += timedelta(seconds=seconds)

    @rule(seconds=st.integers(1, 90))
    def clock_is_put_back(self, seconds: int) -> None:
        """Set the clock back, as after a fast machine clock."""
        self.now -= timedelta(seconds=seconds)

    # Invariants.

    @invariant()
    def book_is_sound_and_that_of_the_model(self) -> None:
        """The book is sound and equals the model."""
        accounts, transfers, lines = in_snapshot(whole_book, self.books.center_id)
        assert_sound(accounts, transfers)
        held: dict[tuple[str, str], int] = defaultdict(int)
        for row in accounts:
            key = AccountKey(row["unit"], row["kind"], row["owner_id"])
            held[key.unit, key.kind] += self.model.balance[key]
            if row["counted"]:
                balance = Balance(row["credits_posted"] - row["debits_posted"], row["debits_pending"])
                assert balance == Balance(self.model.balance[key], self.model.held[key]), key
        told = {(line.unit, line.kind): line.credits - line.debits for line in lines}
        assert {name: told.get(name, 0) for name in held} == held
        assert told.keys() <= held.keys()
        for unit in ("point", MINUTE):
            assert sum(line.debits - line.credits for line in lines if line.unit == unit) == 0

    @invariant()
    def lots_are_sound_and_those_of_the_model(self) -> None:
        """Lots add up to the balance, equal the model by last day, and follow from their movements."""
        accounts, lots, uses = in_snapshot(all_lots, self.books.center_id)
        assert_lots(accounts, lots, uses)
        for account in accounts:
            key = AccountKey(account["unit"], account["kind"], account["owner_id"])
            free: Counter[date | None] = Counter()
            held: Counter[date | None] = Counter()
            for lot in lots:
                if lot["account_id"] == account["id"]:
                    free[lot["expires_on"]] += lot["remaining"] - lot["held"]
                    held[lot["expires_on"]] += lot["held"]
            assert (+free, +held) == self.tokens.of(key), key

    def teardown(self) -> None:
        """At the end, the past still reads the same: each account as of each time at which it moved."""
        for moment in self.model.history[-12:]:
            for key, balance in moment.balances.items():
                if KINDS[key.kind].counted:
                    account_id = self.books.account_id(key)
                    view = in_snapshot(queries.get_account, account_id, self.books.center_id, as_of=moment.at)
                    assert Balance(view.balance, view.held) == balance

    # Running a step in both.

    def _open_holds(self) -> list[int]:
        return [each for each, entry in self.model.entries.items() if entry.kind == "pending" and entry.over is None]

    def _taken_back(self) -> list[int]:
        return [each for each, entry in self.model.entries.items() if entry.reversed or entry.refunded]

    def _due(self) -> list[int]:
        return [each for each in self._open_holds() if (self.model.entries[each].expires_at or self.now) <= self.now]

    def _post(self, movements: list[Movement], source: Source | None = None) -> None:
        source = source or self._new_source()
        posted = self._compare(
            lambda: self.model.post(movements, source, self.now), lambda: self.books.post(*movements, source=source)
        )
        if posted is not None:
            for move, transfer_id in zip(movements, posted.transfer_ids, strict=True):
                self.tokens.post(move, transfer_id, posted.recorded_at)

    def _resolve(self, ids: list[int], kind: Kind, amounts: dict[int, int]) -> None:
        if not ids:
            return
        source = self._new_source()
        posted = self._compare(
            lambda: self.model.resolve(ids, kind, amounts, source=source, now=self.now),
            lambda: self.books.resolve(ids, kind, amounts=amounts, source=source),
        )
        if posted is not None:
            for pending_id, transfer_id in zip(ids, posted.transfer_ids, strict=True):
                amount = self.model.entries[transfer_id].amount
                self.tokens.resolve(pending_id, kind, amount, transfer_id, posted.recorded_at)

    def _compare(self, expected: Callable[[], Draft], real: Callable[[], Posted]) -> Posted | None:
        """Either both refuse with the same code, or both succeed with the same time and balances."""
        try:
            draft = expected()
        except Refused as refusal:
            codes = set(_codes(str(refusal)))
            with pytest.raises(LedgerError) as caught, clock.at(self.now):
                real()
            fits = caught.value.code in codes
            assert fits, f"{caught.value.code} instead of {codes}"
            return None
        with clock.at(self.now):
            posted = real()
        draft.take_over(posted.transfer_ids)
        assert posted.recorded_at == draft.at
        for key, balance in posted.balances.items():
            assert balance == Balance(self.model.balance[key], self.model.held[key])
        return posted

    def _new_source(self) -> Source:
        self.sources += 1
        self.last_source = Source("event", str(self.sources), "post")
        return self.last_source


def _codes(refusal: str) -> Iterator[str]:
    """The acceptable codes: if several holds have ended in different ways, any may be reported."""
    names: dict[str, Any] = {"post": "already_posted", "void": "already_voided", "expire": "expired"}
    if not refusal.startswith("resolved:"):
        yield refusal
        return
    for kind in refusal.removeprefix("resolved:").split(","):
        yield f"points.pending_transfer_{names[kind]}"


@pytest.mark.long
def test_bookkeeping(database: Database) -> None:
    """Few examples, because each is a whole book."""
    assert database is not None
    run_machine(Bookkeeping, examples=(20, 150), steps=(50, 100))


def test_a_little_bookkeeping(database: Database) -> None:
    assert database is not None
    run_machine(Bookkeeping, examples=(5, 5), steps=(50, 50))
