"""Two at the same moment compete for one balance, one last bag, one code or one hold; exactly one wins."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.changes import changes_of
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.types import table_of
from ledger.points.book import queries as ledger
from ledger.points.policy import POINT, AccountKey
from ledger.shop import numbering, policy, queries, service, settling, shelf
from ledger.shop.correcting import ItemWords, correct_item, correct_shop
from ledger.shop.models import Item
from ledger.shop.policy import Wanted
from ledger.shop.shelf import Delivered
from tests.at_once import at_once, failures
from tests.runtimes import ZONE
from tests.shop.counter import balance, give_points
from tests.world import Person, World

ROUNDS, FEW = 200, 20
PRICE = 3_000


@pytest.fixture
def own_world(own_database: Database) -> World:
    """A center in its own database."""
    return World(own_database)


class Tills:
    """Two tills of a shop, each with a clerk, called without HTTP so that many rounds take seconds."""

    def __init__(self, world: World, *, stock: int) -> None:
        self.world = world
        self.shop_id = world.add_shop()
        self.rice = world.add_item(self.shop_id, points=PRICE, stock=stock)
        self.clerks = [world.add_staff("clerk").actor, world.add_staff("clerk").actor]

    def code(self, member: Person) -> str:
        """A code of the member."""
        return in_transaction(service.issue_payer_code, actor=member.actor)["code"]

    def open(self, till: int, code: str) -> Callable[[], Any]:
        """When called, open a cart with the code at a till."""
        return lambda: in_transaction(service.open_cart, self.shop_id, code, actor=self.clerks[till])

    def take(self, till: int, code: str) -> Callable[[], Any]:
        """When called, hold a bag of rice for the owner of the code."""
        wanted = [Wanted(self.rice, 1)]
        return lambda: in_transaction(service.open_and_hold, self.shop_id, code, wanted, actor=self.clerks[till])

    def confirm(self, till: int, cart: int) -> Callable[[], Any]:
        """When called, confirm a hold."""
        return lambda: in_transaction(settling.confirm, cart, actor=self.clerks[till])

    def void(self, till: int, cart: int) -> Callable[[], Any]:
        """When called, void a receipt."""
        return lambda: in_transaction(settling.void, cart, "拿错了", actor=self.clerks[till])

    def left(self) -> int:
        """Bags still available."""
        view = in_snapshot(queries.get_item, self.rice, self.world.center_id)
        return in_snapshot(ledger.balance, view.stock_account, self.world.center_id).available

    def restock(self) -> None:
        """Add one bag."""
        how = {"origin": "bought", "supplier": "供销社", "document": ""}
        in_transaction(shelf.take_in, self.shop_id, [Delivered(self.rice, 1)], actor=self.world.builder, **how)


def winner(outcomes: list[Any], refusal: str) -> Any:
    """The winner's result; the other must have been refused for this reason."""
    won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(won) == 1, outcomes
    assert isinstance(lost[0], LedgerError), lost
    assert lost[0].code == refusal, lost
    return won[0]


def test_corrections_at_once_follow_one_another(own_world: World) -> None:
    center_id, actor = own_world.center_id, own_world.builder
    item_id = own_world.add_item(own_world.add_shop())
    words = [ItemWords(f"大米{number}", "5 kg/袋", "粮油", None, 5) for number in range(FEW)]
    for first in range(0, FEW, 4):
        four = words[first : first + 4]
        outcomes = at_once([partial(in_transaction, correct_item, item_id, each, actor=actor) for each in four])
        assert failures(outcomes) == []

    kept = [each.fields["name"] for each in in_snapshot(changes_of, table_of(Item), item_id, center_id)][::-1]
    assert [was for was, _ in kept[1:]] == [becomes for _, becomes in kept[:-1]]


def test_the_first_receipt_has_the_short_name_that_stays(own_world: World) -> None:
    center_id, actor = own_world.center_id, own_world.builder

    def print_one(session: Session, shop_id: int) -> str:
        numbering.next_receipt(session, shop_id, 2026, center_id)
        return queries.get_shop(session, shop_id, center_id).short_name

    for number in range(FEW):
        shop_id = own_world.add_shop()
        names = {"name": "店", "short_name": f"NEW{number}"}
        correct = partial(in_transaction, correct_shop, shop_id, **names, actor=actor)
        _, printed = at_once([correct, partial(in_transaction, print_one, shop_id)])
        assert in_snapshot(queries.get_shop, shop_id, center_id).short_name == printed


@pytest.mark.long
def test_two_clerks_can_not_spend_the_same_points(own_world: World) -> None:
    compete_for_points(own_world, ROUNDS)


