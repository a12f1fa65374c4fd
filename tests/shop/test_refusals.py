"""Refusals of the counter: every registered code is produced over HTTP, and nothing moves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Rejected, registered_codes
from ledger.kernel.idempotency import Idempotency
from ledger.points.models import Transfer
from ledger.shop import policy, settling, shelf
from ledger.shop.models import PayerCode
from tests.databases import on_sqlite
from tests.shop.counter import Counter, balance, refused
from tests.shop.refusal_cases import (
    ELSEWHERE,
    REFUSALS,
    Act,
    block,
    clerk_self_dealing,
    held_by_others,
    item_off_shelf,
    member_frozen,
    points_insufficient,
    stock_short,
)
from tests.world import World


def transfers(counter: Counter) -> int:
    """Number of transfers in the center's book."""
    query = sa.select(sa.func.count()).select_from(Transfer).where(Transfer.center_id == counter.world.center_id)
    return int(in_snapshot(lambda session: session.execute(query).scalar_one()))


@pytest.mark.parametrize("reason", REFUSALS)
@on_sqlite
def test_the_refusal_is_answered_in_words_and_nothing_moves(counter: Counter, reason: str) -> None:
    status, prepare = REFUSALS[reason]
    act = prepare(counter)
    before = transfers(counter)

    refused(act(), status, f"shop.{reason}")

    assert transfers(counter) == before


@on_sqlite
def test_a_refusal_speaks_the_language_of_who_asks(counter: Counter) -> None:
    counter.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en-GB"

    problem = refused(points_insufficient(counter)(), 422, "shop.points_insufficient")

    assert problem["title"] == "10.00 points short"


def test_every_registered_refusal_is_produced() -> None:
    registered = {code.removeprefix("shop.") for code in registered_codes() if code.startswith("shop.")}

    assert registered == REFUSALS.keys() | ELSEWHERE


@on_sqlite
def test_a_delivery_without_goods_is_refused_by_the_service(counter: Counter) -> None:
    nothing = {"origin": "bought", "supplier": "供销社", "document": ""}

    with pytest.raises(Rejected) as refusal:
        in_transaction(shelf.take_in, counter.shop_id, [], actor=counter.world.builder, **nothing)

    assert refusal.value.code == "shop.goods_in_empty"


@on_sqlite
def test_points_that_are_short_are_told_exactly(counter: Counter) -> None:
    problem = refused(points_insufficient(counter)(), 422, "shop.points_insufficient")

    numbers = {name: problem[f"{name}_points"] for name in ("need", "available", "held", "short")}
    assert numbers == {"need": 6_000, "available": 5_000, "held": 3_000, "short": 1_000}
    assert problem["title"] == "还差 10.00 分"
    assert problem["detail"] == "一共 60.00，可用 50.00，占用 30.00。没有扣分，去掉几样再试"


@on_sqlite
def test_stock_that_is_short_names_the_item_and_what_is_left(counter: Counter) -> None:
    problem = refused(stock_short(counter)(), 422, "shop.stock_short")

    assert (problem["item"], problem["left"], problem["title"]) == ("东北大米", 3, "东北大米只剩 3")


@on_sqlite
def test_what_others_hold_says_until_when(counter: Counter) -> None:
    with clock.at(datetime(2026, 6, 3, 6, 29, tzinfo=UTC)):
        problem = refused(held_by_others(counter)(), 422, "shop.held_by_others")

    assert (problem["left"], problem["title"]) == (0, "东北大米被别的单占着，到 14:32")
    assert datetime.fromisoformat(problem["until"]) == datetime(2026, 6, 3, 6, 32, tzinfo=UTC)


