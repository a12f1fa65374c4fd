"""Every reason at every entrance: no rule of one way in is missing at another. A cell without a case says why."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import get_args

import pytest
from flask.testing import FlaskClient

from ledger.checkin import codes
from ledger.checkin.commands import ScanCommand
from ledger.checkin.pages import TICKET_COOKIE
from ledger.checkin.policy import Method
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.organisations import service as organisations
from ledger.people.volunteers import service as people
from tests.browsing import Browser, keep
from tests.checkin import refusals
from tests.checkin.days import Day, at, code_of, scan
from tests.checkin.entrances import ALL, CLERK, ENTRANCES, PAGES, PHONE, Case, block, close_station
from tests.databases import on_sqlite
from tests.world import Person

NO_CARD, NO_CODE = "a volunteer's own phone shows a code", "a clerk's device reads a card"
NO_CLOCK = "a page says nothing about its clock"
NO_SCREEN, ONLY_CARD = "a print has no time", "a number is no card, and is found by the person"
NO_SERIAL = "a print has one code for all"
OWN_TICKET = "the code is read in the request, so nobody else can have spent it"


@dataclass(frozen=True)
class Row:
    """A reason: what makes it true, where it is tried, and why nowhere else."""

    prepare: Callable[[Day], Case]
    at: tuple[str, ...] = ALL
    why_not: tuple[tuple[tuple[str, ...], str], ...] = ()

    def cell(self, entrance: str) -> str:
        """ "refused", or why it can't be; "" for an empty cell."""
        if entrance in self.at:
            return "refused"
        return next((why for entrances, why in self.why_not if entrance in entrances), "")


ROWS: dict[str, Row] = {}


def row(reason: str, *at: str, **why_not: str) -> Callable[[Callable[[Day], Case]], Callable[[Day], Case]]:
    """Register what makes a reason true. Names of groups in `why_not`: phone, clerk, pages, paper, number, code."""
    groups = {"phone": PHONE, "clerk": CLERK, "pages": PAGES}
    reasons = tuple((groups.get(name, (name,)), why) for name, why in why_not.items())

    def mark(prepare: Callable[[Day], Case]) -> Callable[[Day], Case]:
        ROWS[reason] = Row(prepare, at or ALL, reasons)
        return prepare

    return mark


def set_up(way: Callable[[Day], object], day: Day, *, reason: str) -> None:
    """Bring about what another test brings about; its own scan is refused and changes nothing."""
    assert code_of(lambda: way(day)) == f"checkin.{reason}"


def _as_there(reason: str, case: Case) -> None:
    """A row whose scene is that of `refusals.py`."""

    def prepare(day: Day) -> Case:
        set_up(refusals.SCANNED[reason], day, reason=reason)
        return case

    row(reason)(prepare)


for _reason, _case in {
    "dwell_too_short": Case(9.05, intent="out"),
    "not_signed_up": Case(9),
    "walk_in": Case(9),
    "not_checked_in": Case(9, intent="out"),
    "signup_cancelled": Case(9),
    "signup_waitlisted": Case(9),
    "capacity_full": Case(9),
    "wrong_station": Case(9),
    "activity_not_approved": Case(9),
    "activity_cancelled": Case(9),
    "too_early": Case(8.4),
    "too_late": Case(11),
}.items():
    _as_there(_reason, _case)


@row("open_session_elsewhere")
def _is_still_in_elsewhere(day: Day) -> Case:
    refusals.checked_in(day)
    other = day.world.add_station("东门站")
    day.world.employ(day.clerk, "clerk", place_id=other)
    day.world.add_shift(at(10), station_id=other)
    return Case(10, station_id=other, confirmed=("WALK_IN",))


@row("station_closed")
def _comes_to_a_closed_place(day: Day) -> Case:
    day.sign_up(9)
    close_station(day, 8)
    return Case(9, intent="in")


@row("person_blocked")
def _is_blocked(day: Day) -> Case:
    day.sign_up(9)
    return Case(9, person=block(day, day.volunteer))


@row("clock_wrong", *CLERK, "code", pages=NO_CLOCK)
def _says_another_century(day: Day) -> Case:
    day.sign_up(9)
    return Case(9, more={"scanned_at": "2199-01-01T00:00:00Z"})


@row("code_invalid", *PHONE, clerk=NO_CODE)
def _forges_a_code(day: Day) -> Case:
    forged = day.screen(9)[:-5] + "22222"
    return Case(9, instead=dict.fromkeys(PHONE, forged))


@row("code_expired", "page", "log-in", "code", clerk=NO_CODE, paper=NO_SCREEN)
def _sends_a_picture(day: Day) -> Case:
    return Case(9.1, instead=dict.fromkeys(PHONE, day.screen(9)))


@row("code_full", "page", "log-in", "code", clerk=NO_CODE, paper=NO_SERIAL)
def _scans_a_full_code(day: Day) -> Case:
    refusals.fill_code(day)
    return Case(9, confirmed=("CODE_FULL",))


@row("code_from_future", "page", "log-in", "code", clerk=NO_CODE, paper=NO_SCREEN)
def _scans_a_fast_screen(day: Day) -> Case:
    return Case(9, instead=dict.fromkeys(PHONE, day.screen(9.1)))


@row("code_revoked", *PHONE, clerk=NO_CODE)
def _scans_an_old_print(day: Day) -> Case:
    old = codes.paper_code(day.world.center_id, day.world.station_id, 1).code
    in_transaction(organisations.raise_code_version, day.world.station_id, actor=day.world.builder)
    return Case(9, instead=dict.fromkeys(PHONE, old))


@row("person_unknown", *PHONE, clerk=NO_CODE)
def _is_no_volunteer(day: Day) -> Case:
    return Case(9, person=day.clerk)


