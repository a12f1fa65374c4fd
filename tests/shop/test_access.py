"""Who may do what at which shop: clerks at their own, members with their own redemptions, auditors only read."""

import pytest

from ledger.kernel.ids import new_id, public_id
from tests.databases import on_sqlite
from tests.shop.counter import Counter, refused
from tests.world import Person

UNKNOWN = public_id(new_id())


@pytest.fixture
def elsewhere(counter: Counter) -> Person:
    """A clerk of another station."""
    return counter.world.add_staff("clerk", place_id=counter.world.add_station("水岸站"))


@on_sqlite
def test_a_clerk_serves_only_in_the_own_place(counter: Counter, elsewhere: Person) -> None:
    member, rice = counter.member(), counter.item()
    code = counter.code(member)
    cart = counter.open(code).json["id"]
    counter.lines(cart, [(rice, 1)])

    for answer in (
        counter.open(counter.code(member), by=elsewhere),
        counter.lines(cart, [(rice, 1)], by=elsewhere),
        *(counter.step(cart, name, by=elsewhere) for name in ("hold", "confirm", "cancel")),
        counter.step(cart, "void", {"reason": "x"}, by=elsewhere),
        counter.get(f"/shops/{public_id(counter.shop_id)}/stock", by=elsewhere),
    ):
        refused(answer, 403, "access.denied")
    refused(counter.get(f"/redemptions/{cart}", by=elsewhere), 404, "shop.redemption_not_found")
    assert counter.get("/redemptions", by=elsewhere).json["items"] == []
    assert counter.step(cart, "hold").status_code == 200


@on_sqlite
def test_a_member_sees_the_own_receipts_and_serves_nobody(counter: Counter) -> None:
    member, other, rice = counter.member(), counter.member(name="李建国"), counter.item()
    cart = counter.sold(member, [(rice, 1)])

    assert counter.get(f"/redemptions/{cart}", by=member).status_code == 200
    assert counter.get(f"/redemptions/{cart}/receipt", by=member).status_code == 200
    refused(counter.get(f"/redemptions/{cart}", by=other), 404, "shop.redemption_not_found")
    refused(counter.get(f"/redemptions/{cart}/receipt", by=other), 404, "shop.redemption_not_found")
    assert counter.get("/redemptions", by=other).json["items"] == []
    for answer in (
        counter.open(counter.code(member), by=member),
        counter.lines(cart, [(rice, 1)], by=member),
        counter.step(cart, "confirm", by=member),
        counter.step(cart, "void", {"reason": "x"}, by=member),
        counter.get(f"/shops/{public_id(counter.shop_id)}/stock", by=member),
    ):
        refused(answer, 403, "access.denied")


@on_sqlite
def test_an_auditor_reads_and_changes_nothing(counter: Counter) -> None:
    auditor = counter.world.add_staff("auditor", place_id=counter.world.top_id)
    cart = counter.sold(counter.member(), [(counter.item(), 1)])
    shop = public_id(counter.shop_id)

    assert counter.get(f"/redemptions/{cart}/receipt", by=auditor).status_code == 200
    assert len(counter.get("/redemptions", by=auditor).json["items"]) == 1
    assert counter.get(f"/shops/{shop}/stock", by=auditor).status_code == 200
    delivery = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": UNKNOWN, "quantity": 1}]}
    for answer in (
        counter.step(cart, "void", {"reason": "x"}, by=auditor),
        counter.open("8" * 19, by=auditor),
        counter.send("POST", f"/shops/{shop}/goods-in", delivery, by=auditor),
        counter.send("POST", "/payer-codes", by=auditor),
    ):
        refused(answer, 403, "access.denied")


@on_sqlite
def test_a_clerk_keeps_no_shelf(counter: Counter) -> None:
    rice, shop = counter.item(), public_id(counter.shop_id)
    item = {"name": "小米", "spec": "1 kg/袋", "category": "粮油", "points": 800}
    delivery = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": public_id(rice), "quantity": 1}]}

    for answer in (
        counter.send("POST", "/shops", {"place_id": public_id(counter.world.station_id), "name": "新店"}),
        counter.send("POST", f"/shops/{shop}/items", item),
        counter.send("POST", f"/items/{public_id(rice)}/prices", {"points": 100}),
        counter.send("PUT", f"/items/{public_id(rice)}/shelf", {"on_shelf": False}),
        counter.send("POST", f"/shops/{shop}/goods-in", delivery),
    ):
        refused(answer, 403, "access.denied")


