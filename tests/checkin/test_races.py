"""Many scans at the same moment, through two instances of the database with their own connections."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin.models import Attendance, ScanEvent
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.points.book import queries as points
from tests.at_once import at_once, failures
from tests.checkin.days import Day, at, scan
from tests.runtimes import use_database
from tests.world import Person, World

TIMES = 40


@pytest.fixture
def two(own_database: Database) -> Iterator[tuple[Database, Database]]:
    """The database, opened twice."""
    other = Database(own_database.url)
    yield own_database, other
    other.close()


@pytest.fixture
def day(two: tuple[Database, Database]) -> Day:
    world = World(two[0])
    return Day(world, world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer())


def through(database: Database, hour: float, work: Callable[[], Any]) -> Any:
    use_database(database)
    with clock.at(at(hour)):
        return work()


def card(day: Day, person: Person, **known: Any) -> Callable[[], Any]:
    return partial(scan, day.clerk, card=person.card, station_id=day.world.station_id, **known)


def counts(session: Session, center_id: int) -> tuple[Counter[str], Counter[str]]:
    """Number of attendances by status, and of scans by reason."""
    statuses = session.scalars(sa.select(Attendance.status).where(Attendance.center_id == center_id))
    reasons = session.scalars(sa.select(ScanEvent.reason).where(ScanEvent.center_id == center_id))
    return Counter(statuses), Counter(reasons)


def open_shift(day: Day, *people: Person, **shift: Any) -> int:
    shift_id = day.world.add_shift(at(9), **shift)
    with clock.at(at(0)):
        for person in people:
            day.world.sign_up(shift_id, person)
    return shift_id


def test_one_person_scanned_forty_times_at_once_is_checked_in_once(day: Day, two: tuple[Database, Database]) -> None:
    open_shift(day, day.volunteer)

    outcomes = at_once([partial(through, two[turn % 2], 9, card(day, day.volunteer)) for turn in range(TIMES)])

    assert failures(outcomes) == []
    assert Counter(answer.reason for answer in outcomes) == {"OK_IN": 1, "ALREADY_CHECKED_IN": TIMES - 1}
    statuses, reasons = in_snapshot(counts, day.world.center_id)
    assert statuses == {"OPEN": 1}
    assert sum(reasons.values()) == TIMES


def test_one_person_scanned_out_forty_times_at_once_is_paid_once(day: Day, two: tuple[Database, Database]) -> None:
    open_shift(day, day.volunteer)
    through(two[0], 9, card(day, day.volunteer))

    outcomes = at_once([partial(through, two[turn % 2], 11, card(day, day.volunteer)) for turn in range(TIMES)])

    assert failures(outcomes) == []
    assert Counter(answer.reason for answer in outcomes) == {"OK_OUT": 1, "ALREADY_CHECKED_OUT": TIMES - 1}
    assert in_snapshot(counts, day.world.center_id)[0] == {"CONFIRMED": 1}
    lines = in_snapshot(points.trial_balance, day.world.center_id)
    assert {(line.unit, line.kind): line.credits - line.debits for line in lines if line.kind == "member"} == {
        ("minute", "member"): 120,
        ("point", "member"): 200,
    }


def test_one_scan_sent_forty_times_at_once_is_taken_once(day: Day, two: tuple[Database, Database]) -> None:
    open_shift(day, day.volunteer)
    again = card(day, day.volunteer, key="the-same-scan")

    outcomes = at_once([partial(through, two[turn % 2], 9, again) for turn in range(TIMES)])

    assert failures(outcomes) == []
    assert Counter(answer.replayed for answer in outcomes) == {False: 1, True: TIMES - 1}
    assert len({str(answer.attendance) for answer in outcomes}) == 1
    assert in_snapshot(counts, day.world.center_id) == ({"OPEN": 1}, {"OK_IN": 1})


def test_the_last_place_of_a_shift_is_had_once(day: Day, two: tuple[Database, Database]) -> None:
    open_shift(day, capacity=1)
    people = [day.world.add_volunteer(f"李建{letter}") for letter in "国军平华英明强芳"]
    works = [card(day, person, confirmed=("WALK_IN",)) for person in people]

    outcomes = at_once([partial(through, two[turn % 2], 9, work) for turn, work in enumerate(works)])

    refused = failures(outcomes)
    assert [getattr(error, "code", error) for error in refused] == ["checkin.capacity_full"] * 7
    assert in_snapshot(counts, day.world.center_id) == ({"OPEN": 1}, {"OK_IN": 1, "CAPACITY_FULL": 7})


def test_of_the_third_and_the_fourth_by_one_code_one_gets_in(day: Day, two: tuple[Database, Database]) -> None:
    people = [day.world.add_volunteer(f"李建{letter}") for letter in "国军平华"]
    open_shift(day, *people)
    works = [partial(scan, person, code=day.screen(9)) for person in people]
    for work in works[:2]:
        through(two[0], 9, work)

    outcomes = at_once([partial(through, two[turn], 9, work) for turn, work in enumerate(works[2:])])

    assert [getattr(error, "code", error) for error in failures(outcomes)] == ["checkin.code_full"]
    assert in_snapshot(counts, day.world.center_id) == ({"OPEN": 3}, {"OK_IN": 3, "CODE_FULL": 1})
