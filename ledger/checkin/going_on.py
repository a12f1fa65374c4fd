"""Whoever stays through the end of a shift and has signed up for the next one there goes on into it without a scan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ledger.activities import queries as activities
from ledger.activities.models import Shift, Signup
from ledger.activities.policy import ShiftView
from ledger.checkin.models import Attendance
from ledger.checkin.policy import TODAY, OpenVisit, goes_on
from ledger.checkin.scans import Scene
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.rules.policy import RuleBody

_attendance, _signup = table_of(Attendance), table_of(Signup)
_SIGNUPS = Prepared(
    sa.select(_signup.c.shift_id, _signup.c.status).where(
        _signup.c.center_id == sa.bindparam("center"),
        _signup.c.volunteer_id == sa.bindparam("volunteer"),
        _signup.c.shift_id.in_(sa.bindparam("shifts", expanding=True)),
    )
)


def signups_of(session: Session, scene: Scene, shifts: Sequence[ShiftView]) -> dict[int, str]:
    """The person's sign-ups among the shifts: status by shift."""
    if not shifts:
        return {}
    parameters = {
        "center": scene.actor.center_id,
        "volunteer": scene.person.volunteer_id,
        "shifts": [shift.id for shift in shifts],
    }
    return {row[0]: row[1] for row in _SIGNUPS.rows(session, parameters)}


def shifts_served(session: Session, scene: Scene, shift_ids: Sequence[int]) -> set[int]:
    """The shifts among these that the person has come to."""
    if not shift_ids:
        return set()
    query = sa.select(_attendance.c.shift_id).where(
        _attendance.c.center_id == scene.actor.center_id,
        _attendance.c.shift_id.in_(shift_ids),
        _attendance.c.volunteer_id == scene.person.volunteer_id,
        _attendance.c.status != "VOID",
    )
    return set(session.scalars(query))


def with_shifts_gone_on(session: Session, scene: Scene, visit: OpenVisit, body: RuleBody) -> OpenVisit:
    """The visit with the shifts that began for the person before the scan; none that began at a place then closed."""
    if scene.at <= visit.shift.ends_at:
        return visit
    shifts = activities.shifts_at_station(
        session, visit.shift.station_id, scene.actor.center_id, at=visit.shift.ends_at, ahead=TODAY, back=TODAY
    )
    begun = [shift for shift in shifts if visit.shift.ends_at < shift.ends_at and shift.starts_at < scene.at]
    signups = signups_of(session, scene, begun)
    mine = [shift for shift in begun if signups.get(shift.id) == "signed_up" and not _is_closed_at(scene, shift)]
    served = shifts_served(session, scene, [shift.id for shift in mine])
    then: list[ShiftView] = []
    for shift in sorted(mine, key=lambda each: (each.starts_at, each.ends_at)):
        if shift.id not in served and goes_on(then[-1] if then else visit.shift, shift, body):
            then.append(shift)
    return replace(visit, then=tuple(then))


def _is_closed_at(scene: Scene, shift: ShiftView) -> bool:
    here = shift.station_id == scene.station_id
    return here and scene.closed_at is not None and scene.closed_at <= shift.starts_at


def forgotten_visits(
    session: Session, center_id: int, at: datetime, *, grace: timedelta, limit: int
) -> list[OpenVisit]:
    """Open visits whose shift and grace are over at that time, locked; skips those locked by others.

    Whoever has signed up for a shift there that has begun meanwhile is taken to have gone on into it.
    """
    later = aliased(Shift)
    went_on = (
        sa.select(Signup.shift_id)
        .join(later, sa.and_(later.center_id == Signup.center_id, later.id == Signup.shift_id))
        .where(
            Signup.center_id == Attendance.center_id,
            Signup.volunteer_id == Attendance.volunteer_id,
            Signup.status == "signed_up",
            later.station_id == Attendance.station_id,
            later.starts_at <= at,
            later.ends_at > Shift.ends_at,
            later.ends_at >= at - grace,
        )
    )
    query = (
        sa.select(Attendance.id, Attendance.shift_id, Attendance.opened_at)
        .join(Shift, sa.and_(Shift.center_id == Attendance.center_id, Shift.id == Attendance.shift_id))
        .where(
            Attendance.center_id == center_id,
            Attendance.status == "OPEN",
            Shift.ends_at < at - grace,
            ~went_on.exists(),
        )
        .order_by(Attendance.opened_at)
        .limit(limit)
        .with_for_update(of=Attendance, skip_locked=True)
    )
    rows = session.execute(query).all()
    return [OpenVisit(row.id, activities.get_shift(session, row.shift_id, center_id), row.opened_at) for row in rows]
