"""Reads of check-in: open visits, attendances, their scans, and what waits for review."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.activities.models import Activity, Shift
from ledger.activities.policy import LONGEST_SHIFT, ShiftView
from ledger.checkin.models import Attendance, ScanEvent
from ledger.checkin.policy import OpenVisit, scan_moment
from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import under
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.people.models import Volunteer
from ledger.places.models import Place

_attendance, _scan, _shift = table_of(Attendance), table_of(ScanEvent), table_of(Shift)
_DAY = timedelta(days=1)
_LONGEST_VISIT = LONGEST_SHIFT + _DAY
_FACTS = (
    "id", "volunteer_id", "shift_id", "station_id", "visit", "status", "opened_at", "closed_at", "in_scan_id",
    "out_scan_id", "opened_by", "minutes", "points", "rule_id", "revision", "review_reason",
)  # fmt: skip
FACTS_COLUMNS = [_attendance.c[name] for name in _FACTS]
_STORED = Prepared(
    sa.select(*FACTS_COLUMNS).where(
        _attendance.c.center_id == sa.bindparam("center"), _attendance.c.id == sa.bindparam("id")
    )
)
_OPEN = sa.select(_attendance.c.id, _attendance.c.shift_id, _attendance.c.opened_at).where(
    _attendance.c.center_id == sa.bindparam("center"),
    _attendance.c.volunteer_id == sa.bindparam("volunteer"),
    _attendance.c.status == "OPEN",
)
_OPEN_VISIT, _OPEN_VISIT_LOCKED = Prepared(_OPEN), Prepared(_OPEN.with_for_update())
_VISITS = Prepared(
    sa.select(sa.func.count()).where(
        _attendance.c.center_id == sa.bindparam("center"),
        _attendance.c.shift_id == sa.bindparam("shift"),
        _attendance.c.volunteer_id == sa.bindparam("volunteer"),
    )
)
_CONFIRMED_SPANS = Prepared(
    sa.select(_attendance.c.opened_at, _attendance.c.closed_at, _shift.c.starts_at, _shift.c.ends_at)
    .join(_shift, sa.and_(_shift.c.center_id == _attendance.c.center_id, _shift.c.id == _attendance.c.shift_id))
    .where(
        _attendance.c.center_id == sa.bindparam("center"),
        _attendance.c.volunteer_id == sa.bindparam("volunteer"),
        _attendance.c.status == "CONFIRMED",
        _attendance.c.minutes > 0,
        _attendance.c.opened_at.between(sa.bindparam("from"), sa.bindparam("until")),
    )
)


@dataclass(frozen=True, slots=True)
class AttendanceView:
    """An attendance with its shift, station and person."""

    id: int
    volunteer_id: int
    identity_id: int
    shift_id: int
    activity_id: int
    activity_name: str
    station_id: int
    station_name: str
    station_path: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    shift_starts_at: datetime
    shift_ends_at: datetime
    minutes: int
    points: int
    rule_id: int | None
    revision: int
    review_reason: str | None
    opened_by: int
    in_scan_id: int
    out_scan_id: int | None


@dataclass(frozen=True, slots=True)
class ScanView:
    """A scan event as evidence; `scanned_at` is when it happened by what the server saw, never a device's word."""

    id: int
    method: str
    intent: str
    outcome: str
    reason: str
    station_id: int | None
    volunteer_id: int | None
    scanned_by: int
    scanned_at: datetime
    received_at: datetime


def facts_of(row: Mapping[str, Any], shift: ShiftView) -> dict[str, Any]:
    """An attendance as plain values, for answers and for the evidence of a posting."""
    facts: dict[str, Any] = {name: row.get(name) for name in _FACTS}
    for name in ("opened_at", "closed_at"):
        facts[name] = facts[name] and facts[name].isoformat()
    return facts | {"shift_starts_at": shift.starts_at.isoformat(), "shift_ends_at": shift.ends_at.isoformat()}


def attendance_facts(session: Session, attendance_id: int, center_id: int) -> dict[str, Any]:
    """The plain values of a stored attendance."""
    [row] = _STORED.rows(session, {"center": center_id, "id": attendance_id})
    return facts_of_row(session, row, center_id)


def facts_of_row(
    session: Session, row: Sequence[Any], center_id: int, *, shift: ShiftView | None = None
) -> dict[str, Any]:
    """The plain values of a row with the columns `FACTS_COLUMNS`; looks up the shift unless the caller has it."""
    stored = dict(zip(_FACTS, row, strict=True))
    return facts_of(stored, shift or activities.get_shift(session, stored["shift_id"], center_id))


def find_open_visit(session: Session, volunteer_id: int, center_id: int, *, lock: bool = False) -> OpenVisit | None:
    """The person's open visit; with `lock` it can't change until the unit of work ends."""
    statement = _OPEN_VISIT_LOCKED if lock else _OPEN_VISIT
    rows = statement.rows(session, {"center": center_id, "volunteer": volunteer_id})
    if not rows:
        return None
    [(visit_id, shift_id, opened_at)] = rows
    return OpenVisit(visit_id, activities.get_shift(session, shift_id, center_id), opened_at)


