"""What the screens ask for every second: how many people the codes shown now have let in, and who came last.

Answered from memory: one query a second finds all stations of a center where somebody comes now.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ledger.checkin import codes, serials, station_queries
from ledger.kernel.actor import Actor
from ledger.kernel.permissions import Permission
from ledger.organisations import queries as organisations
from ledger.rules import queries as rules

_FRESH = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Came:
    """The people whom a station's current step has let in, the serial that its screen shows, and the last who came."""

    step: int
    serial: int
    count: int
    latest: tuple[str, ...]

    @property
    def etag(self) -> str:
        """Differs as soon as a screen has to show something else."""
        return f"{self.step}-{self.count}"


@dataclass(frozen=True, slots=True)
class _Center:
    """What was read of a center: how many each station's step has let in, and how many make a serial full."""

    read_at: datetime
    let_in: dict[tuple[int, int], int]
    people: int


@dataclass(slots=True)
class Arrivals:
    """What was read last, by center and station; one per application."""

    _centers: dict[int, _Center] = field(default_factory=dict)
    _stations: dict[tuple[int, int], Came] = field(default_factory=dict)

    def at(self, session: Session, station_id: int, actor: Actor, now: datetime) -> Came:
        """Who came to a station in the current step, at most a second ago.

        Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"),
        Conflict("organisations.place_closed").
        """
        station = organisations.get_place(session, station_id, actor.center_id)
        actor.need(Permission.STATION_SCREEN, station.path)
        station_queries.need_open(station)
        center, step = self._center(session, actor.center_id, now), codes.step_of(now)
        count = center.let_in.get((step, station_id), 0)
        key = (actor.center_id, station_id)
        known = self._stations.get(key)
        if known is None or (known.step, known.count) != (step, count):
            latest = station_queries.latest(session, station_id, actor.center_id, now)
            known = self._stations[key] = Came(step, count // center.people, count, tuple(latest))
        return known

    def _center(self, session: Session, center_id: int, now: datetime) -> _Center:
        known = self._centers.get(center_id)
        # A clock that was put back makes nothing fresh for long.
        if known is None or not timedelta(0) <= now - known.read_at < _FRESH:
            people = rules.rule_in_force(session, center_id, now).body.people_per_code
            let_in = serials.let_in_since(session, center_id, codes.step_of(now))
            known = self._centers[center_id] = _Center(now, let_in, people)
        return known


def members(came: Came) -> dict[str, Any]:
    """The members of the answer."""
    ends = codes.end_of(came.step).isoformat()
    return {"serial": came.serial, "count": came.count, "valid_until": ends, "latest": list(came.latest)}
