"""The whole way over HTTP: payer's code, cart, goods, receipt, void; and retries after a lost answer."""

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.types import table_of
from ledger.points.book import queries as ledger
from ledger.shop.models import Redemption
from tests.shop.counter import API, Counter, balance, first_receipt, give_points, new_key, refused
from tests.world import World


def test_a_code_becomes_a_cart_goods_a_receipt_and_a_void(counter: Counter) -> None:
    member, rice, soy = counter.member(10_000), counter.item(), counter.item("酿造酱油", points_now=800, stock=5)

    cart = counter.open(counter.code(member)).json
    assert cart["status"] == "CART"
    assert cart["member"]["masked_name"] == "王*兰"
    assert (cart["available"], cart["unit"], cart["scale"]) == (10_000, "point", 2)
    assert "王桂兰" not in str(cart)

    priced = counter.lines(cart["id"], [(rice, 1), (soy, 2)]).json
    assert (priced["status"], priced["total"]) == ("CART", 4_600)
    assert [(line["name"], line["quantity"], line["price"], line["points"]) for line in priced["lines"]] == [
        ("东北大米", 1, 3_000, 3_000),
        ("酿造酱油", 2, 800, 1_600),
    ]

    held = counter.step(cart["id"], "hold").json
    assert (held["status"], held["available"], held["held"]) == ("HELD", 5_400, 4_600)
    assert (balance(counter.world, member).balance, balance(counter.world, member).held) == (10_000, 4_600)
    assert (counter.stock(rice).available, counter.stock(soy).available) == (9, 3)

    receipt = counter.step(cart["id"], "confirm").json
    assert (receipt["status"], receipt["receipt"]) == ("CONFIRMED", first_receipt())
    assert (receipt["total"], receipt["balance_after"]) == (4_600, 5_400)
    assert receipt["clerk"] == "陈晓燕"
    assert receipt["qr_svg"].startswith("<svg")
    assert receipt["check_url"].startswith("HTTPS://JF.EXAMPLE.ORG/R/")
    assert (balance(counter.world, member).balance, balance(counter.world, member).held) == (5_400, 0)
    assert (counter.stock(rice).balance, counter.stock(soy).balance) == (9, 3)
    assert counter.get(f"/redemptions/{cart['id']}/receipt").json == receipt

    void = counter.step(cart["id"], "void", {"reason": "拿错了"}).json
    assert (void["status"], void["receipt"]) == ("VOIDED", receipt["receipt"])
    assert balance(counter.world, member).balance == 10_000
    assert (counter.stock(rice).balance, counter.stock(soy).balance) == (10, 5)
    sums = in_snapshot(ledger.trial_balance, counter.world.center_id)
    for unit in {line.unit for line in sums}:
        assert sum(line.credits - line.debits for line in sums if line.unit == unit) == 0


