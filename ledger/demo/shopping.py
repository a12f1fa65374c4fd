"""The shops of the demonstration: goods arrive, people choose, clerks hold and confirm, and some visits fail."""

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal

from ledger.demo import words
from ledger.demo.goods import GOODS, Good
from ledger.demo.people_plan import DEMO_VOLUNTEER
from ledger.demo.stage import ShopState, Stage
from ledger.kernel import clock
from ledger.shop import service as till
from ledger.shop import settling, shelf
from ledger.shop.policy import Wanted
from ledger.shop.shelf import Delivered, NewItem

Ending = Literal["confirmed", "voided", "cancelled", "left-in-cart", "hold-ran-out", "late-code", "too-dear"]
# People with less than this keep saving.
_WORTH_COMING = 700
_SCARCE_MONTHS = 5
_SCARCE_LIKED = 6
# People who want several things choose none above this share of their balance.
_LEAVES_ROOM = 0.6
# The demonstration's volunteer always keeps enough for a bag of rice.
_DEMO_KEEPS = 3600
_BARCODE_FOR_SHOPS = "20"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit to a shop (a position) and its ending; `by_demo` if it is by the demonstration's volunteer."""

    shop: int
    ending: Ending
    by_demo: bool = False


def open_shops(stage: Stage) -> None:
    """Open the shops, the first with all goods, and assign members to them."""
    stations = [position for position, place in enumerate(stage.population.places) if place.kind == "station"]
    for number, station in enumerate(stations[: stage.size.shops]):
        name = f"{stage.population.places[station].short}积分超市"
        manager = stage.managers[station]
        shop_id = shelf.open_shop(stage.session, place_id=stage.places[station], name=name, actor=manager)
        shop = ShopState(shop_id, station, stage.clerks[station], manager)
        for position, good in enumerate(GOODS):
            if number == 0 or (position + number) % 3 == 0:
                shop.items[_add_item(stage, shop, position, good)] = good
        stage.shops.append(shop)
    for member, person in enumerate(stage.population.people):
        if person.batch == 0:
            shop_number = 0 if person.place == stage.population.home else stations.index(person.place)
            stage.shops[shop_number % len(stage.shops)].members.append(member)


def _add_item(stage: Stage, shop: ShopState, position: int, good: Good) -> int:
    body = f"{_BARCODE_FOR_SHOPS}{position + 1:010}"
    digits = [int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)]
    item = NewItem(
        name=good.name,
        spec=good.spec,
        category=good.category,
        points=good.points,
        barcode=f"{body}{-sum(digits) % 10}",
    )
    return shelf.add_item(stage.session, shop.id, item, actor=shop.manager)


def first_goods(stage: Stage) -> None:
    """Fill the shelves."""
    for shop in stage.shops:
        _take_in(stage, shop, {item_id: good.stock for item_id, good in shop.items.items()}, origin="bought")


def restock(month: int, stage: Stage) -> None:
    """Buy what sold well, or receive it as a gift; scarce goods aren't restocked in the last months."""
    for shop in stage.shops:
        wanted = {
            item_id: good.stock - shop.stock[item_id]
            for item_id, good in shop.items.items()
            if shop.stock[item_id] < good.stock * 0.7
            and not (good.scarce and month >= stage.size.months - _SCARCE_MONTHS)
        }
        if wanted:
            _take_in(stage, shop, wanted, origin="donated" if month % 4 == 0 else "bought")


def _take_in(stage: Stage, shop: ShopState, quantities: dict[int, int], *, origin: str) -> None:
    today = clock.today()
    lines = [
        Delivered(item_id, quantity, f"P{today:%y%m}", today + timedelta(days=keeps) if keeps else None)
        for item_id, quantity in quantities.items()
        for keeps in [shop.items[item_id].keeps_days]
    ]
    shelf.take_in(
        stage.session,
        shop.id,
        lines,
        origin=origin,
        supplier=stage.rng.choice(words.DONORS if origin == "donated" else words.SUPPLIERS),
        document=f"RK-{today:%Y%m%d}-{stage.shops.index(shop) + 1}",
        actor=shop.manager,
    )
    for item_id, quantity in quantities.items():
        shop.stock[item_id] = shop.stock.get(item_id, 0) + quantity


def change_price(stage: Stage) -> None:
    """Raise the price of eggs."""
    for shop in stage.shops:
        for item_id, good in shop.items.items():
            if good.name == "鸡蛋":
                shelf.set_price(stage.session, item_id, 2000, actor=shop.manager)


