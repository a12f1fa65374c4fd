"""The shelf over the API: open a shop, price items, take in goods; the ledger has the stock."""

from typing import Any

import pytest

from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import parse_public_id, public_id
from ledger.points.book import queries as ledger
from ledger.shop import queries
from tests.shop.counter import Counter, new_key, refused
from tests.world import Person

ITEM = {"name": "东北大米", "spec": "5 kg/袋", "category": "粮油", "points": 3_000}


@pytest.fixture
def manager(counter: Counter) -> Person:
    return counter.world.add_staff("station_manager")


def made(counter: Counter, manager: Person, path: str, body: dict[str, Any], **how: Any) -> dict[str, Any]:
    answer = counter.send("POST", path, body, by=manager, **how)
    assert answer.status_code == 201, answer.json
    return answer.json  # type: ignore[return-value]


def test_from_an_empty_room_to_goods_on_the_shelf(counter: Counter, manager: Person) -> None:
    shop = made(counter, manager, "/shops", {"place_id": public_id(counter.world.station_id), "name": "新店"})
    assert (shop["name"], shop["place_name"], shop["closed_at"]) == ("新店", "柳荫站", None)

    item = made(counter, manager, f"/shops/{shop['id']}/items", ITEM | {"barcode": "6901234567892", "low_stock": 3})
    assert (item["points"], item["unit"], item["scale"], item["initials"]) == (3_000, "point", 2, "dbdm")
    assert (item["left"], item["state"], item["on_shelf"], item["price_version"]) == (0, "out", True, 1)

    line = {"item_id": item["id"], "quantity": 4, "batch": "B7", "best_before": "2027-12-31"}
    delivery = {"origin": "donated", "supplier": "爱心粮店", "document": "R-9", "lines": [line, line]}
    booked = made(counter, manager, f"/shops/{shop['id']}/goods-in", delivery)
    assert [(each["name"], each["quantity"], each["best_before"]) for each in booked["lines"]] == [
        ("东北大米", 4, "2027-12-31")
    ] * 2

    shown = counter.get(f"/shops/{shop['id']}/items").json["items"][0]
    assert (shown["left"], shown["state"]) == (8, "in")
    stock = counter.get(f"/shops/{shop['id']}/stock").json["items"][0]
    assert (stock["item_id"], stock["stock"], stock["held"], stock["left"]) == (item["id"], 8, 0, 8)
    sums = in_snapshot(ledger.trial_balance, counter.world.center_id)
    by_kind = {line.kind: line.credits - line.debits for line in sums if line.unit.startswith("item-")}
    assert by_kind == {"donated": -8, "stock": 8}


def test_stock_says_low_and_out(counter: Counter, manager: Person) -> None:
    rice = made(counter, manager, f"/shops/{public_id(counter.shop_id)}/items", ITEM | {"low_stock": 2})
    member, key = counter.member(100_000), parse_public_id(rice["id"])
    delivery = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": rice["id"], "quantity": 3}]}
    made(counter, manager, f"/shops/{public_id(counter.shop_id)}/goods-in", delivery)
    states = []
    for _ in range(4):
        states.append(counter.get(f"/shops/{public_id(counter.shop_id)}/items").json["items"][0]["state"])
        if len(states) < 4:
            counter.held(member, [(key, 1)])

    assert states == ["in", "low", "low", "out"]


def test_a_new_price_is_a_new_version(counter: Counter, manager: Person) -> None:
    rice = public_id(counter.item())

    changed = made(counter, manager, f"/items/{rice}/prices", {"points": 3_150})
    same = made(counter, manager, f"/items/{rice}/prices", {"points": 3_150})

    assert [(each["points"], each["price_version"]) for each in (changed, same)] == [(3_150, 2)] * 2
    prices = in_snapshot(queries.prices, parse_public_id(rice), counter.world.center_id)
    assert [(each.version, each.points) for each in prices] == [(2, 3_150), (1, 3_000)]


