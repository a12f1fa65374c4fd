"""A counter for tests: a shop with a clerk, members with points, and a till that uses the API."""

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book import queries as ledger
from ledger.points.book import service as points
from ledger.points.policy import POINT, AccountKey, Balance, Movement, Source
from ledger.shop import queries as shop_queries
from ledger.shop.policy import receipt_text
from tests.runtimes import ZONE
from tests.world import Person, World

API = "/api/v1"
_keys = count(1)
_grants = count(1)


def new_key() -> str:
    """A key that no other request of this process has used."""
    return f"test-key-{next(_keys):06}"


def first_receipt() -> str:
    """The number of a shop's first receipt at the current time."""
    return receipt_text("LY", clock.now().astimezone(ZONE).year, 1)


def give_points(world: World, person: Person, amount: int, *, good_until: date | None = None) -> None:
    """Post points from the center's issuance, like an award; amount in minor units."""
    issuance, member = AccountKey(POINT, "issuance"), AccountKey(POINT, "member", person.volunteer_id)
    move = Movement(issuance, member, amount, "award", good_until=good_until)
    source = Source("test", f"grant-{next(_grants)}", "post")
    in_transaction(points.post, [move], source=source, actor=world.builder, reason="award")


def balance(world: World, person: Person) -> Balance:
    """A member's balance."""
    return in_snapshot(ledger.balance, AccountKey(POINT, "member", person.volunteer_id), world.center_id)


@dataclass
class Counter:
    """A shop in the world with its clerk, and requests to it over HTTP."""

    world: World
    client: FlaskClient
    shop_id: int = 0
    clerk: Person = field(init=False)

    def __post_init__(self) -> None:
        self.shop_id = self.shop_id or self.world.add_shop()
        self.clerk = self.world.add_staff("clerk")

    def member(self, points_now: int = 10_000, name: str = "王桂兰") -> Person:
        """A volunteer with points to spend."""
        person = self.world.add_volunteer(name)
        if points_now:
            give_points(self.world, person, points_now)
        return person

    def item(self, name: str = "东北大米", points_now: int = 3_000, stock: int = 10) -> int:
        """Add an item to the shelf."""
        return self.world.add_item(self.shop_id, name=name, points=points_now, stock=stock)

    def stock(self, item_id: int) -> Balance:
        """Stock of an item in the ledger."""
        view = in_snapshot(shop_queries.get_item, item_id, self.world.center_id)
        return in_snapshot(ledger.balance, view.stock_account, self.world.center_id)

    def code(self, member: Person) -> str:
        """A code as shown on a member's phone."""
        answer = self.client.post(f"{API}/payer-codes", json={}, headers=member.headers)
        assert answer.status_code == 201, answer.json
        return str(answer.json["code"])

    def send(
        self, method: str, path: str, body: Any = None, *, by: Person | None = None, key: str | None = None
    ) -> TestResponse:
        """Send a request as the clerk or somebody else, with a new key unless one is given; "" for none."""
        headers = dict((by or self.clerk).headers)
        if key != "":
            headers["Idempotency-Key"] = key or new_key()
        return self.client.open(f"{API}{path}", method=method, json={} if body is None else body, headers=headers)

    def open(self, code: str, lines: list[tuple[int, int]] | None = None, **how: Any) -> TestResponse:
        """Open a cart with a code, with lines to hold at once."""
        body: dict[str, Any] = {"shop_id": public_id(self.shop_id), "payer_code": code}
        if lines is not None:
            body["lines"] = wanted(lines)
        return self.send("POST", "/redemptions", body, **how)

    def cart(self, member: Person) -> str:
        """A cart bound to a fresh code of the member; returns its id."""
        answer = self.open(self.code(member))
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def lines(self, cart: str, lines: list[tuple[int, int]], **how: Any) -> TestResponse:
        """Put lines into the cart."""
        return self.send("PUT", f"/redemptions/{cart}/lines", {"lines": wanted(lines)}, **how)

    def step(self, cart: str, name: str, body: Any = None, **how: Any) -> TestResponse:
        """Take a step: hold, confirm, cancel or void."""
        return self.send("POST", f"/redemptions/{cart}/{name}", body, **how)

    def held(self, member: Person, lines: list[tuple[int, int]]) -> str:
        """Make a held redemption; returns its id."""
        answer = self.open(self.code(member), lines)
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def sold(self, member: Person, lines: list[tuple[int, int]]) -> str:
        """Make a confirmed redemption; returns its id."""
        cart = self.held(member, lines)
        answer = self.step(cart, "confirm")
        assert answer.status_code == 200, answer.json
        return cart

    def get(self, path: str, *, by: Person | None = None, **query: Any) -> TestResponse:
        """Read something."""
        return self.client.get(f"{API}{path}", query_string=query, headers=(by or self.clerk).headers)


def wanted(lines: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Lines in the format of the API."""
    return [{"item_id": public_id(item_id), "quantity": quantity} for item_id, quantity in lines]


def refused(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Assert that this refusal came with words on what to do next; returns its problem document."""
    problem: dict[str, Any] = answer.json or {}
    assert (answer.status_code, problem.get("code")) == (status, code), problem
    assert answer.mimetype == "application/problem+json"
    assert problem["title"], problem
    assert problem["detail"], problem
    assert "…" not in problem["title"] + problem["detail"], "a word of the sentence is missing"
    return problem
