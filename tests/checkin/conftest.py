"""What the tests of check-in share: a day at a station, and people who scan."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from ledger.checkin import service
from ledger.checkin.commands import ReviewCommand, ScanCommand
from ledger.checkin.scans import ScanAnswer
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from tests.world import Person, World

# 09:00 where the people are; far enough from midnight for a whole shift on either side.
NINE = datetime(2026, 6, 3, 1, 0, tzinfo=UTC)
_scans = count(1)


def at(hour: float, day: int = 0) -> datetime:
    """The hour of the day at the station, with `day` 1 for the next one."""
    return NINE + timedelta(hours=hour - 9, days=day)


def scan(actor: Person, *, key: str | None = None, **known: Any) -> ScanAnswer:
    """One scan by somebody, now."""
    command = ScanCommand(client_scan_id=key or f"test-scan-{next(_scans):08}", **known)
    return in_transaction(service.scan, command, actor=actor.actor)


@dataclass
class Day:
    """A station's day: a clerk, a manager, a volunteer, and a clock that a test sets."""

    world: World
    clerk: Person
    manager: Person
    volunteer: Person

    def card(self, hour: float | datetime, person: Person | None = None, **known: Any) -> ScanAnswer:
        """The clerk scans somebody's card at that hour."""
        whole = {"station_id": self.world.station_id, "card": (person or self.volunteer).card} | known
        with clock.at(hour if isinstance(hour, datetime) else at(hour)):
            return scan(self.clerk, **whole)

    def review(self, attendance_id: int, *, hour: float | datetime = 15, **decision: Any) -> dict[str, Any]:
        """The manager decides at that hour."""
        with clock.at(hour if isinstance(hour, datetime) else at(hour)):
            command = ReviewCommand(attendance_id, **({"approve": True} | decision))
            return in_transaction(service.review, command, actor=self.manager.actor)


@pytest.fixture
def day(world: World) -> Day:
    """An ordinary day; the test adds the shifts."""
    return Day(world, world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer())


Refusal = Callable[..., str]


def code_of(work: Callable[[], Any]) -> str:
    """The code of the refusal that the work ends in."""
    try:
        work()
    except Exception as error:  # whatever it is, the caller compares its code
        return getattr(error, "code", repr(error))
    raise AssertionError("nothing was refused")
