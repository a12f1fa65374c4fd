"""The crawl: what every operation answers to every role at every place, and the same as the table foresees it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule as Route
from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import ErrorText, LedgerError, register
from ledger.kernel.permissions import AT_ROOT, Permission
from ledger.kernel.unit import Unit
from ledger.people.access import credentials, sessions, staff
from ledger.people.policy import ROLES
from tests.permissions.requests import Requests
from tests.permissions.rules import RULES, Rule
from tests.shop.counter import new_key
from tests.tour import Tour
from tests.world import Person, World

# What operations ask for.
USED = frozenset(permission for rule in RULES.values() for permission in rule.permissions)
YES, DENIED, UNKNOWN, LOG_IN = "yes", "403", "404", "log in"
READABLE = {"text/html", "application/json", "application/problem+json", "text/csv", "text/plain", "image/svg+xml"}
OWN = frozenset({Permission.OWN_RECORD})
# A token of nobody: without any, a form is refused for want of its CSRF token before anybody asks who sends it.
STRANGER = {"Authorization": "Bearer nobody"}
# A unit that comes to its end is undone and answers with this, so that no request of the crawl changes anything.
register("tests", {"done": ErrorText(418, "办成了", "Done", "又撤了", "And undone")})


class Undone(LedgerError):
    """The unit did what it was asked for."""


def undo_units(monkeypatch: Any) -> None:
    """Let every unit end with Undone instead of what it returns."""
    make = Unit.__init__

    def made(self: Unit, work: Any, once: Any, *, now: Any) -> None:
        def undone(session: Session) -> None:
            work(session)
            raise Undone("tests.done")

        make(self, undone, once, now=now)

    monkeypatch.setattr(Unit, "__init__", made)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: a role held at a place, a volunteer, somebody without a role, or nobody."""

    role: str
    place: str
    person: Person | None

    @property
    def name(self) -> str:
        return self.role + (f"@{self.place}" if self.place else "")

    @property
    def held(self) -> frozenset[Permission]:
        """What the role gives at this place."""
        if self.role in ("volunteer", "other volunteer"):
            return OWN
        whole = self.place in ("root", "elsewhere")
        return ROLES.get(self.role, frozenset()) - (frozenset() if whole else AT_ROOT)


def people(tour: Tour) -> list[Who]:
    """Everybody who asks. "elsewhere" is another center, where they have the role for the whole center."""
    world, other = tour.world, World(tour.world.database)
    places = {"root": world.top_id, "own": world.station_id, "far": world.add_station("远山站")}
    found = [Who("nobody", "", None), Who("no role", "", _without_role(world))]
    found += [
        Who("volunteer", "own", tour.person("volunteer")),
        Who("other volunteer", "own", world.add_volunteer("李四")),
    ]
    found.append(Who("volunteer", "elsewhere", other.add_volunteer("李四")))
    for role in ROLES:
        found += [
            Who(role, place, _hired(world, role, place_id)) for place, place_id in places.items() if asked(role, place)
        ]
        if asked(role, "elsewhere"):
            found.append(Who(role, "elsewhere", _hired(other, role, other.top_id)))
    return found


def asked(role: str, place: str) -> bool:
    """Whether to ask a role at a place: for the whole center, or if it holds there what an operation asks for."""
    return place == "root" or bool(Who(role, place, None).held & USED)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one operation answers to one person."""

    method: str
    rule: str
    endpoint: str
    who: Who
    answer: str
    status: int
    shows: bool


def may_read_the_person(who: Who) -> bool:
    """Whether somebody may read the volunteer's full name and phone: they themselves, and who manages their place."""
    return (who.role, who.place) == ("volunteer", "own") or (
        Permission.MANAGE_VOLUNTEERS in who.held and who.place in ("root", "own")
    )


