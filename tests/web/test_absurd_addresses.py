"""Every GET with absurd values in its address: always a page or a readable problem, never a fault.

The test records which parameters the application reads while it answers. So a new parameter is tried as soon as code
reads it.
"""

import ast
import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask, Request, Response, request, request_finished
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.points.models import Transfer
from ledger.web import asked as address
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.filters import names_in_the_source
from tests.forms import PageForms
from tests.source import dotted, package
from tests.test_every_page import FOR_MACHINES, PAGES
from tests.tour import Tour
from tests.web.odd_paths import LOOKED_UP as LOOKED_UP_IN_PATHS
from tests.web.odd_paths import QUERY, TEXTS, odd_paths
from tests.world import Person, World

LOOKERS = ("admin", "auditor", "manager", "clerk", "volunteer", "anybody")
ABSURD = (
    *("", "x\x00", "9" * 30, "x" * 10_000, "'\"<%", "\ud83d\ude00\n", "9999-12-31", "0001-01-01", "2199-12-31"),
    *("9999-12-31T23:59", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", public_id((1 << 63) - 1)),
)
# One of each kind; `make test` tries only these.
BRIEF = ("x\x00", "9" * 30, "'\"<%", "9999-12-31", public_id((1 << 63) - 1))
# Values that databases treat differently; PostgreSQL gets only these.
LOOKED_UP = ("x\x00", "9" * 30, "2199-12-31", public_id((1 << 63) - 1), "\ud83d\ude00")
CURSORS: tuple[Any, ...] = (
    *(["x\x00", 5], [(1 << 63) - 1, (1 << 63) - 1], ["2199-12-31T23:59:59+00:00", 1], ["\ud800", 5], [1.5, 1.5]),
    *([], {}, [None, None], [[], {}], [True, 1], [-1, -1], [1 << 70, 1 << 70]),
    *(["0001-01-01T00:00:00+14:00", 1], ["9999-12-31T23:59:59-14:00", 1], ["2026-06-03T08:52:00", 1]),
)
BROKEN = ("?", "W10", "\x00", base64.urlsafe_b64encode(b"[" * 3_000).decode())
SORTS = ("", "--", "-", "recorded_at;", "id\x00", "x" * 5_000)
# Names with a meaning for Flask's url_for.
ARGUMENTS = ("_external", "_anchor", "_method", "_scheme", "endpoint", "self", "values")


class Heard(ImmutableMultiDict[str, str]):
    """Query parameters that record which names were read."""

    names: ClassVar[set[str]] = set()

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self.names.add(key)
        return super().get(key, *args, **kwargs)

    def getlist(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self.names.add(key)
        return super().getlist(key, *args, **kwargs)

    def __getitem__(self, key: str) -> str:
        self.names.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return super().__contains__(key)


class Listening(Request):
    """A request whose query parameters are recorded."""

    parameter_storage_class = Heard  # type: ignore[assignment]


@dataclass(frozen=True)
class Asked:
    """An address without its query, and the person who requests it."""

    rule: Rule
    path: str
    person: Person | None


@pytest.fixture
def tour(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Tour:
    """A center with one of everything, in an application that records parameters."""
    monkeypatch.setattr(app, "request_class", Listening)
    Heard.names.clear()
    return Tour(world, app)


def keys_of(tour: Tour) -> dict[str, Any]:
    """Values for the variables of paths, by name."""
    found = in_snapshot(_account_and_batch, tour.world.center_id)
    return tour.keys | found | {"center_id": tour.world.center_id, "size": 1, "reference": tour.voucher, "code": "x"}


def _account_and_batch(session: Session, center_id: int) -> dict[str, int]:
    columns = (Transfer.debit_account_id, Transfer.batch_id)
    account_id, batch_id = session.execute(sa.select(*columns).where(Transfer.center_id == center_id).limit(1)).one()
    return {"account_id": account_id, "batch_id": batch_id}


def path_of(rule: Rule, tour: Tour, keys: dict[str, Any]) -> str:
    """The address of a rule; an unused id stands for what the tour lacks."""
    made = PAGES.get(rule.endpoint, ("", None))[1]
    if made is not None:
        return made(tour).partition("?")[0]
    files = sorted(getattr(rule._converters.get("kind"), "items", ()) or ("csv",))
    values = {name: files[0] if name == "kind" else keys.get(name, 5) for name in rule.arguments}
    with tour.app.test_request_context():
        built = rule.build(values)
    assert built is not None, rule
    return built[1]


def everything_asked(tour: Tour, client: FlaskClient) -> Iterator[Asked]:
    """Every GET, each with the first person who may see it."""
    keys = keys_of(tour)
    for rule in tour.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in FOR_MACHINES:
            continue
        path = path_of(rule, tour, keys)
        answers = ((tour.people[name], client.get(path, headers=headers_of(tour.people[name]))) for name in LOOKERS)
        person = next((person for person, answer in answers if answer.status_code in (200, 409)), tour.people["admin"])
        yield Asked(rule, path, person)


def headers_of(person: Person | None) -> dict[str, str]:
    return person.headers if person is not None else {}


def values_for(name: str, values: tuple[str, ...]) -> list[str]:
    """Values to try for a parameter."""
    if name == "after":
        cursors = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in CURSORS]
        return [*BROKEN, *cursors] if values is ABSURD else cursors[:5]
    return list(SORTS if values is ABSURD else SORTS[-2:]) if name == "sort" else list(values)


def emptied(page: PageForms) -> Iterator[str]:
    """Fields that lost what was typed into them."""
    shown = {each.name: each.value for form in page.forms if form.method == "get" for each in form.typed}
    for name in address.unread():
        if name in shown and shown[name].splitlines() != request.args[name].splitlines():
            yield f"{name} came back as {shown[name][:40]!r}"


@contextmanager
def unsaid_by(app: Flask) -> Iterator[list[str]]:
    """Pages that didn't report an unreadable parameter by its label, with a link to it and what was typed in it."""
    found: list[str] = []

    def look(_app: Flask, response: Response) -> None:
        said = [str(escape(words)) in response.get_data(as_text=True) for words in address.unread().values()]
        if response.status_code == 200 and said:
            page = PageForms(response.get_data(as_text=True))
            faults = [*page.faults_in_summaries(), *(["unsaid"] if not all(said) else []), *emptied(page)]
            found.extend(f"{request.full_path[:80]}: {fault}" for fault in faults)

    with request_finished.connected_to(look, app):
        yield found


def faults_of(asked: Asked, client: FlaskClient, values: tuple[str, ...], tried: set[str]) -> Iterator[str]:
    """Faults of an address, tried with every parameter that it reads."""
    Heard.names.clear()
    own = [*ARGUMENTS, *asked.rule.arguments]
    queries = ["", urlencode(dict.fromkeys(own, "x"))]
    done: set[str] = set()
    while queries:
        for query in queries:
            answer = client.get(f"{asked.path}?{query}", headers=headers_of(asked.person))
            if answer.status_code >= 500:
                yield f"{asked.path}?{query[:80]}: {answer.status_code}"
        fresh = sorted(Heard.names - done)
        done |= Heard.names
        queries = [
            urlencode({name: each}, errors="surrogatepass") for name in fresh for each in values_for(name, values)
        ]
    tried |= done


def faults_of_path(asked: Asked, client: FlaskClient, paths: Iterable[str]) -> Iterator[str]:
    """Faults of a rule at these paths, for the person who may see it."""
    for path in paths:
        answer = client.get(path, headers=headers_of(asked.person))
        if answer.status_code >= 500:
            yield f"{path[:120]}: {answer.status_code}"


@pytest.mark.long
@on_sqlite
def test_no_address_is_answered_by_a_fault(tour: Tour, client: FlaskClient) -> None:
    assert_no_faults(tour, client, ABSURD, TEXTS)


@on_sqlite
def test_no_address_is_answered_by_a_fault_of_the_usual_kinds(tour: Tour, client: FlaskClient) -> None:
    assert_no_faults(tour, client, BRIEF, LOOKED_UP_IN_PATHS)


def assert_no_faults(tour: Tour, client: FlaskClient, values: tuple[str, ...], texts: tuple[str, ...]) -> None:
    """Try every address with these values in its query, and with these texts in its path."""
    tried: set[str] = set()
    addresses = list(everything_asked(tour, client))
    elsewhere = keys_of(other := Tour(World(tour.world.database), tour.app))
    odd = (
        fault
        for asked in addresses
        for paths in (
            odd_paths(asked.rule, asked.path, texts),
            (f"{asked.path}?{QUERY}", path_of(asked.rule, other, elsewhere)),
        )
        for fault in faults_of_path(asked, client, paths)
    )
    assert list(odd) == []
    with unsaid_by(tour.app) as unsaid:
        faults = [fault for asked in addresses for fault in faults_of(asked, client, values, tried)]

    assert len(addresses) > 100
    assert not faults, "\n".join(faults)
    assert unsaid == []
    assert names_in_the_source() - tried == set(), "no page of the tour asks for these: they are not tried"
    assert {"after", "sort", "limit", "since", "effective_until"} <= tried


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True, scope="session")
def test_nor_by_one_of_postgresql(tour: Tour, client: FlaskClient) -> None:
    addresses = list(everything_asked(tour, client))
    assert [fault for asked in addresses for fault in faults_of(asked, client, LOOKED_UP, set())] == []
    odd = ((asked, odd_paths(asked.rule, asked.path, LOOKED_UP_IN_PATHS)) for asked in addresses)
    assert [fault for asked, paths in odd for fault in faults_of_path(asked, client, paths)] == []


@on_sqlite
def test_a_page_says_what_of_its_address_it_could_not_read(world: World, client: FlaskClient) -> None:
    clerk = Browser(client, world.add_staff("clerk"))
    pages = {
        f"/stations/{public_id(world.station_id)}/attendances": ("to=9999-12-31", "from=0001-01-01", "status=x"),
        "/receipts": ("since=0001-01-01", "until=9999-12-31", "status=CART", "receipt=" + "x" * 21),
    }
    for path, queries in pages.items():
        for query in queries:
            page, file = clerk.get(f"{path}?{query}"), clerk.get(f"{path}.csv?{query}")
            assert (page.status_code, file.status_code) == (200, 422), query
            assert f'href="#{query.partition("=")[0]}"' in page.text
            assert "看不懂，没有用上" in page.text
            assert "看不懂，没有用上" in file.text
        assert "看不懂" not in clerk.get(path).text
    shop = clerk.get("/receipts?shop_id=x")
    assert (shop.status_code, "编号不对" in shop.text) == (422, True)


def test_forms_and_addresses_are_read_by_their_readers_alone() -> None:
    found = [
        source.at(node)
        for source in package()
        if not source.path.startswith("ledger/web/")
        for node in source.nodes()
        if isinstance(node, ast.Attribute) and dotted(node) in ("request.args", "request.form", "request.values")
    ]
    assert found == [], "read it through ledger.web.forms or ledger.web.asked"
