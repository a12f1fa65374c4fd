"""Every id that an operation takes, with one of another center: it answers like one that never was, with 404.

The operations come from the application's routes, the ids from their addresses, the API's document, what pages read of
their addresses, and the bodies of requests.py: a new one is tried without a line here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule as Route

from ledger.audit.verifying import service as verifying
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import new_id, parse_public_id, public_id
from ledger.web.fields import IdConverter
from tests.databases import on_sqlite
from tests.filters import heard_filters
from tests.permissions.requests import Requests, app_routes
from tests.permissions.table import undo_units
from tests.shop.counter import new_key
from tests.tour import Tour
from tests.world import Person, World

ID = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{12}")
# What an id is of, where its name does not say so.
NAMED = {
    "center": "center_id",
    "new": "identity_id",
    "owner_id": "volunteer_id",
    "parent_id": "top_id",
    "revoked": "grant_id",
    "station": "station_id",
    "transfer": "transfer_id",
}
# Operations that answer for another center too, and why.
OF_EVERY_CENTER = {
    "proof_api": "checkpoints and proofs are for everybody, whoever keeps them",
    "people.send_center": "the ticket says which centers may be chosen",
    "people.send_factor": "the ticket says which center it is for",
    "people.send_first_password": "the center goes with the code, which is looked up in it",
    "people.send_log_in": "the center goes with the phone number, which is looked up in it",
    "people_api.log_in": "the center goes with the phone number, which is looked up in it",
}
# Operation and place: why it answers an id that never was with something else than 404, and theirs with the same.
FILLS_IN = "a page that only fills in a form or marks a row; it shows nothing of another center"
LINE = "a line of a list, refused at its place"
LIKE_NOTHING: dict[tuple[str, str], str] = {
    ("audit.account", "query transfer"): FILLS_IN,
    ("audit.new_adjustment", "query transfer"): FILLS_IN,
    ("checkin.scan_page", "query station"): FILLS_IN,
    ("checkin_api.scan", "body shift_id"): "a scan is kept with its reason, whatever it names",
    ("people.export_staff", "query new"): FILLS_IN,
    ("people.export_staff", "query revoked"): FILLS_IN,
    ("people.staff", "query new"): FILLS_IN,
    ("people.staff", "query revoked"): FILLS_IN,
    ("people.revoke_card", "body volunteer_id"): "the page to go on to, which answers 404",
    ("points_api.list_accounts", "query owner_id"): "a volunteer, an item or nobody, by the kind of account",
    ("shelf_api.take_in", "body lines.0.item_id"): LINE,
    ("shop.send_new_delivery", "body item-0"): LINE,
    ("shop_api.set_lines", "body lines.0.item_id"): LINE,
    ("shop.export_receipts", "query shop_id"): "a list of nothing",
    ("shop.receipts", "query shop_id"): "a list of nothing",
}
ROLES = ("admin", "manager", "clerk", "auditor", "volunteer")
# Who reads most, and who has an own record: `make test` asks as these.
FEW = ("admin", "volunteer")


@dataclass(frozen=True)
class Place:
    """Where a request names an id: in the path, the query or the body, there by the way to it."""

    where: str
    way: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"{self.where} {'.'.join(map(str, self.way))}"


@dataclass
class Asked:
    """A request that names one id of somewhere."""

    method: str
    route: Route
    place: Place
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)


class Neighbours:
    """Two centers with one of everything each; our people ask for what is theirs."""

    def __init__(self, ours: Tour, theirs: Tour, roles: tuple[str, ...]) -> None:
        self.ours, self.theirs = Requests(ours), Requests(theirs)
        self.people = {role: ours.person(role) for role in roles}
        self.document = ours.app.test_client().get("/api/openapi.json").get_json()

    def ask_all(self) -> Iterator[Asked]:
        """Send each operation with each id of theirs and with one that never was, as each of our people."""
        for method, route in app_routes(self.ours.tour.app):
            if {route.endpoint, route.endpoint.partition(".")[0]} & OF_EVERY_CENTER.keys():
                continue
            for place in self.places(method, route):
                for kind, key in (("theirs", self.their_key(route, place)), ("never", new_id())):
                    asked = Asked(method, route, place)
                    for role, person in self.people.items():
                        asked.answers[f"{kind} {role}"] = self.send(method, route, place, key, person)
                    yield asked

    def places(self, method: str, route: Route) -> Iterator[Place]:
        """Where the operation takes ids."""
        yield from (
            Place("path", (name,))
            for name, converter in route._converters.items()
            if isinstance(converter, IdConverter)
        )
        body = self.ours.body(route.endpoint)
        yield from (Place("body", way) for way in ways_to_ids(body))
        query, members = self.documented(method, route)
        yield from (Place("body", (name,)) for name in members if name not in body)
        yield from (Place("query", (name,)) for name in query | self.read_by_page(method, route))

    def documented(self, method: str, route: Route) -> tuple[set[str], set[str]]:
        """The ids among the query parameters and the members of the body of an operation of the API."""
        path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", route.rule)
        operation = self.document["paths"].get(path, {}).get(method.lower(), {})
        query = {
            each["name"] for each in operation.get("parameters", ()) if each["in"] == "query" and is_id(each["schema"])
        }
        content = operation.get("requestBody", {}).get("content", {})
        schema = self.resolved(next(iter(content.values()))["schema"]) if content else {}
        return query, {name for name, member in schema.get("properties", {}).items() if is_id(member)}

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def read_by_page(self, method: str, route: Route) -> set[str]:
        """The ids that a page reads of its address."""
        if method != "GET" or route.rule.startswith("/api/"):
            return set()
        with heard_filters(self.ours.tour) as heard:
            for person in self.people.values():
                client = self.ours.tour.app.test_client()
                client.get(self.ours.address(route), headers=person.headers)
            return {name for name, values in heard.items() if values and ID.fullmatch(values[0])}

    def their_key(self, route: Route, place: Place) -> int:
        """What stands in this place if one of theirs asks."""
        if place.where == "body" and place.way in set(ways_to_ids(self.theirs.body(route.endpoint))):
            return parse_public_id(at(self.theirs.body(route.endpoint), place.way))
        name = str(place.way[-1])
        named = NAMED.get(name, name)
        if route.endpoint == "audit_api.verification":
            named = "verification_id"
        assert named in self.theirs.keys, f"{route.endpoint} {place}: say in NAMED what it is of"
        return int(self.theirs.keys[named])

    def send(self, method: str, route: Route, place: Place, key: int, person: Person) -> tuple[int, str]:
        """Send a good request of ours with this key in one place. Returns status and code."""
        address, body = self.ours.address(route), self.ours.body(route.endpoint)
        if place.where == "path":
            address = self.with_path(route, str(place.way[0]), key)
        elif place.where == "query":
            address += f"{'&' if '?' in address else '?'}{place.way[0]}={public_id(key)}"
        else:
            body = put(body, place.way, public_id(key))
        headers = person.headers | {"Idempotency-Key": new_key(), "Accept": "application/json"}
        sent: dict[str, Any] = {"headers": headers}
        if method != "GET" and address.startswith("/api/"):
            sent["json"] = body
        elif method != "GET":
            sent |= {"data": {"idempotency_key": new_key()} | body, "content_type": "multipart/form-data"}
        answer = self.ours.tour.app.test_client().open(address, method=method, **sent)
        return answer.status_code, (answer.get_json() or {}).get("code", "") if answer.is_json else ""

    def with_path(self, route: Route, name: str, key: int) -> str:
        """The address with this key as one of its arguments."""
        other = "verification_id" if route.endpoint == "audit_api.verification" else name
        other = "top_id" if route.endpoint == "organisations.send_new_place" else other
        kept = self.ours.keys.get(other)
        self.ours.keys[other] = key
        try:
            return self.ours.address(route)
        finally:
            self.ours.keys[other] = kept


def is_id(schema: Mapping[str, Any]) -> bool:
    """Whether a value is one of our ids, as the API's document describes them."""
    return "[0-9a-hjkmnp-tv-z]{12}" in schema.get("pattern", "")


