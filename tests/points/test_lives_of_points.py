"""Points from award to end, compared with single tokens: spent, held, refunded, expired, clawed back, owed."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor, Grant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.permissions import Permission
from ledger.points.book import queries
from ledger.points.book.service import Posted
from ledger.points.corrections import clawback
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry import service as expiry
from ledger.points.policy import POINT, AccountKey, Movement
from tests.machines import run_machine
from tests.points.books import ISSUANCE, REDEEMED, Books, all_lots, member, new_books, whole_book
from tests.points.soundness import assert_lots, assert_sound
from tests.points.tokens import Token, Tokens
from tests.runtimes import ZONE

START = datetime(2026, 6, 3, 8, tzinfo=UTC)
MEMBERS = (member(1), member(2))
GRACE_DAYS = 30
EXTENSION = timedelta(days=30)

members = st.sampled_from(MEMBERS)
amounts = st.integers(1, 40)
choices = st.integers(0, 1_000)


def debt_of(key: AccountKey) -> AccountKey:
    """The account of a member's debt."""
    return AccountKey(POINT, "debt", key.owner_id)


class LivesOfPoints(RuleBasedStateMachine):
    """A book in the database, and tokens and debts in plain Python; each rule must have the same outcome in both."""

    def __init__(self) -> None:
        super().__init__()
        self.books: Books = new_books()
        self.admin = Actor(1, self.books.center_id, frozenset({Grant(Permission.PROPOSE, "/")}))
        self.tokens = Tokens()
        self.owed: Counter[AccountKey] = Counter()
        self.awards: dict[int, tuple[AccountKey, int]] = {}
        self.expired: Counter[int] = Counter()
        self.sales: dict[int, tuple[AccountKey, int]] = {}
        self.now = START

    # Rules.

    @rule(to=members, amount=amounts, days=st.sampled_from([None, 0, 20, 45, 200]))
    def award(self, to: AccountKey, amount: int, days: int | None) -> None:
        """An award pays the debt first; the rest makes a lot."""
        good_until = None if days is None else self._today() + timedelta(days=days)
        wanted = [Movement(ISSUANCE, to, amount, "award", good_until=good_until)]

        def work(session: Session) -> Posted:
            return self.books.post_in(session, *clawback.pay_debt_first(session, wanted, actor=self.books.actor))

        with clock.at(self.now):
            posted = in_transaction(work)
        paid = min(amount, self.owed[to])
        self.owed[to] -= paid
        if amount > paid:
            move = Movement(ISSUANCE, to, amount - paid, "award", good_until=good_until)
            self.tokens.post(move, posted.transfer_ids[-1], posted.recorded_at)
            self.awards[posted.transfer_ids[-1]] = (to, amount - paid)

    @rule(by=members, amount=amounts)
    def spend(self, by: AccountKey, amount: int) -> None:
        """Spend points, if there are enough."""
        move = Movement(by, REDEEMED, amount, "redeem")
        posted = self._post(move, fits=amount <= len(self.tokens.free[by]))
        if posted is not None:
            self.sales[posted.transfer_ids[0]] = (by, amount)

    @rule(by=members, amount=amounts)
    def hold(self, by: AccountKey, amount: int) -> None:
        """Hold for a year, so that the hold outlives its lots."""
        move = Movement(by, REDEEMED, amount, "redeem", self.now + timedelta(days=365))
        self._post(move, fits=amount <= len(self.tokens.free[by]))

    @precondition(lambda self: self.tokens.pinned)
    @rule(chosen=choices, post=st.booleans())
    def end_hold(self, chosen: int, post: bool) -> None:
        """Post or release a hold."""
        pending_id = sorted(self.tokens.pinned)[chosen % len(self.tokens.pinned)]
        amount = len(self.tokens.pinned[pending_id][2])
        kind = "post" if post else "void"
        with clock.at(self.now):
            posted = self.books.resolve([pending_id], kind)  # type: ignore[arg-type]
        self.tokens.resolve(pending_id, kind, amount, posted.transfer_ids[0], posted.recorded_at)  # type: ignore[arg-type]

    @precondition(lambda self: self.sales)
    @rule(chosen=choices, part=st.integers(1, 100), at_fault=st.booleans())
    def refund(self, chosen: int, part: int, at_fault: bool) -> None:
        """Refund part of a sale to the lots it came from; expired ones are extended if the shop was at fault."""
        sale_id = sorted(self.sales)[chosen % len(self.sales)]
        by, left = self.sales[sale_id]
        amount = max(1, left * part // 100)
        extend_to = self._today() + EXTENSION if at_fault else None
        back = self.tokens.spent[sale_id].tokens[-amount:]
        if self._post(Movement(REDEEMED, by, amount, "refund", refund_of=sale_id, extend_to=extend_to)) is not None:
            self._extend([token for token in back if self._has_died(token)], extend_to)
            self.sales[sale_id] = (by, left - amount)
            if left == amount:
                del self.sales[sale_id]

    @rule(by=members, amount=amounts, at_fault=st.booleans(), days=st.sampled_from([30, 31, 32, 60]))
    def refund_late(self, by: AccountKey, amount: int, at_fault: bool, days: int) -> None:
        """Sell points that are good only today, and refund around their expiry."""
        self.award(by, amount, 0)
        self.spend(by, amount)
        self.days_go_by(days)
        if self.sales:
            self.refund(len(self.sales) - 1, 60, at_fault)

    @precondition(lambda self: self.awards)
    @rule(chosen=choices)
    def claw_back(self, chosen: int) -> None:
        """Claw back an award: what expired is gone already, available points go, the rest is owed."""
        award_id = sorted(self.awards)[chosen % len(self.awards)]
        of, amount = self.awards.pop(award_id)
        amount -= self.expired[award_id]
        there = min(amount, len(self.tokens.free[of]))
        with clock.at(self.now):
            posted = in_transaction(clawback.claw_back, award_id, actor=self.books.actor, reason="test")
        if there:
            gone = Movement(of, AccountKey(POINT, "clawback"), there, "clawback", refund_of=award_id)
            self.tokens.post(gone, posted.transfer_ids[-1 if amount == there else -2], posted.recorded_at)
        self.owed[of] += amount - there

    @rule(giver=st.sampled_from(MEMBERS), amount=amounts)
    def give(self, giver: AccountKey, amount: int) -> None:
        """Give points to the other member; they keep their dates."""
        taker = MEMBERS[1 - MEMBERS.index(giver)]
        self._post(Movement(giver, taker, amount, "gift"), fits=amount <= len(self.tokens.free[giver]))

    @rule(limit=st.integers(1, 3))
    def expire(self, limit: int) -> None:
        """Expire everything past its grace, in small steps, nothing twice."""
        ends_on = self._today() - timedelta(days=GRACE_DAYS + 1)
        dead = {key: [token for token in self.tokens.free[key] if self._has_died(token)] for key in MEMBERS}
        expected = sum(len(tokens) for tokens in dead.values())
        with clock.at(self.now):
            if not expected:
                with pytest.raises(LedgerError, match=r"points\.nothing_expires"):
                    in_transaction(expiry.prepare, ends_on, actor=self.admin)
                return
            run_id = in_transaction(expiry.prepare, ends_on, actor=self.admin)
            in_transaction(expiry.release, run_id, actor=self.admin)
            while in_transaction(expiry.carry_out, self.books.center_id, limit=limit):
                pass
        run = in_snapshot(expiry_queries.get_run, run_id, self.books.center_id)
        assert (run.status, run.expected_amount, run.expired_amount) == ("done", expected, expected)
        for key, tokens in dead.items():
            self.expired.update(token.made_by for token in tokens)
            self.tokens.free[key] = [token for token in self.tokens.free[key] if token not in tokens]

    @rule(days=st.sampled_from([1, 10, 25, 40, 120]))
    def days_go_by(self, days: int) -> None:
        """Advance the calendar."""
        self.now += timedelta(days=days)

    # Invariants.

    @invariant()
    def book_and_lots_are_those_of_the_model(self) -> None:
        """Balances, holds, debts and lots by last day equal the model; nothing is created or lost."""
        accounts, transfers, lines = in_snapshot(whole_book, self.books.center_id)
        _, lots, uses = in_snapshot(all_lots, self.books.center_id)
        assert_sound(accounts, transfers)
        assert_lots(accounts, lots, uses)
        assert sum(line.credits - line.debits for line in lines) == 0
        for key in MEMBERS:
            free, pinned = self.tokens.of(key)
            balance = self.books.balance(key)
            assert (balance.available, balance.held) == (free.total(), pinned.total())
            assert in_snapshot(queries.balance, debt_of(key), self.books.center_id).balance == -self.owed[key]
            assert self._left(key, accounts, lots) == free + pinned

    def _left(self, key: AccountKey, accounts: list[Any], lots: list[Any]) -> Counter[date | None]:
        ids = {row["id"] for row in accounts if (row["kind"], row["owner_id"]) == ("member", key.owner_id)}
        left: Counter[date | None] = Counter()
        for lot in lots:
            if lot["account_id"] in ids:
                left[lot["extended_to"] or lot["expires_on"]] += lot["remaining"]
        return +left

    def _post(self, move: Movement, *, fits: bool = True) -> Posted | None:
        with clock.at(self.now):
            if not fits:
                with pytest.raises(LedgerError, match=r"points\.exceeds_credits"):
                    self.books.post(move)
                return None
            posted = self.books.post(move)
        self.tokens.post(move, posted.transfer_ids[0], posted.recorded_at)
        return posted

    def _extend(self, dead: list[Token], extend_to: date | None) -> None:
        """A lot has a single last day, so the rest of the lot is extended too."""
        lots = {token.lot for token in dead}
        if extend_to is None:
            return
        everywhere = [token for tokens in self.tokens.free.values() for token in tokens]
        everywhere += [token for *_, tokens in self.tokens.pinned.values() for token in tokens]
        everywhere += [token for spent in self.tokens.spent.values() for token in spent.tokens]
        for token in everywhere:
            if token.lot in lots:
                token.good_until = extend_to

    def _has_died(self, token: Token) -> bool:
        return token.good_until is not None and token.good_until + timedelta(days=GRACE_DAYS) < self._today()

    def _today(self) -> date:
        return clock.local_day(self.now, ZONE)


@pytest.mark.long
def test_lives_of_points(database: Database) -> None:
    """Few examples, because each is a whole book."""
    assert database is not None
    run_machine(LivesOfPoints, examples=(20, 150), steps=(40, 100))


def test_a_few_lives_of_points(database: Database) -> None:
    assert database is not None
    run_machine(LivesOfPoints, examples=(5, 5), steps=(40, 40))