@dataclass(frozen=True, slots=True)
class _Order:
    """A redemption in progress."""

    shop: ShopState
    member: int
    redemption_id: int
    ending: Ending
    lines: list[Wanted]


def visit(planned: Visit, stage: Stage) -> None:
    """Somebody who can afford something visits the shop and shows a code."""
    shop = stage.shops[planned.shop]
    member = DEMO_VOLUNTEER if planned.by_demo else _choose_member(stage, shop)
    if member is None:
        return
    code = till.issue_payer_code(stage.session, actor=stage.members[member].actor)["code"]
    if planned.ending == "late-code":
        scan = partial(till.open_cart, stage.session, shop.id, code, actor=shop.clerk)
        stage.after(75, lambda stage: stage.refused(scan))
    else:
        stage.after(18, partial(_open_cart, shop, member, code, planned.ending))


def _open_cart(shop: ShopState, member: int, code: str, ending: Ending, stage: Stage) -> None:
    cart = till.open_cart(stage.session, shop.id, code, actor=shop.clerk)
    budget = cart["available"] - (_DEMO_KEEPS if member == DEMO_VOLUNTEER else 0)
    lines = _choose_goods(stage, shop, budget, too_dear=ending == "too-dear")
    order = _Order(shop, member, cart["id"], ending, lines)
    if lines and ending != "left-in-cart":
        stage.after(27, partial(_set_lines, order))
    else:
        stage.after(610, _release_late)


def _set_lines(order: _Order, stage: Stage) -> None:
    till.set_lines(stage.session, order.redemption_id, order.lines, actor=order.shop.clerk)
    stage.after(14, partial(_hold, order))


def _hold(order: _Order, stage: Stage) -> None:
    refused = stage.refused(partial(till.hold, stage.session, order.redemption_id, actor=order.shop.clerk))
    if refused or order.ending == "cancelled":
        settling.cancel(stage.session, order.redemption_id, actor=order.shop.clerk)
    elif order.ending == "hold-ran-out":
        stage.after(190, _release_late)
    else:
        stage.after(21, partial(_confirm, order))


def _confirm(order: _Order, stage: Stage) -> None:
    facts = settling.confirm(stage.session, order.redemption_id, actor=order.shop.clerk)
    stage.earn(order.member, -facts["total"])
    for line in order.lines:
        order.shop.stock[line.item_id] -= line.quantity
    if order.ending == "voided":
        stage.after(1500, partial(_void, order, facts["total"]))


def _void(order: _Order, total: int, stage: Stage) -> None:
    reason = stage.rng.choice(words.VOID_REASONS)
    settling.void(stage.session, order.redemption_id, reason, actor=order.shop.clerk)
    stage.earn(order.member, total)
    for line in order.lines:
        order.shop.stock[line.item_id] += line.quantity


def _release_late(stage: Stage) -> None:
    """Do what the job does: release expired carts and holds."""
    settling.release_expired(stage.session, stage.center_id)


def _choose_member(stage: Stage, shop: ShopState) -> int | None:
    able = [each for each in shop.members if each != DEMO_VOLUNTEER and stage.points.get(each, 0) >= _WORTH_COMING]
    return stage.rng.choice(able) if able else None


def _choose_goods(stage: Stage, shop: ShopState, budget: int, *, too_dear: bool) -> list[Wanted]:
    """Choose goods that the visitor can afford; `too_dear` chooses more than they can."""
    left = {item_id: shop.stock[item_id] - good.floor for item_id, good in shop.items.items()}
    if too_dear:
        dear = [item_id for item_id, good in shop.items.items() if good.points > budget and left[item_id] > 0]
        return [Wanted(stage.rng.choice(dear), 1)] if dear else []
    chosen: list[Wanted] = []
    for to_come in reversed(range(stage.rng.choice((1, 2, 2, 3, 3, 3, 4)))):
        most = budget * _LEAVES_ROOM if to_come else budget
        able = [item_id for item_id, good in shop.items.items() if good.points <= most and left[item_id] > 0]
        if able:
            item_id = stage.rng.choices(able, [_liking(shop.items[item_id]) for item_id in able])[0]
            chosen.append(Wanted(item_id, 1))
            left[item_id] = 0
            budget -= shop.items[item_id].points
    return chosen


def _liking(good: Good) -> float:
    """Popularity of a good: expensive goods sell more slowly, scarce goods sell first."""
    return good.liked * (_SCARCE_LIKED if good.scarce else 1) * math.sqrt(500 / good.points)