def test_with_lines_a_code_is_held_at_once(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()

    answer = counter.open(counter.code(member), [(rice, 2)])

    assert answer.status_code == 201
    assert (answer.json["status"], answer.json["total"], answer.json["held"]) == ("HELD", 6_000, 6_000)


def test_the_same_item_on_two_lines_is_added_up(counter: Counter) -> None:
    member, rice = counter.member(100_000), counter.item(stock=3)
    cart = counter.cart(member)

    priced = counter.lines(cart, [(rice, 2), (rice, 2)]).json

    assert [(line["quantity"], line["points"]) for line in priced["lines"]] == [(4, 12_000)]
    assert refused(counter.step(cart, "hold"), 422, "shop.stock_short")["left"] == 3


def test_lines_take_the_place_of_those_that_were_there(counter: Counter) -> None:
    member, rice, soy = counter.member(), counter.item(), counter.item("酿造酱油", points_now=800)
    cart = counter.cart(member)
    counter.lines(cart, [(rice, 2)])

    priced = counter.lines(cart, [(soy, 1)]).json

    assert (priced["total"], [line["name"] for line in priced["lines"]]) == (800, ["酿造酱油"])
    assert counter.lines(cart, []).json["total"] == 0


def test_every_write_is_answered_the_same_again(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    code, keys = counter.code(member), [new_key() for _ in range(5)]
    first, again = [], []
    for answers in (first, again):
        answers.append(counter.open(code, key=keys[0]))
        cart = answers[0].json["id"]
        answers.append(counter.lines(cart, [(rice, 1)], key=keys[1]))
        answers.append(counter.step(cart, "hold", key=keys[2]))
        answers.append(counter.step(cart, "confirm", key=keys[3]))
        answers.append(counter.step(cart, "void", {"reason": "拿错了"}, key=keys[4]))

    assert [answer.status_code for answer in first] == [201, 200, 200, 200, 200]
    assert [answer.json for answer in again] == [answer.json for answer in first]
    assert [answer.headers.get("Idempotency-Replayed") for answer in first] == [None] * 5
    assert [answer.headers.get("Idempotency-Replayed") for answer in again] == ["true"] * 5
    assert balance(counter.world, member).balance == 10_000
    assert counter.stock(rice).balance == 10


def test_a_refusal_is_answered_the_same_again_though_the_points_have_come(counter: Counter) -> None:
    member, rice = counter.member(0), counter.item()
    cart, key = counter.cart(member), new_key()
    counter.lines(cart, [(rice, 1)])
    first = counter.step(cart, "hold", key=key)
    refused(first, 422, "shop.points_insufficient")
    give_points(counter.world, member, 5_000)

    again = counter.step(cart, "hold", key=key)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert refused(again, 422, "shop.points_insufficient")["need_points"] == 3_000


def test_another_body_under_the_same_key_is_refused(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    cart, key = counter.cart(member), new_key()
    counter.lines(cart, [(rice, 1)], key=key)

    refused(counter.lines(cart, [(rice, 2)], key=key), 422, "idempotency.mismatch")
    assert counter.get(f"/redemptions/{cart}").json["total"] == 3_000


def test_every_write_needs_a_key_but_a_code_does_not(counter: Counter) -> None:
    member, rice = counter.member(), counter.item()
    code = counter.code(member)
    cart = counter.cart(member)

    for answer in (
        counter.open(code, key=""),
        counter.lines(cart, [(rice, 1)], key=""),
        *(counter.step(cart, name, key="") for name in ("hold", "confirm", "cancel")),
        counter.step(cart, "void", {"reason": "x"}, key=""),
    ):
        refused(answer, 400, "idempotency.key_missing")


def test_a_code_comes_with_its_pictures_and_a_new_one_each_time(counter: Counter) -> None:
    member = counter.member(12_850)

    first, second = (counter.send("POST", "/payer-codes", by=member, key="the-same-key").json for _ in range(2))

    assert first["code"] != second["code"]
    assert (len(first["code"]), first["code"][0], first["available"]) == (19, "8", 12_850)
    assert first["qr_svg"].startswith("<svg")
    assert first["bars_svg"].startswith("<svg")
    assert counter.open(first["code"]).status_code == 201, "a refresh leaves the earlier one valid"


def test_the_lists_show_what_may_be_seen_and_go_on_after_a_cursor(counter: Counter) -> None:
    member, other, rice = counter.member(100_000), counter.member(100_000, "李建国"), counter.item(stock=20)
    ids = [counter.sold(member, [(rice, 1)]) for _ in range(3)] + [counter.sold(other, [(rice, 2)])]

    first = counter.get("/redemptions", limit=3).json
    rest = counter.get("/redemptions", limit=3, after=first["next"]).json

    assert [row["id"] for row in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    own = counter.get("/redemptions", by=member).json["items"]
    assert {row["id"] for row in own} == set(ids[:3])
    by_total = counter.get("/redemptions", sort="-total", limit=1).json["items"]
    assert by_total[0]["id"] == ids[3]
    by_receipt = counter.get("/redemptions", receipt=own[0]["receipt"]).json["items"]
    assert [row["id"] for row in by_receipt] == [own[0]["id"]]
    assert counter.get("/redemptions", status="VOIDED").json["items"] == []
    assert counter.get("/redemptions", shop_id=public_id(counter.shop_id)).json["items"]
    assert counter.client.get(f"{API}/redemptions").status_code == 401


def test_the_document_says_which_writes_need_a_key(counter: Counter) -> None:
    paths = counter.client.get("/api/openapi.json").json["paths"]
    writes = {
        f"{method} {path.removeprefix(API)}": operation
        for path, methods in paths.items()
        for method, operation in methods.items()
        if path.startswith((f"{API}/redemptions", f"{API}/payer-codes")) and method in ("post", "put")
    }

    required = {
        name
        for name, operation in writes.items()
        for parameter in operation.get("parameters", [])
        if parameter.get("name") == "Idempotency-Key" and parameter.get("required")
    }
    assert required == writes.keys() - {"post /payer-codes"}
    assert len(required) == 6


def test_a_step_changes_the_cart_of_its_center_alone(counter: Counter, client: FlaskClient, database: Database) -> None:
    """Keys are unique within a center only, so another's redemption may have the same."""
    neighbour = Counter(World(database), client)
    ours = parse_public_id(counter.cart(counter.member()))
    theirs = parse_public_id(neighbour.cart(neighbour.member()))
    redemption = table_of(Redemption)

    def give_same_key(session: Session) -> None:
        of_neighbour = sa.and_(redemption.c.center_id == neighbour.world.center_id, redemption.c.id == theirs)
        session.execute(sa.update(redemption).where(of_neighbour).values(id=ours))

    in_transaction(give_same_key)
    assert counter.step(public_id(ours), "cancel").json["status"] == "RELEASED"
    assert neighbour.get(f"/redemptions/{public_id(ours)}").json["status"] == "CART"
