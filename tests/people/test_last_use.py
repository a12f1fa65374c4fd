"""When a log-in ends without use, what counts as use, and that one of former staff opens nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ledger.audit.verifying import service as verifying
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.unit import Unit
from ledger.people.access import credentials, sessions, staff
from ledger.people.access.tokens import read_token
from ledger.people.models import LoginSession
from ledger.web.cookies import SESSION
from ledger.web.guard import needs_login
from tests.browsing import Browser, keep, known_as
from tests.databases import on_sqlite
from tests.permissions.requests import Requests, app_routes
from tests.runtimes import CLOCK
from tests.source import ROOT
from tests.tour import Tour
from tests.world import Person, World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# What scripts ask for at intervals, by script; nothing where the interval only draws, or sends what a person did.
ASKED_BY_ITSELF: dict[str, tuple[str, ...]] = {
    "payer-code.js": ("shop_api.issue_payer_code",),
    "scan-page.js": (),
    "station-screen.js": ("checkin_api.station_code", "checkin_api.arrivals"),
    "till-pane.js": (),
    "verification.js": ("audit_api.verification",),
}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], datetime]:
    """Moves the clock of all threads ahead."""

    def move(by: timedelta) -> datetime:
        monkeypatch.setattr(CLOCK, "instant", clock.now() + by)
        return clock.now()

    return move


def logged_in(world: World, person: Person) -> Person:
    """The person with a log-in that was opened just now and is used by nobody."""
    opened = in_transaction(credentials.open_session, person.identity_id, kind="device", center_id=world.center_id)
    person.token = opened.token
    return person


def used_at(person: Person) -> datetime:
    """The last noted use of the person's log-in."""
    return in_snapshot(_used_at, person.token)


def _used_at(session: Session, token: str) -> datetime:
    key = read_token(token)
    assert key is not None
    found: datetime = session.scalars(
        sa.select(LoginSession.used_at).where(
            LoginSession.center_id == key.center_id, LoginSession.token_hash == key.token_hash
        )
    ).one()
    return found


def is_open(person: Person) -> bool:
    return in_snapshot(sessions.load_actor, person.token) is not None


@pytest.mark.parametrize(("role", "ends"), [("clerk", 12 * HOUR), ("auditor", 12 * HOUR), ("", 30 * DAY)])
def test_a_log_in_ends_when_it_was_not_used_for_so_long(world: World, role: str, ends: timedelta) -> None:
    person = logged_in(world, world.add_staff(role) if role else world.add_volunteer())
    first = used_at(person)
    for use in (first, first + ends - MINUTE):
        with clock.at(use):
            assert in_transaction(credentials.note_use, person.token) == use + ends
    with clock.at(first + 2 * ends - 2 * MINUTE):
        assert is_open(person)
    with clock.at(first + 2 * ends - MINUTE):
        assert not is_open(person)
        assert in_transaction(credentials.note_use, person.token) is None
    assert used_at(person) == first + ends - MINUTE


def test_a_log_in_that_was_ended_is_not_used(world: World) -> None:
    person = world.add_volunteer()
    in_transaction(credentials.revoke_session, person.token)
    assert in_transaction(credentials.note_use, person.token) is None
    assert in_transaction(credentials.note_use, "no such token") is None


@on_sqlite
@pytest.mark.parametrize(("role", "noted"), [("clerk", 15 * MINUTE), ("", DAY)])
def test_use_is_noted_rarely_and_in_a_unit_of_its_own(
    world: World, client: FlaskClient, later: Callable[[timedelta], datetime], role: str, noted: timedelta
) -> None:
    person = logged_in(world, world.add_staff(role) if role else world.add_volunteer())
    first = used_at(person)
    later(noted - 2 * MINUTE)
    assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    assert used_at(person) == first
    now = later(2 * MINUTE)
    assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    assert used_at(person) == now
    later(MINUTE)
    assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    assert used_at(person) == now