def confirmed_spans(
    session: Session, volunteer_id: int, center_id: int, *, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The person's confirmed spans of time, from a day before the period to a day after it."""
    around = {"from": start - _LONGEST_VISIT - _DAY, "until": end + _DAY}
    found = _CONFIRMED_SPANS.rows(session, {"center": center_id, "volunteer": volunteer_id} | around)
    return [(max(opened_at, starts_at), min(closed_at, ends_at)) for opened_at, closed_at, starts_at, ends_at in found]


def find_overlapping(session: Session, attendance: AttendanceView, until: datetime, center_id: int) -> int | None:
    """Another attendance of the person that would overlap with this one if it ended at `until`."""
    query = sa.select(_attendance.c.id).where(
        _attendance.c.center_id == center_id,
        _attendance.c.volunteer_id == attendance.volunteer_id,
        _attendance.c.id != attendance.id,
        _attendance.c.status.not_in(("VOID", "REJECTED")),
        _attendance.c.opened_at.between(attendance.opened_at - _LONGEST_VISIT, until),
        _attendance.c.opened_at < until,
        sa.or_(_attendance.c.closed_at.is_(None), _attendance.c.closed_at > attendance.opened_at),
    )
    return session.scalar(query.limit(1))


def visits(session: Session, shift_id: int, volunteer_id: int, center_id: int) -> int:
    """Number of the person's visits to this shift."""
    parameters = {"center": center_id, "shift": shift_id, "volunteer": volunteer_id}
    return int(_VISITS.rows(session, parameters)[0][0])


def get_attendance(session: Session, attendance_id: int, center_id: int, *, lock: bool = False) -> AttendanceView:
    """An attendance. Raises NotFound("checkin.attendance_not_found")."""
    query = _views().where(Attendance.center_id == center_id, Attendance.id == attendance_id)
    row = session.execute(query.with_for_update(of=Attendance) if lock else query).one_or_none()
    if row is None:
        raise NotFound("checkin.attendance_not_found")
    return _view(row)


def attendances_by_id(session: Session, ids: Iterable[int], center_id: int) -> dict[int, AttendanceView]:
    """Attendances by id; unknown ids are left out."""
    query = _views().where(Attendance.center_id == center_id)
    rows = (row for part in chunks(ids) for row in session.execute(query.where(Attendance.id.in_(part))))
    return {view.id: view for view in map(_view, rows)}


def get_attendance_for(session: Session, attendance_id: int, actor: Actor) -> AttendanceView:
    """An attendance that the actor may see: their own, or one under their places; otherwise NotFound."""
    view = get_attendance(session, attendance_id, actor.center_id)
    staff = (Permission.CHECK_IN_OTHERS, Permission.REVIEW, Permission.READ_BOOKS)
    if view.volunteer_id == actor.volunteer_id or any(actor.may(each, view.station_path) for each in staff):
        return view
    raise NotFound("checkin.attendance_not_found")


@dataclass(frozen=True, slots=True)
class AttendanceFilter:
    """Filter of an attendance list.

    `paths` are the places whose attendances the reader may see, `own_id` is the reader's own volunteer; either one is
    enough. Without both, everything is shown, for operators.
    """

    volunteer_id: int | None = None
    shift_id: int | None = None
    station_id: int | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    paths: tuple[str, ...] | None = None
    own_id: int | None = None


def list_attendances(
    session: Session, center_id: int, wanted: AttendanceFilter, *, request: PageRequest
) -> Page[AttendanceView]:
    """Attendances by check-in time, newest first by default."""
    query = _views().where(Attendance.center_id == center_id)
    for name in ("volunteer_id", "shift_id", "station_id", "status"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(Attendance, name) == value)
    if wanted.since is not None:
        query = query.where(Attendance.opened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Attendance.opened_at < wanted.until)
    if wanted.paths is not None:
        own = Attendance.volunteer_id == wanted.own_id if wanted.own_id is not None else sa.false()
        query = query.where(sa.or_(own, under(Place.path, wanted.paths)))
    sorts = {"opened_at": Attendance.opened_at, "minutes": Attendance.minutes, "points": Attendance.points}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Attendance.id, make=_view, usual="-opened_at")


def scans_of(session: Session, attendance: AttendanceView, center_id: int) -> list[ScanView]:
    """The scan events behind an attendance, in order."""
    ids = [scan_id for scan_id in (attendance.in_scan_id, attendance.out_scan_id) if scan_id is not None]
    columns = [_scan.c[name] for name in ScanView.__slots__]
    query = sa.select(*columns).where(_scan.c.center_id == center_id, _scan.c.id.in_(ids))
    views = [ScanView(*row) for row in session.execute(query.order_by(_scan.c.received_at, _scan.c.id))]
    return [replace(view, scanned_at=scan_moment(view.method, view.scanned_at, view.received_at)) for view in views]


def _views() -> "sa.Select[*tuple[Any, ...]]":
    return (
        sa.select(
            Attendance,
            Volunteer.identity_id,
            Shift.starts_at,
            Shift.ends_at,
            Activity.id.label("activity_id"),
            Activity.name.label("activity_name"),
            Place.name.label("station_name"),
            Place.path.label("station_path"),
        )
        .join(
            Volunteer,
            sa.and_(Volunteer.center_id == Attendance.center_id, Volunteer.id == Attendance.volunteer_id),
        )
        .join(Shift, sa.and_(Shift.center_id == Attendance.center_id, Shift.id == Attendance.shift_id))
        .join(Activity, sa.and_(Activity.center_id == Shift.center_id, Activity.id == Shift.activity_id))
        .join(Place, sa.and_(Place.center_id == Attendance.center_id, Place.id == Attendance.station_id))
    )


def _view(row: Any) -> AttendanceView:
    attendance: Attendance = row.Attendance
    own = {name: getattr(attendance, name) for name in AttendanceView.__slots__ if name in _FACTS}
    return AttendanceView(
        **own,
        identity_id=row.identity_id,
        activity_id=row.activity_id,
        activity_name=row.activity_name,
        station_name=row.station_name,
        station_path=row.station_path,
        shift_starts_at=row.starts_at,
        shift_ends_at=row.ends_at,
    )