def ways_to_ids(body: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to all ids in a body."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in inner:
        if isinstance(value, str) and ID.fullmatch(value):
            yield (*way, name)
        else:
            yield from ways_to_ids(value, (*way, name))


def at(body: Any, way: tuple[str | int, ...]) -> str:
    for name in way:
        body = body[name]
    return str(body)


def put(body: Any, way: tuple[str | int, ...], value: str) -> Any:
    """A copy of the body with another value at the end of the way."""
    if not way:
        return value
    copy = list(body) if isinstance(body, list) else dict(body)
    copy[way[0]] = put(copy.get(way[0]) if isinstance(copy, dict) else copy[way[0]], way[1:], value)  # type: ignore[index]
    return copy


def tour_of(database: Database, app: Flask) -> Tour:
    tour = Tour(World(database), app)
    tour.keys["verification_id"] = in_transaction(verifying.begin, actor=tour.person("admin").actor)["id"]
    return tour


Meet = Callable[[tuple[str, ...]], Neighbours]


@pytest.fixture
def meet(app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch) -> Meet:
    """Two centers, and those of our people who ask; from now on nothing that is asked for stays done."""

    def met(roles: tuple[str, ...]) -> Neighbours:
        neighbours = Neighbours(tour_of(database, app), tour_of(database, app), roles)
        undo_units(monkeypatch)
        return neighbours

    return met


@pytest.mark.long
@on_sqlite
def test_an_id_of_another_center_is_like_one_that_never_was(meet: Meet) -> None:
    assert_theirs_is_like_nothing(meet(ROLES))


@on_sqlite
def test_it_is_so_for_who_reads_most_and_who_reads_least(meet: Meet) -> None:
    assert_theirs_is_like_nothing(meet(FEW))


def assert_theirs_is_like_nothing(neighbours: Neighbours) -> None:
    """Fail if an operation answers one of our people another center's id otherwise than one that never was."""
    wrong, excused, tried = [], set(), 0
    asked = list(neighbours.ask_all())
    for theirs, never in zip(asked[::2], asked[1::2], strict=True):
        tried += 1
        said = {role: (theirs.answers[f"theirs {role}"], never.answers[f"never {role}"]) for role in neighbours.people}
        different = {role: both for role, both in said.items() if both[0] != both[1]}
        statuses = {status for (status, _code), _never in said.values()}
        unknown = 404 in statuses and not statuses - {403, 404}
        if not unknown:
            excused.add((theirs.route.endpoint, str(theirs.place)))
        if different or (not unknown and (theirs.route.endpoint, str(theirs.place)) not in LIKE_NOTHING):
            what = f"{theirs.method} {theirs.route.rule} ({theirs.route.endpoint}) {theirs.place}"
            wrong.append(f"{what}: {different or said}")
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong)
    assert tried > 150
    assert LIKE_NOTHING.keys() - excused == set(), "These answer 404: take them off LIKE_NOTHING."