@on_sqlite
def test_a_manager_keeps_the_shelves_of_the_own_place_alone(counter: Counter) -> None:
    rice, shop = counter.item(), public_id(counter.shop_id)
    manager = counter.world.add_staff("station_manager", place_id=counter.world.add_station("水岸站"))
    item = {"name": "小米", "spec": "1 kg/袋", "category": "粮油", "points": 800}
    delivery = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": public_id(rice), "quantity": 1}]}

    for answer in (
        counter.send("POST", "/shops", {"place_id": public_id(counter.world.station_id), "name": "新店"}, by=manager),
        counter.send("POST", f"/shops/{shop}/items", item, by=manager),
        counter.send("POST", f"/items/{public_id(rice)}/prices", {"points": 100}, by=manager),
        counter.send("PUT", f"/items/{public_id(rice)}/shelf", {"on_shelf": False}, by=manager),
        counter.send("POST", f"/shops/{shop}/goods-in", delivery, by=manager),
    ):
        refused(answer, 403, "access.denied")


@pytest.mark.parametrize("person", ["nobody", "gone"])
@on_sqlite
def test_who_has_not_logged_in_is_asked_to(counter: Counter, person: str) -> None:
    headers = {} if person == "nobody" else {"Authorization": "Bearer no-such-token"}

    for method, path in (("POST", "/payer-codes"), ("GET", "/redemptions"), ("GET", "/shops")):
        answer = counter.client.open(f"/api/v1{path}", method=method, headers=headers)
        refused(answer, 401, "access.login_needed")


@on_sqlite
def test_what_is_not_there_is_not_found(counter: Counter) -> None:
    rice = counter.item()
    clerk_paths = [("GET", f"/redemptions/{UNKNOWN}", None), ("GET", f"/redemptions/{UNKNOWN}/receipt", None)]
    clerk_paths += [("POST", f"/redemptions/{UNKNOWN}/{step}", None) for step in ("hold", "confirm", "cancel")]
    clerk_paths += [
        ("POST", f"/redemptions/{UNKNOWN}/void", {"reason": "x"}),
        ("PUT", f"/redemptions/{UNKNOWN}/lines", {"lines": [{"item_id": public_id(rice), "quantity": 1}]}),
    ]
    for method, path, body in clerk_paths:
        answer = counter.send(method, path, body) if method != "GET" else counter.get(path)
        refused(answer, 404, "shop.redemption_not_found")

    manager = counter.world.add_staff("station_manager")
    delivery = {"origin": "bought", "supplier": "供销社", "lines": [{"item_id": public_id(rice), "quantity": 1}]}
    refused(counter.send("POST", f"/shops/{UNKNOWN}/goods-in", delivery, by=manager), 404, "shop.shop_not_found")
    refused(counter.get(f"/shops/{UNKNOWN}/stock"), 404, "shop.shop_not_found")
    code = counter.code(counter.member())
    unknown_shop = {"shop_id": UNKNOWN, "payer_code": code}
    refused(counter.send("POST", "/redemptions", unknown_shop), 404, "shop.shop_not_found")
    refused(counter.get("/redemptions/not-an-id"), 404, "request.not_found")


@on_sqlite
def test_the_center_next_door_is_another_world(counter: Counter) -> None:
    neighbour = Counter(type(counter.world)(counter.world.database), counter.client)
    cart = counter.sold(counter.member(), [(counter.item(), 1)])
    admin = neighbour.world.add_staff("admin", place_id=neighbour.world.top_id)

    refused(counter.get(f"/redemptions/{cart}", by=admin), 404, "shop.redemption_not_found")
    refused(counter.step(cart, "void", {"reason": "x"}, by=admin), 404, "shop.redemption_not_found")
    refused(counter.get(f"/shops/{public_id(counter.shop_id)}/items", by=admin), 404, "shop.shop_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"payer_code": "8" * 19},
        {"shop_id": 5, "payer_code": "8" * 19},
        {"shop_id": UNKNOWN, "payer_code": 5},
        {"shop_id": UNKNOWN, "payer_code": "8" * 201},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": []},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": "rice"},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": [{"item_id": UNKNOWN}]},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": [{"item_id": UNKNOWN, "quantity": 0}]},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": [{"item_id": UNKNOWN, "quantity": 1.5}]},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": [{"item_id": UNKNOWN, "quantity": "1"}]},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": [{"item_id": UNKNOWN, "quantity": 10**7}]},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "lines": [{"item_id": UNKNOWN, "quantity": 1}] * 101},
        {"shop_id": UNKNOWN, "payer_code": "8" * 19, "extra": 1},
    ],
)
@on_sqlite
def test_a_body_that_can_not_be_taken_names_its_fields(counter: Counter, body: dict[str, object]) -> None:
    problem = refused(counter.send("POST", "/redemptions", body), 422, "request.invalid")

    assert problem["errors"]
    assert all(each["field"] and each["message"] for each in problem["errors"])
