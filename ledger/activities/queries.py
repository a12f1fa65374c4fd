"""Reads of activities, shifts and sign-ups."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities.models import Activity, Shift, Signup
from ledger.activities.policy import APPROVED, DRAFT, LONGEST_SHIFT, SIGNUP_CANCELLED, ShiftView
from ledger.activities.signup_queries import (
    SignupView,
    signup_view,
)
from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import is_under, under
from ledger.kernel.prepared import Prepared
from ledger.places.models import Place

_activity, _shift, _place = Activity.__table__, Shift.__table__, Place.__table__


@dataclass(frozen=True, slots=True)
class ActivityView:
    """An activity and the place responsible for it."""

    id: int
    place_id: int
    place_name: str
    place_path: str
    team_id: int | None
    name: str
    category: str
    status: str
    created_at: datetime


_SHIFT_COLUMNS = [
    _shift.c.id,
    _shift.c.activity_id,
    _activity.c.name.label("activity_name"),
    _activity.c.status.label("activity_status"),
    _activity.c.category,
    _shift.c.station_id,
    _place.c.name.label("station_name"),
    _place.c.path.label("station_path"),
    _shift.c.starts_at,
    _shift.c.ends_at,
    _shift.c.capacity,
    _shift.c.walk_in,
    _shift.c.cancelled_at,
]
_SHIFTS = (
    sa.select(*_SHIFT_COLUMNS)
    .join(_activity, sa.and_(_activity.c.center_id == _shift.c.center_id, _activity.c.id == _shift.c.activity_id))
    .join(_place, sa.and_(_place.c.center_id == _shift.c.center_id, _place.c.id == _shift.c.station_id))
)
_GET_SHIFT = Prepared(_SHIFTS.where(_shift.c.center_id == sa.bindparam("center"), _shift.c.id == sa.bindparam("id")))
_AT_STATION = Prepared(
    _SHIFTS.where(
        _shift.c.center_id == sa.bindparam("center"),
        _shift.c.station_id == sa.bindparam("station"),
        _shift.c.starts_at.between(sa.bindparam("from"), sa.bindparam("until")),
        _shift.c.ends_at >= sa.bindparam("not_over_before"),
    ).order_by(_shift.c.starts_at, _shift.c.id)
)
_BETWEEN = _SHIFTS.where(
    _shift.c.center_id == sa.bindparam("center"),
    _shift.c.starts_at >= sa.bindparam("from"),
    _shift.c.starts_at < sa.bindparam("until"),
).order_by(_shift.c.starts_at, _shift.c.id)


def get_activity(session: Session, activity_id: int, center_id: int) -> ActivityView:
    """An activity of the center. Raises NotFound("activities.activity_not_found")."""
    rows = _GET_ACTIVITY.rows(session, {"center": center_id, "id": activity_id})
    if not rows:
        raise NotFound("activities.activity_not_found")
    return ActivityView(*rows[0])


def list_activities(
    session: Session,
    center_id: int,
    *,
    request: PageRequest,
    paths: Iterable[str] = ("/",),
    drafts_under: Iterable[str] = ("/",),
    status: str | None = None,
    category: str | None = None,
) -> Page[ActivityView]:
    """Activities of places under any of the paths, by default newest first.

    Includes drafts only of places under one of `drafts_under`.
    """
    query = _activities(center_id).where(
        under(Place.path, paths), sa.or_(Activity.status != DRAFT, under(Place.path, drafts_under))
    )
    if status:
        query = query.where(Activity.status == status)
    if category:
        query = query.where(Activity.category == category)
    sorts = {"created_at": Activity.created_at, "name": Activity.name}
    return fetch_page(
        session, query, request=request, sorts=sorts, tie=Activity.id, make=_activity_view, usual="-created_at"
    )


def find_shift(session: Session, shift_id: int, center_id: int) -> ShiftView | None:
    """A shift of the center."""
    rows = _GET_SHIFT.rows(session, {"center": center_id, "id": shift_id})
    return ShiftView(*rows[0]) if rows else None


def get_shift(session: Session, shift_id: int, center_id: int) -> ShiftView:
    """A shift of the center. Raises NotFound("activities.shift_not_found")."""
    shift = find_shift(session, shift_id, center_id)
    if shift is None:
        raise NotFound("activities.shift_not_found")
    return shift


def shifts_at_station(
    session: Session, station_id: int, center_id: int, *, at: datetime, ahead: timedelta, back: timedelta
) -> list[ShiftView]:
    """Shifts at the station that a scan may mean, by start; includes cancelled shifts and drafts.

    They start at most `ahead` after the scan and end at most `back` before it.
    """
    parameters = {
        "center": center_id,
        "station": station_id,
        "from": at - back - LONGEST_SHIFT,
        "until": at + ahead,
        "not_over_before": at - back,
    }
    return [ShiftView(*row) for row in _AT_STATION.rows(session, parameters)]


def shifts_between(
    session: Session, center_id: int, *, start: datetime, end: datetime, paths: Iterable[str] = ("/",)
) -> list[ShiftView]:
    """Shifts that start within the interval, at stations under any of the paths, by start."""
    wanted = tuple(paths)
    rows = session.connection().execute(_BETWEEN, {"center": center_id, "from": start, "until": end})
    return [ShiftView(*row) for row in rows if is_under(row.station_path, wanted)]


def list_shifts(
    session: Session,
    center_id: int,
    *,
    request: PageRequest,
    activity_id: int | None = None,
) -> Page[ShiftView]:
    """Shifts by start, of one activity if given."""
    query = _SHIFTS.where(Shift.center_id == center_id)
    if activity_id is not None:
        query = query.where(Shift.activity_id == activity_id)
    sorts = {"starts_at": Shift.starts_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Shift.id, make=_shift_view)


def upcoming_shifts(
    session: Session, center_id: int, *, now: datetime, request: PageRequest, place_path: str = "/"
) -> Page[ShiftView]:
    """Shifts of approved activities that aren't over yet, by start."""
    query = _SHIFTS.where(
        Shift.center_id == center_id,
        Shift.ends_at > now,
        Shift.starts_at > now - LONGEST_SHIFT,
        Shift.cancelled_at.is_(None),
        Activity.status == APPROVED,
        under(Place.path, [place_path]),
    )
    sorts = {"starts_at": Shift.starts_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Shift.id, make=_shift_view)


