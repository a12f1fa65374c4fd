"""A day at a station: people scan at hours chosen by the test."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import codes, reviewing, service
from ledger.checkin.commands import ReviewCommand, ScanCommand
from ledger.checkin.models import Attendance
from ledger.checkin.stored_scans import ScanAnswer
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.points.book import entries
from tests.world import Person, World

# 09:00 local time, far enough from midnight for a whole shift on either side.
NINE = datetime(2026, 6, 3, 1, 0, tzinfo=UTC)
_scans = count(1)


def at(hour: float, day: int = 0) -> datetime:
    """An hour of the day at the station; `day` 1 is the next day."""
    return NINE + timedelta(hours=hour - 9, days=day)


def scan(actor: Person, *, key: str | None = None, **known: Any) -> ScanAnswer:
    """Send one scan as somebody, now."""
    command = ScanCommand(client_scan_id=key or f"test-scan-{next(_scans):08}", **known)
    return in_transaction(service.scan, command, actor=actor.actor)


def _attendances(session: Session, center_id: int) -> list[dict[str, Any]]:
    query = sa.select(Attendance.__table__).where(Attendance.center_id == center_id).order_by(Attendance.opened_at)
    return [dict(row._mapping) for row in session.execute(query)]


def award_of(session: Session, attendance_id: int, center_id: int) -> int:
    """The transfer of points that an attendance posted first."""
    batches = entries.batches_of(session, "attendance", str(attendance_id), center_id)
    return next(each.id for each in batches[0].transfers if each.code == "award")


@dataclass
class Day:
    """A station's day: a clerk, a manager, a volunteer, and a clock set by the test."""

    world: World
    clerk: Person
    manager: Person
    volunteer: Person

    def card(self, hour: float | datetime, person: Person | None = None, **known: Any) -> ScanAnswer:
        """Let the clerk scan somebody's card at that hour."""
        whole = {"station_id": self.world.station_id, "card": (person or self.volunteer).card} | known
        with clock.at(hour if isinstance(hour, datetime) else at(hour)):
            return scan(self.clerk, **whole)

    def by_phone(self, hour: float, **known: Any) -> ScanAnswer:
        """Let the volunteer scan at that hour."""
        with clock.at(at(hour)):
            return scan(self.volunteer, **known)

    def screen(self, hour: float, station_id: int | None = None, *, version: int = 1) -> str:
        """The code on the station's screen at that hour."""
        place = station_id or self.world.station_id
        return codes.screen_code(self.world.center_id, place, version, at(hour)).code

    def sign_up(self, start: float = 9, *people: Person, **shift: Any) -> int:
        """Add a shift with sign-ups from the day before, by the volunteer unless people are given."""
        shift_id = self.world.add_shift(at(start), **shift)
        with clock.at(at(start, day=-1)):
            for person in people or (self.volunteer,):
                self.world.sign_up(shift_id, person)
        return shift_id

    def visits(self) -> list[dict[str, Any]]:
        """All attendances of the center, by check-in time."""
        return in_snapshot(_attendances, self.world.center_id)

    def review(self, attendance_id: int, *, hour: float | datetime = 15, **decision: Any) -> dict[str, Any]:
        """Let the manager decide at that hour."""
        with clock.at(hour if isinstance(hour, datetime) else at(hour)):
            command = ReviewCommand(attendance_id, **({"approve": True} | decision))
            return in_transaction(reviewing.review, command, actor=self.manager.actor)


def code_of(work: Callable[[], Any]) -> str:
    """The code of the refusal raised by the call."""
    try:
        work()
    except Exception as error:  # whatever it is, the caller compares its code
        return getattr(error, "code", repr(error))
    raise AssertionError("nothing was refused")
