"""Every entrance by which a scan reaches the service, over HTTP, with what a test wants to scan there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.checkin import codes
from ledger.checkin.pages import TICKET_COOKIE
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import registered_codes, text_of
from ledger.kernel.ids import public_id
from ledger.organisations import service as organisations
from ledger.people.access import blocking
from tests.browsing import Browser, known_as, log_in, log_out
from tests.checkin.days import Day, at
from tests.world import Person

_keys = count(1)
# Long enough for a slow log-in, and within the life of a ticket.
SLOW = timedelta(minutes=4, seconds=30)
OWN_CLOCK = timedelta(minutes=7)


@dataclass
class Case:
    """What is scanned: when, where, by whom and for whom; by default the volunteer at the station."""

    hour: float
    station_id: int | None = None
    person: Person | None = None
    clerk: Person | None = None
    intent: str = "auto"
    confirmed: tuple[str, ...] = ()
    # By entrance: what stands in the place of the right code, card or number.
    instead: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entrance:
    """A way in: the member of the command it fills, the method that is stored, and how to send a scan by it."""

    way: str
    method: str
    send: Callable[[FlaskClient, Day, Case], str]


def _station(day: Day, case: Case) -> int:
    return case.station_id or day.world.station_id


def _shown(day: Day, case: Case, entrance: str) -> str:
    if entrance in case.instead:
        return case.instead[entrance]
    if entrance == "paper":
        return codes.paper_code(day.world.center_id, _station(day, case), 1).code
    return day.screen(case.hour, _station(day, case))


def _by_page(client: FlaskClient, day: Day, case: Case, *, entrance: str, waits: timedelta = timedelta(0)) -> str:
    """Open the code's address; log in, now or after a while; let the page send itself."""
    person, moment = case.person or day.volunteer, at(case.hour)
    log_out(client) if waits else log_in(client, person)
    client.delete_cookie(known_as(client, TICKET_COOKIE))
    with clock.at(moment):
        opened = client.get(f"/S/{_shown(day, case, entrance)}")
    if opened.status_code != 303:
        return _reason_on(opened)
    with clock.at(moment + waits):
        return _send_page(Browser(client, person), case)


def _send_page(phone: Browser, case: Case) -> str:
    sent = phone.post(
        "/checkin", client_scan_id=f"page-{next(_keys):08}", intent=case.intent, confirmed=list(case.confirmed)
    )
    assert sent.status_code == 303, sent.text
    return _reason_on(phone.get(sent.location))


def _reason_on(page: TestResponse) -> str:
    """The reason whose words the page says."""
    mine = [code for code in sorted(registered_codes()) if code.startswith("checkin.")]
    said = [code for code in mine if _always_said(text_of(code).zh) in page.text]
    return said[0].removeprefix("checkin.").upper() if said else page.text


def _always_said(text: str) -> str:
    """The longest piece of a sentence outside its blanks."""
    pieces = [part.rpartition("}")[2] for part in text.split("{")]
    return max(pieces, key=len)


def _by_api(client: FlaskClient, day: Day, case: Case, sent: dict[str, Any], sender: Person) -> str:
    body = {"client_scan_id": f"api-{next(_keys):08}", "intent": case.intent, "confirmed": list(case.confirmed)}
    log_out(client)
    with clock.at(at(case.hour)):
        answer = client.post("/api/v1/checkins", json=body | sent | case.more, headers=sender.headers)
    assert answer.json is not None
    return str(answer.json["reason"]) if "reason" in answer.json else answer.text


def _by_code(client: FlaskClient, day: Day, case: Case) -> str:
    return _by_api(client, day, case, {"code": _shown(day, case, "code")}, case.person or day.volunteer)


def _by_clerk(client: FlaskClient, day: Day, case: Case, *, entrance: str, scanned_at: datetime | None = None) -> str:
    person = case.person or day.volunteer
    usual = day.world.number_of(person) if entrance == "number" and person.volunteer_id else person.card
    sent = {"card": case.instead.get(entrance, usual), "station_id": public_id(_station(day, case))}
    if scanned_at is not None:
        sent["scanned_at"] = scanned_at.isoformat()
    return _by_api(client, day, case, sent, case.clerk or day.clerk)


ENTRANCES = {
    "page": Entrance("ticket", "screen", lambda *known: _by_page(*known, entrance="page")),
    "log-in": Entrance("ticket", "screen", lambda *known: _by_page(*known, entrance="log-in", waits=SLOW)),
    "paper": Entrance("ticket", "paper", lambda *known: _by_page(*known, entrance="paper")),
    "code": Entrance("code", "screen", _by_code),
    "card": Entrance("card", "card", lambda *known: _by_clerk(*known, entrance="card")),
    "number": Entrance("card", "number", lambda *known: _by_clerk(*known, entrance="number")),
    # A clerk's page keeps what it could not send and says when it was scanned.
    "queue": Entrance(
        "card",
        "card",
        lambda client, day, case: _by_clerk(client, day, case, entrance="queue", scanned_at=at(case.hour) - OWN_CLOCK),
    ),
}
PAGES = ("page", "log-in", "paper")
PHONE = (*PAGES, "code")
CLERK = ("card", "number", "queue")
ALL = (*PHONE, *CLERK)


def close_station(day: Day, hour: float) -> None:
    """Close the station at that hour."""
    with clock.at(at(hour)):
        in_transaction(organisations.close_place, day.world.station_id, actor=day.world.builder)


def block(day: Day, person: Person) -> Person:
    """Block a person, who then logs in anew."""
    in_transaction(blocking.set_status, person.volunteer_id, status="blocked", actor=day.world.builder)
    again = day.world._log_in(person.identity_id)
    return replace(person, token=again.token, actor=again.actor)