@row("card_unknown", *CLERK, phone=NO_CARD)
def _shows_another_card(day: Day) -> Case:
    return Case(9, instead={"card": "X" * 26, "queue": "X" * 26, "number": "00000000"})


@row("card_revoked", "card", "queue", phone=NO_CARD, number=ONLY_CARD)
def _shows_a_lost_card(day: Day) -> Case:
    in_transaction(people.issue_card, day.volunteer.volunteer_id, actor=day.world.builder)
    return Case(9)


@row("card_expired", "card", "queue", phone=NO_CARD, number=ONLY_CARD)
def _shows_an_old_card(day: Day) -> Case:
    yesterday = (at(9) - timedelta(days=1)).date()
    issue = (people.issue_card, day.volunteer.volunteer_id)
    card = in_transaction(*issue, actor=day.world.builder, expires_on=yesterday).token
    return Case(9, instead={"card": card, "queue": card})


@row("self_proxy", *CLERK, phone=NO_CARD)
def _scans_the_own_card(day: Day) -> Case:
    day.world.employ(day.volunteer, "clerk")
    return Case(9, clerk=day.volunteer)


@row("proxy_not_allowed", *CLERK, phone=NO_CARD)
def _scans_elsewhere(day: Day) -> Case:
    return Case(9, station_id=day.world.add_station("东门站"))


@row("station_needed", *CLERK, phone="a code names its station")
def _names_no_station(day: Day) -> Case:
    return Case(9, more={"station_id": None})


@row("code_used", clerk=NO_CODE, code=OWN_TICKET, paper="the ticket of a print is spent as that of a screen",
     pages="one phone has one ticket: the next test takes somebody else's")  # fmt: skip
def _never(day: Day) -> Case:
    raise AssertionError("not tried here")


ROWS["code_used"] = replace(ROWS["code_used"], at=())


@pytest.mark.parametrize("reason", [reason for reason, each in ROWS.items() if each.at])
@on_sqlite
def test_a_reason_holds_at_every_entrance(day: Day, client: FlaskClient, reason: str) -> None:
    case = ROWS[reason].prepare(day)

    told = {entrance: ENTRANCES[entrance].send(client, day, case) for entrance in ROWS[reason].at}

    assert told == dict.fromkeys(ROWS[reason].at, reason.upper())


def test_no_cell_is_empty() -> None:
    assert ROWS.keys() == refusals.SCANNED.keys()
    assert not [(reason, entrance) for reason in ROWS for entrance in ENTRANCES if not ROWS[reason].cell(entrance)]


def test_no_entrance_is_missing() -> None:
    told = {"client_scan_id", "intent", "station_id", "shift_id", "confirmed", "scanned_at"}
    ways = {each.name for each in fields(ScanCommand)} - told
    assert {entrance.way for entrance in ENTRANCES.values()} == ways
    assert {entrance.method for entrance in ENTRANCES.values()} == set(get_args(Method))
    assert set(ALL) == ENTRANCES.keys()


@on_sqlite
def test_somebody_elses_ticket_is_of_no_use_on_a_page(day: Day, client: FlaskClient) -> None:
    day.world.add_shift(at(9))
    ticket = in_snapshot(codes.read_code, day.screen(9), at(9))
    with clock.at(at(9)):
        scan(day.world.add_volunteer("李建国"), ticket=ticket, confirmed=("WALK_IN",))
        phone = Browser(client, day.volunteer)
        keep(client, TICKET_COOKIE, codes.write_ticket(ticket))
        answer = phone.post("/checkin", client_scan_id="stolen-0001", intent="auto")
        assert "已经有人用过" in phone.get(answer.location).text


def everybody_in(day: Day) -> dict[str, Person]:
    """A volunteer for each entrance, all checked in since nine."""
    inside = {entrance: day.world.add_volunteer() for entrance in ENTRANCES}
    day.sign_up(9, *inside.values())
    for person in inside.values():
        day.card(9, person)
    return inside


def stays(day: Day) -> list[tuple[str, int, str | None]]:
    return [(visit["status"], visit["minutes"], visit["review_reason"]) for visit in day.visits()]


@on_sqlite
def test_who_is_inside_a_closed_place_leaves_by_every_entrance(day: Day, client: FlaskClient) -> None:
    inside = everybody_in(day)
    close_station(day, 9.5)

    for entrance, person in inside.items():
        ENTRANCES[entrance].send(client, day, Case(10.5, person=person))

    assert stays(day) == [("CONFIRMED", 90, None)] * len(ENTRANCES)


@on_sqlite
def test_who_is_blocked_while_inside_leaves_by_every_entrance_and_waits_for_a_review(
    day: Day, client: FlaskClient
) -> None:
    inside = everybody_in(day)

    for entrance, person in inside.items():
        ENTRANCES[entrance].send(client, day, Case(10.5, person=block(day, person)))

    assert stays(day) == [("PENDING", 90, "PERSON_BLOCKED")] * len(ENTRANCES)


@on_sqlite
def test_a_closed_place_shows_no_code_and_a_clerk_finds_it_while_somebody_is_inside(
    day: Day, client: FlaskClient
) -> None:
    day.sign_up(9)
    day.card(9)
    close_station(day, 9.5)
    station = public_id(day.world.station_id)
    manager = Browser(client, day.manager)

    shown = [
        manager.get(address).status_code for address in (f"/stations/{station}/screen", f"/stations/{station}/paper")
    ]
    polled = client.get(f"/api/v1/stations/{station}/code", headers=day.manager.headers)
    assert (*shown, polled.status_code, polled.json["code"]) == (409, 409, 409, "organisations.place_closed")
    assert f'data-station-id="{station}"' in manager.get(f"/scan?station={station}").text
    day.card(10.5)
    assert station not in manager.get("/scan").text