def test_an_item_leaves_the_shelf_and_comes_back(counter: Counter, manager: Person) -> None:
    rice, member = counter.item(), counter.member()
    held = counter.held(member, [(rice, 1)])
    path = f"/items/{public_id(rice)}/shelf"

    assert counter.send("PUT", path, {"on_shelf": False}, by=manager).json["on_shelf"] is False
    assert counter.step(held, "confirm").status_code == 200, "what is held stays held"
    items = f"/shops/{public_id(counter.shop_id)}/items"
    assert counter.get(items, on_shelf="true").json["items"] == []
    assert len(counter.get(items, on_shelf="false").json["items"]) == 1
    assert counter.send("PUT", path, {"on_shelf": True}, by=manager).json["on_shelf"] is True
    assert counter.open(counter.code(member), [(rice, 1)]).status_code == 201


def test_a_replay_makes_nothing_twice(counter: Counter, manager: Person) -> None:
    shop, key, other = public_id(counter.shop_id), new_key(), new_key()
    first = made(counter, manager, f"/shops/{shop}/items", ITEM, key=key)
    again = counter.send("POST", f"/shops/{shop}/items", ITEM, by=manager, key=key)
    delivery = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": first["id"], "quantity": 5}]}
    for _ in range(2):
        made(counter, manager, f"/shops/{shop}/goods-in", delivery, key=other)

    assert (again.json["id"], again.headers["Idempotency-Replayed"]) == (first["id"], "true")
    assert counter.stock(parse_public_id(first["id"])).balance == 5


def test_items_are_listed_page_by_page_in_any_order(counter: Counter) -> None:
    for number, name in enumerate(("大米", "小米", "挂面", "食盐")):
        counter.item(name, points_now=1_000 - number, stock=0)
    path = f"/shops/{public_id(counter.shop_id)}/items"

    first = counter.get(path, limit=3).json
    rest = counter.get(path, limit=3, after=first["next"]).json
    cheap = counter.get(path, sort="points").json["items"]

    assert [each["name"] for each in first["items"] + rest["items"]] == ["大米", "挂面", "食盐", "小米"]
    assert [each["name"] for each in cheap] == ["食盐", "挂面", "小米", "大米"]
    refused(counter.get(path, sort="secret"), 422, "page.sort_unknown")
    refused(counter.get(path, after="nonsense"), 422, "page.cursor_invalid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 0},
        {"points": -5},
        {"points": 2.5},
        {"points": 10**10},
        {"points": None},
        {"name": ""},
        {"name": "大" * 61},
        {"spec": "\x00"},
        {"low_stock": -1},
        {"barcode": "1"},
    ],
)
def test_an_item_that_can_not_be_taken_names_its_field(
    counter: Counter, manager: Person, wrong: dict[str, Any]
) -> None:
    answer = counter.send("POST", f"/shops/{public_id(counter.shop_id)}/items", ITEM | wrong, by=manager)

    assert [each["field"] for each in refused(answer, 422, "request.invalid")["errors"]] == list(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "found"},
        {"supplier": ""},
        {"lines": []},
        {"lines": [{"item_id": "x", "quantity": 1}]},
        {"lines": [{"quantity": 1}]},
        {"lines": [{"item_id": public_id(1), "quantity": 0}]},
        {"lines": [{"item_id": public_id(1), "quantity": 1, "best_before": "tomorrow"}]},
    ],
)
def test_a_delivery_that_can_not_be_taken_names_its_field(
    counter: Counter, manager: Person, wrong: dict[str, Any]
) -> None:
    rice = counter.item(stock=0)
    good = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": public_id(rice), "quantity": 1}]}
    answer = counter.send("POST", f"/shops/{public_id(counter.shop_id)}/goods-in", good | wrong, by=manager)

    refused(answer, 422, "request.invalid")
    assert counter.stock(rice).balance == 0


def test_goods_for_another_shop_s_item_are_refused(counter: Counter, manager: Person) -> None:
    other = counter.world.add_item(counter.world.add_shop("别的店"), stock=0)
    delivery = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": public_id(other), "quantity": 1}]}

    answer = counter.send("POST", f"/shops/{public_id(counter.shop_id)}/goods-in", delivery, by=manager)

    refused(answer, 422, "shop.item_unknown")
