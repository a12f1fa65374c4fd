"""A scan happened when its code was opened, by what the server saw; what a device says about its clock is a claim."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ledger.checkin import codes, queries, service
from ledger.checkin.codes import Ticket
from ledger.checkin.models import ScanEvent
from ledger.checkin.policy import scan_moment
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from tests.audit.small_book import verified
from tests.checkin.days import Day, at, code_of
from tests.checkin.entrances import ENTRANCES, SLOW, Case
from tests.databases import on_sqlite

SECOND = 1 / 3600


def opened(day: Day, hour: float) -> Ticket:
    return in_snapshot(codes.read_code, day.screen(hour), at(hour))


def events(session: Session, center_id: int) -> list[Any]:
    query = sa.select(ScanEvent.__table__).where(ScanEvent.center_id == center_id).order_by(ScanEvent.id)
    return list(session.execute(query))


@on_sqlite
def test_a_slow_log_in_takes_nothing_from_the_time_served(day: Day, client: FlaskClient, shift_id: int) -> None:
    for hour in (9, 10.5):
        ENTRANCES["log-in"].send(client, day, Case(hour))

    visit = day.visits()[0]
    assert (visit["opened_at"], visit["closed_at"], visit["minutes"]) == (at(9), at(10.5), 90)
    for event, hour in zip(in_snapshot(events, day.world.center_id), (9, 10.5), strict=True):
        assert (event.scanned_at, event.received_at) == (at(hour), at(hour) + SLOW)
    assert verified(day.world).difference is None


def test_a_check_out_scanned_in_time_is_no_forgotten_one(day: Day, shift_id: int) -> None:
    day.card(9)
    ticket = opened(day, 11.5 - SECOND)
    with clock.at(at(11.5) + timedelta(minutes=4)):
        assert in_transaction(service.close_forgotten, day.world.center_id) == 0

    left = day.by_phone(11.56, ticket=ticket)

    assert (left.reason, day.visits()[0]["status"], day.visits()[0]["minutes"]) == ("OK_OUT", "CONFIRMED", 120)


@on_sqlite
def test_a_check_in_scanned_in_time_is_not_too_late(day: Day, shift_id: int) -> None:
    ticket = opened(day, 11 - SECOND)
    assert day.by_phone(11.05, ticket=ticket).reason == "OK_IN"


@on_sqlite
def test_a_question_answered_later_keeps_the_time_of_the_first_opening(day: Day) -> None:
    day.world.add_shift(at(9))
    ticket = opened(day, 9)
    assert code_of(lambda: day.by_phone(9.02, ticket=ticket)) == "checkin.walk_in"

    day.by_phone(9.05, ticket=ticket, confirmed=("WALK_IN",))

    assert day.visits()[0]["opened_at"] == at(9)


@on_sqlite
def test_a_ticket_vouches_for_one_scan_and_what_follows_happens_now(day: Day, shift_id: int) -> None:
    ticket = opened(day, 9)
    day.by_phone(9, ticket=ticket)
    day.by_phone(9.05, ticket=ticket, intent="out", confirmed=("DWELL_TOO_SHORT",))

    assert day.visits()[0]["closed_at"] == at(9.05)


@pytest.mark.parametrize("intent", ["auto", "in", "out"])
def test_a_scan_older_than_the_last_one_is_answered_and_changes_nothing(day: Day, shift_id: int, intent: str) -> None:
    early, late = opened(day, 8.99), opened(day, 10.49)
    day.card(9)
    assert day.by_phone(9.02, ticket=early, intent=intent).reason == "ALREADY_CHECKED_IN"
    day.card(10.5)
    assert day.by_phone(10.52, ticket=late, intent=intent).reason == "ALREADY_CHECKED_OUT"

    assert [(visit["opened_at"], visit["closed_at"]) for visit in day.visits()] == [(at(9), at(10.5))]
    assert len(in_snapshot(events, day.world.center_id)) == 4


@pytest.mark.parametrize("entrance", ["code", "card", "number"])
@on_sqlite
def test_a_devices_clock_is_a_claim(day: Day, client: FlaskClient, shift_id: int, entrance: str) -> None:
    for hour, claimed in ((9, "2026-06-03T08:31:00+08:00"), (10, "2026-06-03T10:59:00+08:00")):
        ENTRANCES[entrance].send(client, day, Case(hour, more={"scanned_at": claimed}))

    visit = day.visits()[0]
    assert (visit["opened_at"], visit["closed_at"], visit["minutes"]) == (at(9), at(10), 60)
    first, second = in_snapshot(events, day.world.center_id)
    assert (first.scanned_at, second.scanned_at) == (at(9), at(10))
    assert json.loads(first.answer)["claimed_at"] == "2026-06-03T00:31:00+00:00"
    view = in_snapshot(queries.get_attendance, visit["id"], day.world.center_id)
    assert [scan.scanned_at for scan in in_snapshot(queries.scans_of, view, day.world.center_id)] == [at(9), at(10)]


@pytest.mark.parametrize(
    ("claimed", "taken"),
    [
        (timedelta(days=-3653), True),
        (timedelta(days=-3653, seconds=-1), False),
        (timedelta(days=3653), True),
        (timedelta(days=3653, seconds=1), False),
    ],
)
@on_sqlite
def test_an_absurd_claim_is_refused(day: Day, shift_id: int, claimed: timedelta, taken: bool) -> None:
    said = at(9) + claimed
    if taken:
        assert day.card(9, scanned_at=said).reason == "OK_IN"
    else:
        assert code_of(lambda: day.card(9, scanned_at=said)) == "checkin.clock_wrong"


@pytest.mark.parametrize(
    ("method", "seconds_before", "vouched"),
    [("screen", 300, True), ("screen", 301, False), ("paper", 1, True), ("paper", -1, False), ("card", 1, False)],
)
def test_only_what_a_ticket_can_tell_is_taken_from_a_stored_scan(
    method: str, seconds_before: int, vouched: bool
) -> None:
    said = at(9) - timedelta(seconds=seconds_before)
    assert scan_moment(method, said, at(9)) == (said if vouched else at(9))
