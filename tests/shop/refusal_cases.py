"""How to produce each refusal of the counter: the preparation, then the request that is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta

from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import new_id, public_id
from ledger.people.access import blocking
from ledger.shop import policy, shelf
from tests.shop.counter import Counter
from tests.world import Person

UNKNOWN = public_id(new_id())
Act = Callable[[], TestResponse]


def at(moment: datetime, act: Act) -> Act:
    """Do the same at another time."""

    def then() -> TestResponse:
        with clock.at(moment):
            return act()

    return then


def block(counter: Counter, member: Person) -> None:
    in_transaction(blocking.set_status, member.volunteer_id, status="blocked", actor=counter.world.builder)


def code_expired(counter: Counter) -> Act:
    code = counter.code(counter.member())
    return at(clock.now() + policy.CODE_LIFE, lambda: counter.open(code))


def code_used(counter: Counter) -> Act:
    code = counter.code(counter.member())
    counter.step(counter.open(code, [(counter.item(), 1)]).json["id"], "confirm")
    return lambda: counter.open(code)


def code_revoked(counter: Counter) -> Act:
    code = counter.code(counter.member())
    counter.step(counter.open(code).json["id"], "cancel")
    return lambda: counter.open(code)


def code_malformed(counter: Counter) -> Act:
    code = counter.code(counter.member())
    return lambda: counter.open(code[:-1] + str((int(code[-1]) + 1) % 10))


def code_other_system(counter: Counter) -> Act:
    return lambda: counter.open("134567890123456789")


def code_bound_elsewhere(counter: Counter) -> Act:
    code = counter.code(counter.member())
    counter.open(code)
    return lambda: counter.open(code, by=counter.world.add_staff("clerk"))


def member_frozen(counter: Counter) -> Act:
    member = counter.member()
    code = counter.code(member)
    block(counter, member)
    return lambda: counter.open(code)


def points_insufficient(counter: Counter) -> Act:
    member, rice = counter.member(8_000), counter.item()
    counter.held(member, [(rice, 1)])
    code = counter.code(member)
    return lambda: counter.open(code, [(rice, 2)])


def stock_short(counter: Counter) -> Act:
    code, rice = counter.code(counter.member(100_000)), counter.item(stock=3)
    return lambda: counter.open(code, [(rice, 4)])


def sold_out(counter: Counter) -> Act:
    code, rice = counter.code(counter.member()), counter.item(stock=0)
    return lambda: counter.open(code, [(rice, 1)])


def held_by_others(counter: Counter) -> Act:
    rice, member = counter.item(stock=1), counter.member()
    counter.held(counter.member(name="李秀英"), [(rice, 1)])
    code = counter.code(member)
    return lambda: counter.open(code, [(rice, 1)])


def item_off_shelf(counter: Counter) -> Act:
    rice = counter.item()
    in_transaction(shelf.put_on_shelf, rice, on_shelf=False, actor=counter.world.builder)
    code = counter.code(counter.member())
    return lambda: counter.open(code, [(rice, 1)])


def item_unknown(counter: Counter) -> Act:
    other = counter.world.add_item(counter.world.add_shop("别的店"), name="挂面")
    cart = counter.cart(counter.member())
    return lambda: counter.lines(cart, [(other, 1)])


def cart_empty(counter: Counter) -> Act:
    cart = counter.cart(counter.member())
    return lambda: counter.step(cart, "hold")


def quote_stale(counter: Counter) -> Act:
    rice, cart = counter.item(), counter.cart(counter.member())
    counter.lines(cart, [(rice, 1)])
    in_transaction(shelf.set_price, rice, 3_100, actor=counter.world.builder)
    return lambda: counter.step(cart, "hold")


def hold_expired(counter: Counter) -> Act:
    cart = counter.held(counter.member(), [(counter.item(), 1)])
    return at(clock.now() + policy.HOLD_LIFE, lambda: counter.step(cart, "confirm"))


def already_confirmed(counter: Counter) -> Act:
    cart = counter.sold(counter.member(), [(counter.item(), 1)])
    return lambda: counter.step(cart, "confirm")


def already_released(counter: Counter) -> Act:
    cart = counter.held(counter.member(), [(counter.item(), 1)])
    counter.step(cart, "cancel")
    return lambda: counter.step(cart, "confirm")


def wrong_state(counter: Counter) -> Act:
    cart = counter.cart(counter.member())
    return lambda: counter.step(cart, "confirm")


def void_window_closed(counter: Counter) -> Act:
    cart = counter.sold(counter.member(), [(counter.item(), 1)])
    return at(clock.now() + timedelta(days=2), lambda: counter.step(cart, "void", {"reason": "拿错了"}))


def clerk_self_dealing(counter: Counter) -> Act:
    member = clerk_too(counter)
    code = counter.code(member)
    return lambda: counter.open(code, by=member)


def shop_closed(counter: Counter) -> Act:
    in_transaction(shelf.set_open, counter.shop_id, is_open=False, actor=counter.world.builder)
    code = counter.code(counter.member())
    return lambda: counter.open(code)


def shop_not_found(counter: Counter) -> Act:
    return lambda: counter.get(f"/shops/{UNKNOWN}/items")


def item_exists(counter: Counter) -> Act:
    counter.item()
    return new_item(counter, {})


def barcode_taken(counter: Counter) -> Act:
    new_item(counter, {"name": "小米", "barcode": "6901234567892"})()
    return new_item(counter, {"barcode": "6901234567892"})


def item_not_found(counter: Counter) -> Act:
    keeper = manager(counter)
    return lambda: counter.send("POST", f"/items/{UNKNOWN}/prices", {"points": 100}, by=keeper)


def redemption_not_found(counter: Counter) -> Act:
    return lambda: counter.step(UNKNOWN, "confirm")


def goods_in_not_found(counter: Counter) -> Act:
    headers = manager(counter).headers | {"Accept": "application/json"}
    return lambda: counter.client.get(f"/shelf/goods-in/{UNKNOWN}", headers=headers)


def manager(counter: Counter) -> Person:
    return counter.world.add_staff("station_manager")


def new_item(counter: Counter, more: dict[str, str]) -> Act:
    body = {"name": "东北大米", "spec": "5 kg/袋", "category": "粮油", "points": 3_000} | more
    keeper = manager(counter)
    return lambda: counter.send("POST", f"/shops/{public_id(counter.shop_id)}/items", body, by=keeper)


def clerk_too(counter: Counter) -> Person:
    member = counter.member()
    counter.world.employ(member, "clerk")
    return member


# How each refusal is produced.
REFUSALS: dict[str, tuple[int, Callable[[Counter], Act]]] = {
    "code_expired": (422, code_expired),
    "code_used": (422, code_used),
    "code_revoked": (422, code_revoked),
    "code_malformed": (422, code_malformed),
    "code_other_system": (422, code_other_system),
    "code_bound_elsewhere": (409, code_bound_elsewhere),
    "member_frozen": (422, member_frozen),
    "points_insufficient": (422, points_insufficient),
    "stock_short": (422, stock_short),
    "sold_out": (422, sold_out),
    "held_by_others": (422, held_by_others),
    "item_off_shelf": (422, item_off_shelf),
    "item_unknown": (422, item_unknown),
    "cart_empty": (422, cart_empty),
    "quote_stale": (409, quote_stale),
    "hold_expired": (409, hold_expired),
    "already_confirmed": (409, already_confirmed),
    "already_released": (409, already_released),
    "wrong_state": (409, wrong_state),
    "void_window_closed": (422, void_window_closed),
    "clerk_self_dealing": (422, clerk_self_dealing),
    "shop_closed": (422, shop_closed),
    "shop_not_found": (404, shop_not_found),
    "item_exists": (422, item_exists),
    "barcode_taken": (422, barcode_taken),
    "item_not_found": (404, item_not_found),
    "redemption_not_found": (404, redemption_not_found),
    "goods_in_not_found": (404, goods_in_not_found),
}
# These have tests of their own.
ELSEWHERE = {"goods_in_empty", "receipt_not_found"} | {
    *("code_is_good", "code_is_card", "code_is_receipt", "barcode_misread", "barcode_not_goods"),
    *("short_name_invalid", "short_name_taken", "short_name_printed", "receipt_number_invalid"),
}
