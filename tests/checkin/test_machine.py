"""Scans, reviews and forgotten check-outs in any order: no minute is credited twice or invented."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.orm import Session

from ledger.checkin import codes, reviewing, service
from ledger.checkin.commands import ReviewCommand
from ledger.checkin.models import Attendance, ScanEvent
from ledger.checkin.policy import minutes_by_day
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.points.book import queries as points
from ledger.points.policy import MINUTE, POINT, AccountKey
from ledger.rules import service as rules
from ledger.rules.policy import Deed, RuleBody, award
from tests.audit.small_book import verified
from tests.checkin.days import at, scan
from tests.databases import soon_on_sqlite
from tests.machines import run_machine
from tests.runtimes import ZONE
from tests.world import Person, World

_QUESTIONS = ("WALK_IN", "DWELL_TOO_SHORT", "OPEN_SESSION_ELSEWHERE")
# Shifts by station, in hours of the first day: parallel, back to back, overlapping, over midnight.
_SHIFTS = ((0, 9, 2), (0, 11, 2), (0, 10, 8), (1, 9, 4), (1, 13.5, 5), (1, 15, 8), (0, 22, 5), (0, 24, 9), (1, 26, 7))
_MOSTLY = st.sampled_from((True, True, True, False))
_PASSING = st.sampled_from((1, 5, 15, 40, 60, 90, 180))


def visits(session: Session, center_id: int) -> Sequence[Any]:
    query = sa.select(Attendance.__table__).where(Attendance.center_id == center_id)
    return [row._mapping for row in session.execute(query)]


def state(session: Session, center_id: int, people: Sequence[Person]) -> tuple[Sequence[Any], dict[int, Any], int]:
    """All attendances, each person's minutes and points in the book, and the number of stored scans."""
    keys = {
        (person.volunteer_id, unit): AccountKey(unit, "member", person.volunteer_id)
        for person in people
        for unit in (MINUTE, POINT)
    }
    found = points.balances(session, keys.values(), center_id)
    balances = {
        person.volunteer_id: tuple(found[keys[person.volunteer_id, unit]].balance for unit in (MINUTE, POINT))
        for person in people
    }
    kept = session.scalar(sa.select(sa.func.count()).where(ScanEvent.center_id == center_id)) or 0
    return visits(session, center_id), balances, kept


def union_minutes(spans: list[tuple[datetime, datetime]]) -> float:
    """Total length of the union of the spans."""
    total, reached = timedelta(), None
    for start, end in sorted(spans):
        begun = start if reached is None else max(start, reached)
        total += max(timedelta(), end - begun)
        reached = end if reached is None else max(end, reached)
    return total.total_seconds() / 60