def shifts_of_volunteer(
    session: Session, volunteer_id: int, center_id: int, *, now: datetime
) -> list[tuple[ShiftView, SignupView]]:
    """Shifts not over yet for which a volunteer has signed up or waits, by start."""
    query = (
        _SHIFTS.join(Signup, sa.and_(Signup.center_id == Shift.center_id, Signup.shift_id == Shift.id))
        .add_columns(*(getattr(Signup, name).label(f"signup_{name}") for name in SignupView.__slots__))
        .where(
            Signup.center_id == center_id,
            Signup.volunteer_id == volunteer_id,
            Signup.status != SIGNUP_CANCELLED,
            Shift.ends_at > now,
        )
        .order_by(Shift.starts_at, Shift.id)
    )
    return [(_shift_view(row), signup_view(row, prefix="signup_")) for row in session.execute(query)]


def _activities(center_id: "int | sa.BindParameter[int]") -> sa.Select[Any]:
    columns: list[Any] = [
        Activity.id,
        Activity.place_id,
        Place.name.label("place_name"),
        Place.path.label("place_path"),
        Activity.team_id,
        Activity.name,
        Activity.category,
        Activity.status,
        Activity.created_at,
    ]
    return (
        sa.select(*columns)
        .join(Place, sa.and_(Place.center_id == Activity.center_id, Place.id == Activity.place_id))
        .where(Activity.center_id == center_id)
    )


_GET_ACTIVITY = Prepared(_activities(sa.bindparam("center")).where(Activity.id == sa.bindparam("id")))


def _activity_view(row: Any) -> ActivityView:
    return ActivityView(*(row._mapping[name] for name in ActivityView.__slots__))


def _shift_view(row: Any) -> ShiftView:
    return ShiftView(*(row._mapping[name] for name in ShiftView.__slots__))