def some_of(everybody: list[Who], endpoint: str) -> list[Who]:
    """For each answer that the table foresees, who gets it: the first, and another that differs by operation."""
    alike: dict[str, list[Who]] = defaultdict(list)
    for who in everybody:
        alike[foreseen(RULES[endpoint], who)].append(who)
    turn = crc32(endpoint.encode())
    chosen = ((group, {0, turn % len(group), len(group) - 1}) for group in alike.values())
    return [group[number] for group, numbers in chosen for number in sorted(numbers)]


def all_of(everybody: list[Who], _endpoint: str) -> list[Who]:
    """Everybody, whatever the operation."""
    return everybody


Choice = Callable[[list[Who], str], list[Who]]


def crawl(
    requests: Requests, routes: list[tuple[str, Route]], everybody: list[Who], choose: Choice = all_of
) -> Iterator[Cell]:
    """Send every operation as everybody chosen for it."""
    for method, route in routes:
        address = requests.address(route)
        for who in choose(everybody, route.endpoint):
            client = requests.tour.app.test_client()
            answer = _send(client, method, address, requests.body(route.endpoint), who)
            word = _read(answer.status_code, answer.location or "")
            shows = any(each in answer.text for each in requests.private) if answer.mimetype in READABLE else False
            yield Cell(method, route.rule, route.endpoint, who, word, answer.status_code, shows)


def foreseen(rule: Rule, who: Who) -> str:
    """What the table says of an operation and a person."""
    if rule.where == "anybody":
        return YES
    if who.role in ("nobody", "no role"):
        return LOG_IN
    if rule.where == "known":
        return UNKNOWN if rule.names and who.place == "elsewhere" else YES
    let_in = rule.lets_in is None or bool(who.held & {*rule.permissions, *rule.lets_in})
    if not let_in and not (rule.owner and who.held & OWN):
        return DENIED
    if rule.where in ("anywhere", "uploader"):
        near = not (rule.names and who.place == "elsewhere")
        return YES if near and rule.where == "anywhere" else UNKNOWN
    return _of_the_thing(rule, who)


def _of_the_thing(rule: Rule, who: Who) -> str:
    if rule.names and who.place == "elsewhere":
        return UNKNOWN
    whole = rule.where == "root" or bool(set(rule.permissions) & AT_ROOT and not set(rule.permissions) - AT_ROOT)
    near = who.place in ("root", "elsewhere") if whole else who.place != "far"
    if (near and who.held & set(rule.permissions)) or (rule.owner and who.role == "volunteer"):
        return DENIED if rule.where == "maker" else YES
    return UNKNOWN if rule.hidden else DENIED


def _send(client: FlaskClient, method: str, address: str, body: Any, who: Who) -> TestResponse:
    headers = {"Idempotency-Key": new_key()} | (who.person.headers if who.person is not None else STRANGER)
    sent: dict[str, Any] = {"headers": headers}
    if method != "GET" and address.startswith("/api/"):
        sent["json"] = body
    elif method != "GET":
        sent |= {"data": {"idempotency_key": new_key()} | body, "content_type": "multipart/form-data"}
    return client.open(address, method=method, **sent)


def _read(status: int, location: str) -> str:
    """The answer in a word of the table; a refusal by a rule of business comes after the permission."""
    if status == 401 or (status in (302, 303) and "/log-in" in location):
        return LOG_IN
    return {403: DENIED, 404: UNKNOWN}.get(status, YES)


def _hired(world: World, role: str, place_id: int) -> Person:
    return world.add_staff(role, place_id=place_id, valid_until=clock.today() + timedelta(days=1))


def _without_role(world: World) -> Person:
    """Somebody whose role was revoked, by whatever session: the revocation itself ends those that there are."""
    person = world.add_staff("clerk")
    [role] = in_snapshot(sessions.roles_of, person.identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=world.builder)
    opened = in_transaction(credentials.open_session, person.identity_id, kind="device", center_id=world.center_id)
    person.token = opened.token
    return person
