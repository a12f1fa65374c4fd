"""Counts for the landing pages of staff: pending reviews, and attendance by shift."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin.models import Attendance
from ledger.kernel.paths import under
from ledger.kernel.types import table_of
from ledger.places.models import Place

_attendance, _place = table_of(Attendance), table_of(Place)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Attendances pending for the same reason: how many, and since when the oldest."""

    reason: str
    people: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """Attendance of a shift: people in all, people still present, and minutes confirmed so far."""

    came: int = 0
    there: int = 0
    minutes: int = 0


def waiting(session: Session, center_id: int, paths: Iterable[str]) -> list[Waiting]:
    """Pending attendances at stations under any of the paths, by reason, most frequent first."""
    a = _attendance.c
    query = (
        sa.select(a.review_reason, sa.func.count().label("people"), sa.func.min(a.opened_at))
        .join(_place, sa.and_(_place.c.center_id == a.center_id, _place.c.id == a.station_id))
        .where(a.center_id == center_id, a.status == "PENDING", under(_place.c.path, paths))
        .group_by(a.review_reason)
        .order_by(sa.desc("people"))
    )
    return [Waiting(reason or "", people, oldest) for reason, people, oldest in session.execute(query)]


def presence(session: Session, shift_ids: Iterable[int], center_id: int) -> dict[int, Presence]:
    """Attendance by shift, voided check-ins not counted; shifts to which nobody came are left out."""
    a = _attendance.c
    query = (
        sa.select(
            a.shift_id,
            sa.func.count(a.volunteer_id.distinct()),
            sa.func.count(sa.case((a.status == "OPEN", 1))),
            sa.func.coalesce(sa.func.sum(sa.case((a.status == "CONFIRMED", a.minutes))), 0),
        )
        .where(a.center_id == center_id, a.shift_id.in_(list(shift_ids)), a.status != "VOID")
        .group_by(a.shift_id)
    )
    return {shift_id: Presence(came, there, int(minutes)) for shift_id, came, there, minutes in session.execute(query)}


def minutes_by_station(session: Session, center_id: int, *, start: datetime, end: datetime) -> list[tuple[str, int]]:
    """Confirmed minutes of visits that began in the period, by station, most first."""
    a = _attendance.c
    total = sa.func.sum(a.minutes)
    query = (
        sa.select(_place.c.name, total)
        .join(_place, sa.and_(_place.c.center_id == a.center_id, _place.c.id == a.station_id))
        .where(a.center_id == center_id, a.status == "CONFIRMED", a.opened_at >= start, a.opened_at < end)
        .group_by(_place.c.id, _place.c.name)
        .order_by(total.desc(), _place.c.name)
    )
    return [(name, int(minutes)) for name, minutes in session.execute(query)]