@on_sqlite
def test_the_cookie_lasts_as_long_as_the_log_in(
    world: World, client: FlaskClient, later: Callable[[timedelta], datetime]
) -> None:
    person = logged_in(world, world.add_staff("clerk"))
    browser = Browser(client, person)
    assert "Max-Age" not in str(browser.get("/today").headers.getlist("Set-Cookie"))
    later(HOUR)
    (given,) = (text for text in browser.get("/today").headers.getlist("Set-Cookie") if person.token in text)
    assert "Max-Age=43200" in given
    assert "HttpOnly" in given
    later(11 * HOUR)
    assert browser.get("/today").status_code == 200
    later(12 * HOUR)
    assert browser.get("/today").status_code in (302, 303, 401)


@on_sqlite
def test_a_log_out_leaves_no_cookie_behind(
    world: World, client: FlaskClient, later: Callable[[timedelta], datetime]
) -> None:
    person = logged_in(world, world.add_staff("clerk"))
    browser = Browser(client, person)
    later(HOUR)
    assert browser.post("/log-out").status_code == 303
    assert client.get_cookie(known_as(client, SESSION)) is None
    keep(client, SESSION, person.token)
    assert not is_open(person)


@on_sqlite
def test_a_use_that_can_not_be_noted_takes_nothing_from_the_answer(
    world: World,
    client: FlaskClient,
    later: Callable[[timedelta], datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = logged_in(world, world.add_staff("clerk"))
    first = used_at(person)
    later(HOUR)

    def fails(_unit: Unit, *_args: object) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(world.database, "run_unit", fails)
        assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    assert used_at(person) == first


@on_sqlite
def test_what_a_page_asks_by_itself_is_no_use(
    world: World, client: FlaskClient, later: Callable[[timedelta], datetime]
) -> None:
    person = logged_in(world, world.add_staff("station_manager"))
    first = used_at(person)
    later(HOUR)
    code = f"/api/v1/stations/{public_id(world.station_id)}/code"
    assert client.get(code, headers=person.headers).status_code == 200
    assert used_at(person) == first


@on_sqlite
def test_every_script_that_asks_at_intervals_asks_a_view_marked_so(app: Flask) -> None:
    folder = ROOT / "ledger" / "static" / "js"
    asking = {path.name for path in folder.glob("*.js") if "setInterval(" in path.read_text(encoding="utf-8")}
    assert asking == ASKED_BY_ITSELF.keys(), "Say what it asks for, and mark that view with @poll."
    marked = {name for name, view in app.view_functions.items() if getattr(view, "is_poll", False)}
    assert marked == {name for names in ASKED_BY_ITSELF.values() for name in names}


@on_sqlite
@pytest.mark.parametrize("how", ["revoked", "over"])
def test_a_log_in_of_former_staff_opens_nothing(
    world: World, app: Flask, later: Callable[[timedelta], datetime], how: str
) -> None:
    person = _former(world, how, later)
    tour = Tour(world, app)
    tour.keys["verification_id"] = in_transaction(verifying.begin, actor=tour.person("admin").actor)["id"]
    requests = Requests(tour)
    client, let_in = app.test_client(), []
    routes = [route for method, route in app_routes(app) if method == "GET"]
    closed = [route for route in routes if needs_login(app.view_functions[route.endpoint])]
    assert len(closed) > 40
    for route in closed:
        answer = client.get(requests.address(route), headers=person.headers | {"Accept": "application/json"})
        if answer.status_code != 401 and "/log-in" not in (answer.location or ""):
            let_in.append(f"{route.rule}: {answer.status_code}")
    assert let_in == []


def _former(world: World, how: str, later: Callable[[timedelta], datetime]) -> Person:
    """A clerk whose role was revoked, or whose last day is over, with a log-in from afterwards."""
    person = world.add_staff("clerk", valid_until=clock.today())
    assert is_open(person)
    if how == "revoked":
        (role,) = in_snapshot(sessions.roles_of, person.identity_id, world.center_id)
        in_transaction(staff.revoke_role, role.id, actor=world.builder)
    else:
        later(DAY)
    return logged_in(world, person)


@on_sqlite
def test_former_staff_who_volunteer_keep_their_own_record(world: World, client: FlaskClient) -> None:
    person = world.add_staff("clerk")
    world.enlist(person)
    (role,) = in_snapshot(sessions.roles_of, person.identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=world.builder)
    logged_in(world, person)
    answer = client.get("/api/v1/me", headers=person.headers)
    assert answer.status_code == 200
    assert answer.get_json()["roles"] == []
    assert client.get("/till", headers=person.headers).status_code == 403