@on_sqlite
def test_who_confirms_again_is_told_the_receipt(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    cart = counter.sold(member, [(rice, 1)])
    receipt = counter.get(f"/redemptions/{cart}/receipt").json

    for answer in (counter.step(cart, "confirm"), counter.step(cart, "hold"), counter.step(cart, "cancel")):
        problem = refused(answer, 409, "shop.already_confirmed")
        assert (problem["receipt"], problem["redemption_id"]) == (receipt["receipt"], cart)
        assert (problem["total_points"], problem["balance_after_points"]) == (3_000, 7_000)
        assert problem["confirmed_at"] == receipt["confirmed_at"]
        assert receipt["receipt"] in problem["detail"]
    assert balance(counter.world, member).balance == 7_000


@pytest.mark.parametrize(
    "digits", ["134567890123456789", "2812345678901234", "2 5 1234567890123456", "301234567890123456789012"]
)
@on_sqlite
def test_of_a_code_that_pays_money_nothing_is_stored(counter: Counter, digits: str) -> None:
    keys = sa.select(sa.func.count()).select_from(Idempotency).where(Idempotency.center_id == counter.world.center_id)

    refused(counter.open(digits), 422, "shop.code_other_system")

    assert in_snapshot(lambda session: session.execute(keys).scalar_one()) == 0


@pytest.mark.parametrize("scanned", ["", "abc", "8", "8" * 19, "９" * 19, "https://jf.example.org/q/x", "1" * 60])
@on_sqlite
def test_what_is_no_code_of_ours_is_refused(counter: Counter, scanned: str) -> None:
    answer = counter.open(scanned)

    assert answer.status_code == 422
    assert answer.json["code"] in ("shop.code_malformed", "request.invalid")


@on_sqlite
def test_a_code_of_another_center_is_not_known_here(counter: Counter) -> None:
    elsewhere = Counter(World(counter.world.database), counter.client)

    refused(counter.open(elsewhere.code(elsewhere.member())), 422, "shop.code_malformed")


@pytest.mark.parametrize(
    "refusal", [member_frozen, clerk_self_dealing, points_insufficient, stock_short, item_off_shelf]
)
@on_sqlite
def test_a_code_that_was_used_up_by_a_refusal_is_burned(counter: Counter, refusal: Callable[[Counter], Act]) -> None:
    refusal(counter)()

    newest = sa.select(PayerCode.status).where(PayerCode.center_id == counter.world.center_id)
    statuses = in_snapshot(lambda session: list(session.scalars(newest.order_by(PayerCode.id.desc()))))
    assert statuses[0] == "BURNED"


@on_sqlite
def test_a_member_who_is_blocked_at_the_counter_gets_nothing(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    cart, held = counter.cart(member), counter.held(member, [(rice, 1)])
    counter.lines(cart, [(rice, 1)])
    block(counter, member)

    refused(counter.step(cart, "hold"), 422, "shop.member_frozen")
    refused(counter.step(held, "confirm"), 422, "shop.member_frozen")
    refused(counter.send("POST", "/payer-codes", by=member), 401, "access.login_needed")


@on_sqlite
def test_nobody_has_a_hand_in_their_own_order(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    cart, sold = counter.cart(member), counter.sold(member, [(rice, 1)])
    counter.world.employ(member, "clerk")

    for answer in (
        counter.lines(cart, [(rice, 1)], by=member),
        *(counter.step(cart, name, by=member) for name in ("hold", "confirm", "cancel")),
        counter.step(sold, "void", {"reason": "x"}, by=member),
    ):
        refused(answer, 422, "shop.clerk_self_dealing")


@on_sqlite
def test_a_cart_that_was_left_is_over_after_ten_minutes(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    code = counter.code(member)
    cart = counter.open(code).json["id"]
    late = clock.now() + policy.CART_LIFE

    with clock.at(late):
        refused(counter.lines(cart, [(rice, 1)]), 409, "shop.hold_expired")
        refused(counter.step(cart, "hold"), 409, "shop.hold_expired")
        assert in_transaction(settling.release_expired, counter.world.center_id) == 1
        refused(counter.step(cart, "hold"), 409, "shop.already_released")
        refused(counter.open(code), 422, "shop.code_revoked")


@on_sqlite
def test_a_hold_that_is_over_gives_everything_back(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    cart = counter.held(member, [(rice, 2)])

    with clock.at(clock.now() + policy.HOLD_LIFE):
        assert in_transaction(settling.release_expired, counter.world.center_id) == 1
        assert in_transaction(settling.release_expired, counter.world.center_id) == 0
        refused(counter.step(cart, "confirm"), 409, "shop.already_released")
    assert (balance(counter.world, member).available, counter.stock(rice).available) == (10_000, 10)


@on_sqlite
def test_codes_that_nobody_needs_any_longer_are_forgotten(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    counter.code(member)
    refused(counter.open(counter.code(member), [(rice, 20)]), 422, "shop.points_insufficient")
    counter.sold(member, [(rice, 1)])

    assert in_transaction(settling.forget_codes, counter.world.center_id) == 0
    with clock.at(clock.now() + timedelta(days=1, minutes=2)):
        assert in_transaction(settling.forget_codes, counter.world.center_id) == 2
