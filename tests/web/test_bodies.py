"""How much a request may carry, at every route: bytes by who sends it, fields, parameters, members of JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import PathConverter, Rule, UnicodeConverter

from ledger.web import bodies, bounded_json
from ledger.web.bodies import FOR_PEOPLE, FOR_STRANGERS, MOST_FIELDS, MOST_PARAMETERS
from ledger.web.guard import needs_login
from ledger.web.problem import MOST_NAMED
from tests.databases import on_sqlite
from tests.world import Person, World

pytestmark = on_sqlite
KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
UPLOAD = "/volunteers/import"


@pytest.fixture
def everybody(world: World) -> Person:
    """An admin who also volunteers."""
    person = world.add_volunteer("周全")
    world.employ(person, "admin", place_id=world.top_id)
    return person


@pytest.fixture
def ran(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The endpoints whose view has run since, of all that there are; none does anything."""
    called: list[str] = []

    def standing_in(endpoint: str, view: Callable[..., Any]) -> Callable[..., str]:
        def stand_in(**_known: Any) -> str:
            called.append(endpoint)
            return ""

        stand_in.__dict__.update(view.__dict__)
        return stand_in

    for endpoint, view in app.view_functions.items():
        monkeypatch.setitem(app.view_functions, endpoint, standing_in(endpoint, view))
    return called


Address = tuple[str, str]


def addresses(app: Flask) -> dict[Address, object]:
    """Each route with each method that it takes, at some address, and its view."""
    adapter = app.url_map.bind("127.0.0.1")
    found: dict[Address, object] = {}
    for rule in app.url_map.iter_rules():
        known = {name: _some(rule, name) for name in rule.arguments}
        for method in rule.methods or ():
            path = adapter.build(rule.endpoint, known, method=method)
            # Several views at one path share OPTIONS: one of them answers it.
            endpoint, _ = adapter.match(path, method)
            found[method, path] = app.view_functions[endpoint]
    return found


def unlike(answers: dict[Address, int], expected: Callable[[Address], int]) -> dict[Address, int]:
    """The answers that have another status."""
    return {address: status for address, status in answers.items() if status != expected(address)}


def _some(rule: Rule, name: str) -> object:
    converter = rule._converters[name]
    if known := getattr(converter, "items", None):
        return min(known)
    return "x" if isinstance(converter, UnicodeConverter | PathConverter) else 1


@dataclass(frozen=True)
class Sender:
    """Somebody who sends bodies of one kind."""

    client: FlaskClient
    person: Person | None = None
    kind: str = "text/plain"

    def send(self, method: str, path: str, length: int) -> int:
        """The status of the answer to a body of so many bytes."""
        headers = self.person.headers if self.person else {}
        answer = self.client.open(path, method=method, data=b"0" * length, content_type=self.kind, headers=headers)
        return answer.status_code


@pytest.mark.parametrize("kind", KINDS)
def test_every_route_refuses_what_a_stranger_may_not_send(
    app: Flask, client: FlaskClient, ran: list[str], kind: str
) -> None:
    views = addresses(app)
    stranger = Sender(client, kind=kind)

    def expected(address: Address) -> int:
        """Where a log-in is needed in any case, that is said, to a browser by the page for it."""
        if not needs_login(views[address]):
            return 413
        return 302 if address[0] == "GET" and not address[1].startswith("/api/") else 401

    assert unlike({address: stranger.send(*address, FOR_STRANGERS + 1) for address in views}, expected) == {}
    assert ran == []
    assert len(views) > 200


def test_every_route_refuses_what_people_may_not_send(
    app: Flask, client: FlaskClient, ran: list[str], everybody: Person
) -> None:
    sender = Sender(client, everybody)
    sent = [address for address in addresses(app) if address != ("POST", UPLOAD)]

    assert unlike({address: sender.send(*address, FOR_PEOPLE + 1) for address in sent}, lambda _: 413) == {}
    assert ran == []


def test_a_file_is_taken_where_one_is_read_from_those_who_may_send_it(
    app: Flask, client: FlaskClient, ran: list[str], everybody: Person, world: World
) -> None:
    marked = {endpoint: view.most_bytes for endpoint, view in app.view_functions.items() if hasattr(view, "most_bytes")}
    sender, other = Sender(client, everybody), Sender(client, world.add_volunteer("李四"))

    assert marked.keys() == {"organisations.upload"}
    most = marked["organisations.upload"]
    assert sender.send("POST", UPLOAD, most + 1) == 413
    assert other.send("POST", UPLOAD, FOR_PEOPLE + 1) == 413
    assert ran == []
    assert sender.send("POST", UPLOAD, most) == 200
    assert ran == ["organisations.upload"]


def test_a_body_whose_length_is_not_told_is_counted(client: FlaskClient, everybody: Person) -> None:
    def status(length: int, headers: dict[str, str]) -> int:
        untold = {"wsgi.input": BytesIO(b" " * length), "wsgi.input_terminated": True}
        told = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"} | headers
        return client.post("/api/v1/places", environ_overrides=untold, headers=told).status_code

    assert status(FOR_PEOPLE + 1, everybody.headers) == 413
    assert status(FOR_STRANGERS + 1, everybody.headers) == 400
    assert status(FOR_STRANGERS + 1, {}) == 401


def test_forms_and_addresses_have_so_many_fields(client: FlaskClient) -> None:
    def status(fields: int, parameters: int) -> int:
        return client.post(f"/log-out?{'a&' * (parameters - 1)}", data={f"f{n}": "" for n in range(fields)}).status_code

    usual = status(MOST_FIELDS, MOST_PARAMETERS)
    assert usual not in (400, 413)
    assert (status(MOST_FIELDS + 1, 1), status(1, MOST_PARAMETERS + 1)) == (400, 400)


def test_a_form_in_parts_has_so_many_fields(client: FlaskClient) -> None:
    many = {f"f{number}": (BytesIO(b""), "x") for number in range(MOST_FIELDS + 1)}

    assert client.post("/log-in", data=many).status_code == 413


def test_an_answer_names_a_page_of_errors_and_counts_all(client: FlaskClient, everybody: Person) -> None:
    unknown = {f"colour{number}": number for number in range(150)}
    answer = client.post("/api/v1/places", json=unknown, headers=everybody.headers).json

    assert answer is not None
    assert len(answer["errors"]) == MOST_NAMED
    assert answer["count"] > len(unknown)


def test_json_is_not_read_for_whoever_may_not_send_it(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_json, "check", lambda _body: pytest.fail("read before anybody was known"))

    assert client.post("/api/v1/places", json={"name": "x"}).status_code == 401


def test_a_look_at_the_head_tells_what_a_body_may_have(app: Flask, everybody: Person, world: World) -> None:
    def most(path: str, person: Person | None, method: str = "POST") -> int:
        with app.test_request_context(path, method=method, headers=person.headers if person else {}) as context:
            environ = context.request.environ
        return bodies.most_bytes_of(app, environ)

    volunteer = world.add_volunteer("李四")
    assert most(UPLOAD, None) == most("/no-such-page", None) == FOR_STRANGERS
    assert most(UPLOAD, everybody) == app.view_functions["organisations.upload"].most_bytes  # type: ignore[attr-defined]
    assert most(UPLOAD, volunteer) == most(UPLOAD, everybody, "GET") == most("/no-such-page", everybody) == FOR_PEOPLE