class Scanning(RuleBasedStateMachine):
    """Two volunteers, two stations, a day and a night of shifts, and a clock that only moves forward."""

    database: Database
    automatic_minutes = 90

    @initialize()
    def begin(self) -> None:
        self.world = World(self.database)
        self.now = at(8.75)
        self.scans = 0
        self.stations = [self.world.station_id, self.world.add_station("东门站")]
        self.people = [self.world.add_volunteer("王桂兰"), self.world.add_volunteer("李建国")]
        self.manager = self.world.add_staff("station_manager", place_id=self.world.top_id)
        self.shifts = [
            self.world.add_shift(at(start), hours=hours, station_id=self.stations[station])
            for station, start, hours in _SHIFTS
        ]
        # A low limit, so that many attendances need a review.
        body = RuleBody(automatic_minutes_per_day=self.automatic_minutes)
        in_transaction(rules.add_version, body, effective_from=at(0), actor=self.world.builder)
        with clock.at(at(0)):
            self.world.sign_up(self.shifts[0], self.people[0])
            self.world.sign_up(self.shifts[3], self.people[1])

    def attempt(self, work: Any) -> None:
        """Call it now; a refusal of ours is a valid outcome."""
        with clock.at(self.now):
            try:
                work()
            except LedgerError as refusal:
                refused = refusal.code
            else:
                refused = "checkin.taken"
        assert refused.startswith(("checkin.", "access.")), refused

    @rule(
        minutes=_PASSING,
        who=st.integers(0, 1),
        where=st.integers(0, 1),
        intent=st.sampled_from(("auto", "in", "out")),
        unasked=st.booleans(),
        shift=st.one_of(st.none(), st.none(), st.integers(0, len(_SHIFTS) - 1)),
    )
    def scans_the_screen(
        self, *, minutes: int, who: int, where: int, intent: str, unasked: bool, shift: int | None
    ) -> None:
        self.now += timedelta(minutes=minutes)
        self.scans += 1
        person, station = self.people[who], self.stations[where]
        code = codes.screen_code(self.world.center_id, station, 1, self.now).code
        shift_id = None if shift is None else self.shifts[shift]
        known = {"intent": intent, "confirmed": () if unasked else _QUESTIONS, "shift_id": shift_id}
        self.attempt(lambda: scan(person, code=code, **known))

    @rule(minutes=_PASSING, who=st.integers(0, 1))
    def comes_and_goes(self, minutes: int, who: int) -> None:
        """The usual day: check in and out at the same station, all questions answered with yes."""
        for passing in (1, minutes):
            self.scans_the_screen(minutes=passing, who=who, where=who, intent="auto", unasked=False, shift=None)

    @rule()
    def the_job_runs(self) -> None:
        self.attempt(lambda: in_transaction(service.close_forgotten, self.world.center_id))

    @rule(choice=st.integers(0, 20), minutes=st.sampled_from((None, None, -30, 60, 120, 240)), approve=_MOSTLY)
    def somebody_decides(self, choice: int, minutes: int | None, approve: bool) -> None:
        waiting = [visit for visit in in_snapshot(visits, self.world.center_id) if visit["status"] == "PENDING"]
        if not waiting:
            return
        visit = waiting[choice % len(waiting)]
        ended_at = None if minutes is None else visit["opened_at"] + timedelta(minutes=minutes)
        command = ReviewCommand(visit["id"], approve=approve, ended_at=ended_at, note="查过")
        self.attempt(lambda: in_transaction(reviewing.review, command, actor=self.manager.actor))

    @rule(choice=st.integers(0, 20), who=st.integers(0, 1))
    def somebody_takes_it_back(self, choice: int, who: int) -> None:
        found = in_snapshot(visits, self.world.center_id)
        if found:
            attendance_id = found[choice % len(found)]["id"]
            self.attempt(lambda: in_transaction(service.annul, attendance_id, actor=self.people[who].actor))

    @invariant()
    def the_book_holds_what_was_given(self) -> None:
        if not hasattr(self, "people"):
            return
        found, balances, scans = in_snapshot(state, self.world.center_id, self.people)
        assert scans == self.scans, "every scan is kept"
        for person in self.people:
            own = [visit for visit in found if visit["volunteer_id"] == person.volunteer_id]
            confirmed = [visit for visit in own if visit["status"] == "CONFIRMED"]
            assert sum(visit["status"] == "OPEN" for visit in own) <= 1
            minutes, earned = balances[person.volunteer_id]
            assert minutes == sum(visit["minutes"] for visit in confirmed)
            assert minutes <= union_minutes([(visit["opened_at"], visit["closed_at"]) for visit in confirmed])
            assert earned == sum(visit["points"] for visit in confirmed)
            assert all(visit["points"] in (0, visit["minutes"] * 100 // 60) for visit in confirmed)

    def teardown(self) -> None:
        """The audit recomputes everything and finds no difference."""
        if hasattr(self, "world"):
            assert verified(self.world).difference is None


def scan_at_random(database: Database, *, examples: tuple[int, int]) -> None:
    machine = type("ScanningHere", (Scanning,), {"database": database})
    run_machine(machine, examples=examples, steps=(25, 25))


@pytest.mark.long
def test_no_order_of_events_credits_a_minute_twice(database: Database) -> None:
    scan_at_random(database, examples=(20, 150))


@soon_on_sqlite
def test_a_few_orders_of_events_credit_no_minute_twice(database: Database) -> None:
    scan_at_random(database, examples=(6, 6))


moments = st.integers(0, 3 * 24 * 60 * 60).map(lambda seconds: at(0) + timedelta(seconds=seconds))


@given(moments, moments, moments, moments, st.integers(0, 10_000))
def test_points_are_the_minutes_by_the_rate_rounded_down(
    came: datetime, left: datetime, starts: datetime, ends: datetime, rate: int
) -> None:
    came, left = sorted((came, left))
    starts, ends = sorted((starts, ends))

    earned = award(Deed(came, left, starts, ends), RuleBody(points_per_hour=rate))

    overlap = max(0.0, (min(left, ends) - max(came, starts)).total_seconds())
    assert earned.minutes == overlap // 60
    assert earned.points * 60 <= earned.minutes * rate < (earned.points + 1) * 60


@given(moments, moments)
def test_the_days_of_a_stretch_add_up_to_its_minutes(start: datetime, end: datetime) -> None:
    start, end = sorted((start, end))

    days = minutes_by_day(start, end, ZONE)

    assert sum(days.values()) == (end - start).total_seconds() // 60
    assert all(0 <= minutes <= 24 * 60 for minutes in days.values())
    local = {moment.astimezone(ZONE).date() for moment in (start, end)}
    assert not days or {min(days), max(days)} == local