def test_two_clerks_can_not_spend_the_same_points_a_few_times(own_world: World) -> None:
    compete_for_points(own_world, FEW)


def compete_for_points(own_world: World, rounds: int) -> None:
    tills, member = Tills(own_world, stock=2 * rounds), own_world.add_volunteer()
    for _ in range(rounds):
        give_points(own_world, member, PRICE)
        works = [tills.take(till, tills.code(member)) for till in (0, 1)]
        held = winner(at_once(works), "shop.points_insufficient")
        tills.confirm(0, held["id"])()

    assert balance(own_world, member).balance == 0
    assert tills.left() == rounds


@pytest.mark.long
def test_two_members_can_not_take_the_last_bag(own_world: World) -> None:
    compete_for_the_last_bag(own_world, ROUNDS)


def test_two_members_can_not_take_the_last_bag_a_few_times(own_world: World) -> None:
    compete_for_the_last_bag(own_world, FEW)


def compete_for_the_last_bag(own_world: World, rounds: int) -> None:
    tills = Tills(own_world, stock=0)
    members = [own_world.add_volunteer(), own_world.add_volunteer("李建国")]
    for member in members:
        give_points(own_world, member, rounds * PRICE)
    for _ in range(rounds):
        tills.restock()
        works = [tills.take(till, tills.code(member)) for till, member in enumerate(members)]
        held = winner(at_once(works), "shop.held_by_others")
        tills.confirm(0, held["id"])()

    assert tills.left() == 0
    assert sum(balance(own_world, member).balance for member in members) == rounds * PRICE


def test_one_code_opens_one_cart(own_world: World) -> None:
    tills, member = Tills(own_world, stock=1), own_world.add_volunteer()
    for _ in range(20):
        code = tills.code(member)
        winner(at_once([tills.open(0, code), tills.open(1, code)]), "shop.code_bound_elsewhere")


def at(moment: datetime, work: Callable[[], Any]) -> Callable[[], Any]:
    """The call at another time."""

    def then() -> Any:
        with clock.at(moment):
            return work()

    return then


def test_a_hold_is_confirmed_or_released_but_never_both(own_world: World) -> None:
    tills, member = Tills(own_world, stock=40), own_world.add_volunteer()
    give_points(own_world, member, 40 * PRICE)
    now, confirmed = clock.now(), 0
    for number in range(20):
        held_at = now + number * timedelta(minutes=10)
        with clock.at(held_at):
            cart = tills.take(0, tills.code(member))()["id"]
        confirm = at(held_at + policy.HOLD_LIFE - timedelta(seconds=1), tills.confirm(0, cart))
        sweep = at(held_at + policy.HOLD_LIFE, lambda: in_transaction(settling.release_expired, own_world.center_id))

        outcome, swept = at_once([confirm, sweep])

        assert isinstance(outcome, dict) != (swept == 1), (outcome, swept)
        assert isinstance(outcome, dict) or outcome.code == "shop.already_released", outcome
        confirmed += isinstance(outcome, dict)

    assert balance(own_world, member).balance == (40 - confirmed) * PRICE
    assert (balance(own_world, member).held, tills.left()) == (0, 40 - confirmed)


def test_a_receipt_is_made_once_and_voided_once(own_world: World) -> None:
    tills, member = Tills(own_world, stock=20), own_world.add_volunteer()
    give_points(own_world, member, 20 * PRICE)
    for _ in range(20):
        cart = tills.take(0, tills.code(member))()["id"]
        winner(at_once([tills.confirm(0, cart), tills.confirm(1, cart)]), "shop.already_confirmed")
        winner(at_once([tills.void(0, cart), tills.void(1, cart)]), "shop.wrong_state")

    assert balance(own_world, member).balance == 20 * PRICE
    assert tills.left() == 20
    redeemed = AccountKey(POINT, "redeemed", tills.shop_id)
    account = in_snapshot(ledger.accounts_by_key, [redeemed], own_world.center_id)[redeemed]
    assert in_snapshot(ledger.get_account, account.id, own_world.center_id).balance == 0


def test_many_tills_of_a_shop_count_receipts_without_a_gap(own_world: World) -> None:
    tills = Tills(own_world, stock=30)
    members = [own_world.add_volunteer(name) for name in ("王桂兰", "李建国", "赵山")]
    for member in members:
        give_points(own_world, member, 10 * PRICE)
    numbers = []
    for _ in range(10):
        carts = [tills.take(0, tills.code(member))()["id"] for member in members]
        numbers += [receipt["receipt"] for receipt in at_once([tills.confirm(1, cart) for cart in carts])]

    year = clock.now().astimezone(ZONE).year
    assert sorted(numbers) == [f"LY-{year}-{count:06}" for count in range(1, 31)]
