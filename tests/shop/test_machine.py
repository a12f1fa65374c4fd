"""Scans, holds, confirmations, cancellations, voids and timeouts in any order: points and goods are conserved."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.points.book import queries as ledger
from ledger.points.policy import POINT, AccountKey, Balance
from ledger.shop import policy, queries, redemption_queries, service, settling, shelf
from ledger.shop.policy import Wanted
from tests.databases import SOON_ON_SQLITE
from tests.machines import run_machine
from tests.runtimes import ZONE
from tests.shop.counter import give_points
from tests.world import World

STARTS = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
POINTS, STOCK, PRICES = 20_000, (8, 10), (3_000, 800)
_WAITS = st.sampled_from([1, 1, 10, 60, 179, 180, 599, 600, 5 * 3600, 14 * 3600])
_MEMBER, _ITEM, _MANY = st.integers(0, 1), st.integers(0, 1), st.sampled_from([1, 1, 0, 2, 5])
_CART = st.sampled_from([0, 0, 0, 1, 1, 2, 3])


@dataclass
class Order:
    """The expected state of a redemption."""

    id: int
    member: int
    bound_until: datetime
    state: str = "CART"
    lines: dict[int, int] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    total: int = 0
    held_until: datetime = STARTS
    confirmed_at: datetime = STARTS


class Selling(RuleBasedStateMachine):
    """Two members, two goods with changing prices, one till, and a clock that only moves forward."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.now = STARTS
        with clock.at(self.now):
            self.world = World(self.database)
            self.shop_id = self.world.add_shop()
            self.items = [
                self.world.add_item(self.shop_id, name=name, points=price, stock=stock)
                for name, price, stock in zip(("大米", "酱油"), PRICES, STOCK, strict=True)
            ]
            self.members = [self.world.add_volunteer("王桂兰"), self.world.add_volunteer("李建国")]
            self.clerk = self.world.add_staff("clerk").actor
            for member in self.members:
                give_points(self.world, member, POINTS)
        self.prices, self.versions = list(PRICES), [1, 1]
        self.orders: list[Order] = []
        self.receipts = 0

    def run(self, work: Any, *args: Any, **how: Any) -> Any:
        """The result of the service, or the code of its refusal."""
        with clock.at(self.now):
            try:
                return in_transaction(work, *args, actor=self.clerk, **how)
            except LedgerError as refusal:
                return refusal.code.removeprefix("shop.")

    def order(self, number: int) -> Order | None:
        return self.orders[-1 - number] if number < len(self.orders) else None

    @rule(seconds=_WAITS)
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(member=_MEMBER, late=st.sampled_from([0, 0, 0, 59, 60]))
    def scan(self, member: int, late: int) -> None:
        with clock.at(self.now):
            code = in_transaction(service.issue_payer_code, actor=self.members[member].actor)["code"]
        self.now += timedelta(seconds=late)
        outcome = self.run(service.open_cart, self.shop_id, code)
        if late >= 60:
            assert outcome == "code_expired"
            return
        assert outcome["available"] == self.available(member)
        self.orders.append(Order(outcome["id"], member, self.now + policy.CART_LIFE))
        assert self.run(service.open_cart, self.shop_id, code) == "code_bound_elsewhere"

    @rule(number=_CART, rice=_MANY, soy=_MANY)
    def choose(self, number: int, rice: int, soy: int) -> None:
        order = self.order(number)
        if order is None:
            return
        lines = {item: quantity for item, quantity in enumerate((rice, soy)) if quantity}
        outcome = self.run(service.set_lines, order.id, [Wanted(self.items[i], n) for i, n in lines.items()])
        expected = self.refusal(order, "HELD") or self.late_cart(order)
        if expected:
            assert outcome == expected
            return
        order.lines, order.versions = lines, {item: self.versions[item] for item in lines}
        order.total = sum(self.prices[item] * quantity for item, quantity in lines.items())
        assert outcome["total"] == order.total

    @rule(number=_CART)
    def hold(self, number: int) -> None:
        order = self.order(number)
        if order is None:
            return
        expected = self.refusal(order, "HELD") or self.late_cart(order) or self.short(order)
        outcome = self.run(service.hold, order.id)
        if expected:
            assert outcome == expected
            return
        assert outcome["status"] == order.state.replace("CART", "HELD")
        order.state, order.held_until = "HELD", self.now + policy.HOLD_LIFE

    @rule(member=_MEMBER, rice=_MANY, soy=_MANY)
    def take(self, member: int, rice: int, soy: int) -> None:
        """The usual way to a hold, which single steps seldom reach."""
        self.scan(member, 0)
        self.choose(0, rice, soy)
        self.hold(0)

    @rule(number=_CART)
    def confirm(self, number: int) -> None:
        order = self.order(number)
        if order is None:
            return
        outcome = self.run(settling.confirm, order.id)
        expected = self.refusal(order, "CONFIRMED")
        if not expected and self.now >= order.held_until:
            expected = "hold_expired"
        if expected:
            assert outcome == expected
            return
        self.receipts += 1
        order.state, order.confirmed_at = "CONFIRMED", self.now
        assert outcome["receipt"] == f"LY-2026-{self.receipts:06}"
        assert outcome["balance_after"] == self.balance(order.member)

    @rule(member=_MEMBER, rice=_MANY)
    def sell(self, member: int, rice: int) -> None:
        """The usual way to a receipt."""
        self.take(member, rice, 1)
        self.confirm(0)

    @rule(number=_CART)
    def cancel(self, number: int) -> None:
        order = self.order(number)
        if order is None:
            return
        outcome, expected = self.run(settling.cancel, order.id), self.refusal(order, "RELEASED")
        if expected:
            assert outcome == expected
        else:
            order.state = "RELEASED"

    @rule(number=_CART)
    def void(self, number: int) -> None:
        order = self.order(number)
        if order is None:
            return
        outcome, expected = self.run(settling.void, order.id, "拿错了"), self.refusal(order, "VOIDED")
        if not expected and self.now >= policy.void_until(order.confirmed_at, ZONE):
            expected = "void_window_closed"
        if expected:
            assert outcome == expected
        else:
            order.state = "VOIDED"

    @rule()
    def sweep(self) -> None:
        late = [order for order in self.orders if self.is_late(order)]
        with clock.at(self.now):
            assert in_transaction(settling.release_expired, self.world.center_id) == len(late)
        for order in late:
            order.state = "RELEASED"

    @rule(item=_ITEM, price=st.sampled_from([500, 800, 3_000]))
    def change_price(self, item: int, price: int) -> None:
        with clock.at(self.now):
            in_transaction(shelf.set_price, self.items[item], price, actor=self.world.builder)
        self.versions[item] += price != self.prices[item]
        self.prices[item] = price

    def refusal(self, order: Order, wanted: str) -> str:
        """Why an order can't reach the wanted state, "" if it can."""
        if wanted in policy.TRANSITIONS[order.state]:
            return ""
        if order.state in ("CONFIRMED", "VOIDED") and wanted != "VOIDED":
            return "already_confirmed"
        return "already_released" if order.state == "RELEASED" else "wrong_state"

    def late_cart(self, order: Order) -> str:
        return "hold_expired" if self.now >= order.bound_until else ""

    def short(self, order: Order) -> str:
        if not order.lines:
            return "cart_empty"
        if any(self.versions[item] != version for item, version in order.versions.items()):
            return "quote_stale"
        if order.total > self.available(order.member):
            return "points_insufficient"
        short = (policy.shortage(n, self.on_hand(item), self.held(item)) for item, n in order.lines.items())
        return next(filter(None, short), "")

    def is_late(self, order: Order) -> bool:
        until = {"CART": order.bound_until, "HELD": order.held_until}.get(order.state)
        return until is not None and self.now >= until

    def gone(self, *states: str, member: int | None = None) -> list[Order]:
        """Orders in these states, of one member if given."""
        return [order for order in self.orders if order.state in states and member in (None, order.member)]

    def balance(self, member: int) -> int:
        return POINTS - sum(order.total for order in self.gone("CONFIRMED", member=member))

    def available(self, member: int) -> int:
        return self.balance(member) - sum(order.total for order in self.gone("HELD", member=member))

    def left(self, item: int) -> int:
        return self.on_hand(item) - self.held(item)

    def on_hand(self, item: int) -> int:
        return STOCK[item] - sum(order.lines.get(item, 0) for order in self.gone("CONFIRMED"))

    def held(self, item: int) -> int:
        return sum(order.lines.get(item, 0) for order in self.gone("HELD"))

    @invariant()
    def the_book_has_what_was_done(self) -> None:
        balances, states, redeemed = in_snapshot(self.read)
        for member in range(2):
            points = Balance(self.balance(member), self.balance(member) - self.available(member))
            assert balances[member] == points
        for item in range(2):
            on_hand = STOCK[item] - sum(order.lines.get(item, 0) for order in self.gone("CONFIRMED"))
            assert balances[2 + item] == Balance(on_hand, on_hand - self.left(item))
        assert redeemed == sum(order.total for order in self.gone("CONFIRMED"))
        assert states == [order.state for order in self.orders]

    def read(self, session: Session) -> tuple[list[Balance], list[str], int]:
        center_id = self.world.center_id
        keys = [AccountKey(POINT, "member", member.volunteer_id) for member in self.members]
        keys += [queries.get_item(session, item, center_id).stock_account for item in self.items]
        states = [redemption_queries.get_redemption(session, order.id, center_id).status for order in self.orders]
        sums = {(line.unit, line.kind): line.credits - line.debits for line in ledger.trial_balance(session, center_id)}
        assert all(sum(amount for (each, _), amount in sums.items() if each == unit) == 0 for unit, _ in sums)
        found = ledger.balances(session, keys, center_id)
        return [found[key] for key in keys], states, sums.get((POINT, "redeemed"), 0)


def sell(on_database: Database, *, examples: tuple[int, int]) -> None:
    class Here(Selling):
        database = on_database

    run_machine(Here, examples=examples, steps=(40, 40))


@pytest.mark.long
def test_points_and_goods_are_neither_made_nor_lost(own_database: Database) -> None:
    sell(own_database, examples=(25, 150))


@pytest.mark.parametrize("own_database_url", SOON_ON_SQLITE, indirect=True)
def test_a_few_days_at_the_till_make_and_lose_nothing(own_database: Database) -> None:
    sell(own_database, examples=(5, 5))
