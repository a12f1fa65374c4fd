"""Where clocks change: an hour that comes twice costs nobody an hour, and a time that never comes is refused."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from ledger.app import create_app
from ledger.checkin import queries
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.runtime import within
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody
from ledger.web import asked
from ledger.web.forms import Form
from ledger.web.problem import InvalidFields
from tests.audit.small_book import serve
from tests.browsing import Browser
from tests.conftest import settings_on
from tests.databases import sqlite_url
from tests.runtimes import RehearsalClock
from tests.world import World

ZONE = ZoneInfo("America/Los_Angeles")
# Clocks go back from two to one that night.
MIDNIGHT = datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC)

MISSING = "这个时间没有"


@pytest.fixture
def app(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Flask]:
    """A service in a zone whose clocks change."""
    url = sqlite_url(tmp_path)
    shutil.copyfile(migrated_sqlite, url.removeprefix("sqlite:///"))
    database, hands = Database(url), RehearsalClock()
    hands.instant = MIDNIGHT - timedelta(days=1)
    app = create_app(replace(settings_on(url, tmp_path), timezone=ZONE), database=database, clock=hands)
    with within(app.extensions["runtime"]):
        yield app
    database.close()


def minutes_after(app: Flask, came: float, went: float, **typed: str) -> int:
    """The minutes credited after a review, with the fields as the page showed them unless typed otherwise."""
    world = World(app.extensions["runtime"].database)
    body = RuleBody(automatic_minutes_per_day=0)
    in_transaction(rules.add_version, body, effective_from=clock.now() + timedelta(seconds=1), actor=world.builder)
    clerk, manager, volunteer = world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer()
    world.add_shift(MIDNIGHT, hours=6)
    attendance_id = serve(world, clerk, volunteer, MIDNIGHT + timedelta(minutes=came), minutes=went - came)
    browser = Browser(app.test_client(), manager)
    with clock.at(MIDNIGHT + timedelta(hours=12)):
        address = f"/reviews/{public_id(attendance_id)}"
        shown = dict(re.findall(r'name="(day|time|shown)"[^>]* value="([^"]+)"', browser.get(address).text))
        answer = browser.post(address, decision="approve", **shown | typed)
        assert answer.status_code == 303, answer.text

    def read(session: Session) -> int:
        return queries.get_attendance(session, attendance_id, world.center_id).minutes

    return in_snapshot(read)


@pytest.mark.parametrize(
    ("came", "went"),
    [(10, 165), (10, 105), (125, 165), (70, 130), (10.5, 105.75)],
    ids=["second hour", "first hour", "both in the second", "one in each", "seconds"],
)
def test_a_review_that_changes_nothing_keeps_the_recorded_end(app: Flask, came: float, went: float) -> None:
    assert minutes_after(app, came, went) == int(went - came)


def test_an_end_typed_in_the_hour_that_comes_twice_is_the_later_one(app: Flask) -> None:
    assert minutes_after(app, 10, 200, day="2026-11-01", time="01:45") == 155


@pytest.mark.parametrize(
    ("starts", "ends", "minutes"),
    [("01:30", "01:45", 75), ("00:30", "01:30", 120), ("01:30", "03:00", 150), ("23:00", "01:00", 180)],
)
def test_a_shift_begins_in_the_first_and_ends_in_the_second(app: Flask, starts: str, ends: str, minutes: int) -> None:
    day = "2026-10-31" if ends < starts else "2026-11-01"
    with app.test_request_context(method="POST", data={"day": day, "starts": starts, "ends": ends}), Form() as form:
        start, end = form.span("day", "starts", "ends")
    assert end - start == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("day", "starts", "ends", "field"),
    [
        ("2027-03-14", "02:15", "04:00", "starts"),
        ("2027-03-14", "01:00", "02:45", "ends"),
        ("2027-03-13", "22:00", "02:15", "ends"),
    ],
)
def test_a_time_that_the_clock_skips_is_refused_at_its_field(
    app: Flask, day: str, starts: str, ends: str, field: str
) -> None:
    data = {"day": day, "starts": starts, "ends": ends}
    with (
        app.test_request_context(method="POST", data=data),
        pytest.raises(InvalidFields) as refused,
        Form() as form,
    ):
        form.span("day", "starts", "ends")
    (error,) = refused.value.context["errors"]
    assert (error["field"], MISSING in error["message"]) == (field, True)


def test_a_beginning_that_the_clock_skips_is_refused(app: Flask) -> None:
    data = {"day": "2027-03-14", "time": "02:30"}
    with (
        app.test_request_context(method="POST", data=data),
        pytest.raises(InvalidFields, match=r"request\.invalid"),
        Form() as form,
    ):
        form.moment("day", "time")


def test_as_of_a_minute_that_comes_twice_is_its_later_end(app: Flask) -> None:
    with app.test_request_context(query_string={"as_of": "2026-11-01T01:30"}):
        found = asked.end_of_minute("as_of")
    assert found is not None
    assert found.astimezone(UTC) == MIDNIGHT + timedelta(minutes=151) - timedelta(microseconds=1)
    assert found.strftime("%H:%M") == "01:30"


def test_as_of_a_minute_that_the_clock_skips_is_told(app: Flask) -> None:
    with app.test_request_context(query_string={"as_of": "2027-03-14T02:30"}):
        assert asked.end_of_minute("as_of") is None
        assert MISSING in asked.unread()["as_of"]
