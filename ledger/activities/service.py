"""Writes to activities, shifts and sign-ups."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities import queries
from ledger.activities import signup_queries as signups
from ledger.activities.models import Activity, Shift, Signup
from ledger.activities.policy import (
    APPROVED,
    CANCELLED,
    DRAFT,
    SIGNED_UP,
    SIGNUP_CANCELLED,
    WAITLISTED,
    ShiftView,
    check_capacity,
    check_times,
    clean_category,
    clean_name,
    status_for,
)
from ledger.activities.queries import ActivityView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.changes import change
from ledger.kernel.errors import Conflict, Forbidden, NotFound, Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.organisations import queries as organisations
from ledger.people.policy import ACTIVE
from ledger.people.volunteers.search import tell_of

_LOCK_SHIFT = Prepared(
    sa.select(Shift.id)
    .where(Shift.center_id == sa.bindparam("center"), Shift.id == sa.bindparam("id"))
    .with_for_update()
)
_TAKEN = Prepared(
    sa.select(sa.func.count()).where(
        Signup.center_id == sa.bindparam("center"), Signup.shift_id == sa.bindparam("shift"), Signup.status == SIGNED_UP
    )
)
_INSERT_ACTIVITY, _INSERT_SHIFT, _INSERT_SIGNUP = (
    Prepared(sa.insert(table_of(model))) for model in (Activity, Shift, Signup)
)


def create_activity(
    session: Session,
    *,
    place_id: int,
    name: str,
    category: str,
    team_id: int | None = None,
    status: str = APPROVED,
    actor: Actor,
) -> int:
    """Add an activity for which a place is responsible, as a draft or approved at once; returns its id.

    Raises NotFound("organisations.place_not_found", "organisations.team_not_found"), Forbidden("access.denied"),
    Conflict("organisations.place_closed"), Rejected("activities.status_unknown", "…name_invalid",
    "…category_invalid").
    """
    organisations.get_open_place(session, place_id, Permission.MANAGE_ACTIVITIES, actor)
    if status not in (DRAFT, APPROVED):
        raise Rejected("activities.status_unknown")
    if team_id is not None:
        organisations.get_team(session, team_id, actor.center_id)
    activity_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": activity_id,
        "place_id": place_id,
        "team_id": team_id,
        "name": clean_name(name),
        "category": clean_category(category),
        "status": status,
        "created_by": actor.identity_id,
        "created_at": clock.now(),
    }
    _INSERT_ACTIVITY.run(session, [row])
    return activity_id


def add_shift(
    session: Session,
    *,
    activity_id: int,
    station_id: int,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int | None = None,
    walk_in: bool = True,
    actor: Actor,
) -> int:
    """Add a shift of an activity at a station; `walk_in` admits people who haven't signed up. Returns its id.

    Raises NotFound("activities.activity_not_found", "organisations.place_not_found"), Forbidden("access.denied"),
    Conflict("activities.activity_cancelled", "organisations.place_closed"), Rejected("activities.times_invalid",
    "activities.capacity_invalid").
    """
    activity = _managed_activity(session, activity_id, actor)
    if activity.status == CANCELLED:
        raise Conflict("activities.activity_cancelled")
    organisations.get_open_place(session, station_id, Permission.MANAGE_ACTIVITIES, actor)
    # Python subtracts times of one zone by wall clock, which is an hour off when clocks change.
    starts_at, ends_at = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    check_times(starts_at, ends_at)
    check_capacity(capacity)
    shift_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": shift_id,
        "activity_id": activity_id,
        "station_id": station_id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "capacity": capacity,
        "walk_in": walk_in,
        "cancelled_at": None,
    }
    _INSERT_SHIFT.run(session, [row])
    return shift_id


def correct_activity(session: Session, activity_id: int, *, name: str, category: str, actor: Actor) -> None:
    """Put an activity's name and category right, and keep what they were; hours that were earned keep their category.

    Raises NotFound("activities.activity_not_found"), Forbidden("access.denied"), Rejected("activities.name_invalid",
    "…category_invalid").
    """
    _managed_activity(session, activity_id, actor)
    wanted = {"name": clean_name(name), "category": clean_category(category)}
    change(session, table_of(Activity), activity_id, wanted=wanted, actor=actor)


def approve_activity(session: Session, activity_id: int, *, actor: Actor) -> None:
    """Let people sign up and check in.

    Raises NotFound("activities.activity_not_found"), Forbidden("access.denied"),
    Conflict("activities.activity_not_draft").
    """
    _managed_activity(session, activity_id, actor)
    if _move_activity(session, activity_id, actor.center_id, was=(DRAFT,), becomes=APPROVED) == 0:
        raise Conflict("activities.activity_not_draft")


def cancel_activity(session: Session, activity_id: int, *, actor: Actor) -> None:
    """Cancel the activity for good; cancelling it twice changes nothing.

    Raises NotFound("activities.activity_not_found"), Forbidden("access.denied").
    """
    _managed_activity(session, activity_id, actor)
    _move_activity(session, activity_id, actor.center_id, was=(DRAFT, APPROVED), becomes=CANCELLED)


def cancel_shift(session: Session, shift_id: int, *, actor: Actor) -> None:
    """Cancel one shift; cancelling it twice changes nothing.

    Raises NotFound("activities.shift_not_found"), Forbidden("access.denied"), Conflict("activities.shift_over").
    """
    shift = queries.get_shift(session, shift_id, actor.center_id)
    actor.need(Permission.MANAGE_ACTIVITIES, shift.station_path)
    if clock.now() >= shift.ends_at:
        raise Conflict("activities.shift_over")
    change = (
        sa.update(Shift)
        .where(Shift.center_id == actor.center_id, Shift.id == shift_id, Shift.cancelled_at.is_(None))
        .values(cancelled_at=clock.now())
    )
    session.connection().execute(change)


def sign_up(session: Session, *, shift_id: int, volunteer_id: int, actor: Actor) -> int:
    """Take a place in a shift, or join the waiting list if it is full; returns the sign-up's id.

    Volunteers sign up themselves; staff of the station sign up anybody, which is a lookup of somebody registered
    elsewhere. Raises NotFound("activities.shift_not_found"), what `tell_of` raises,
    Forbidden("access.denied", "activities.person_blocked"), Conflict("activities.shift_cancelled", "…shift_over",
    "…activity_not_approved", "…activity_cancelled", "…already_signed_up").
    """
    shift = queries.get_shift(session, shift_id, actor.center_id)
    _may_sign_up(shift, volunteer_id, actor)
    _refuse_closed(shift)
    if tell_of(session, volunteer_id, actor).status != ACTIVE:
        raise Forbidden("activities.person_blocked")
    _LOCK_SHIFT.rows(session, {"center": actor.center_id, "id": shift_id})
    before = signups.find_signup(session, shift_id, volunteer_id, actor.center_id)
    if before is not None and before.status != SIGNUP_CANCELLED:
        raise Conflict("activities.already_signed_up")
    [(taken,)] = _TAKEN.rows(session, {"center": actor.center_id, "shift": shift_id})
    status = status_for(taken, shift.capacity)
    if before is not None:
        _change_signup(session, before.id, actor.center_id, status=status, created_at=clock.now())
        return before.id
    signup_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": signup_id,
        "shift_id": shift_id,
        "volunteer_id": volunteer_id,
        "status": status,
        "created_at": clock.now(),
    }
    _INSERT_SIGNUP.run(session, [row])
    return signup_id


def cancel_signup(session: Session, *, shift_id: int, volunteer_id: int, actor: Actor) -> None:
    """Give a place back before the shift begins; it goes to the first in the waiting list. A repeat changes nothing.

    Raises NotFound("activities.shift_not_found", "activities.signup_not_found"), Forbidden("access.denied"),
    Conflict("activities.shift_begun").
    """
    shift = queries.get_shift(session, shift_id, actor.center_id)
    _may_sign_up(shift, volunteer_id, actor)
    _LOCK_SHIFT.rows(session, {"center": actor.center_id, "id": shift_id})
    signup = signups.find_signup(session, shift_id, volunteer_id, actor.center_id)
    if signup is None:
        raise NotFound("activities.signup_not_found")
    if signup.status == SIGNUP_CANCELLED:
        return
    if clock.now() >= shift.starts_at:
        raise Conflict("activities.shift_begun")
    _change_signup(session, signup.id, actor.center_id, status=SIGNUP_CANCELLED)
    if signup.status == SIGNED_UP:
        _promote(session, shift_id, actor.center_id)


def _managed_activity(session: Session, activity_id: int, actor: Actor) -> ActivityView:
    activity = queries.get_activity(session, activity_id, actor.center_id)
    actor.need(Permission.MANAGE_ACTIVITIES, activity.place_path)
    return activity


def _move_activity(session: Session, activity_id: int, center_id: int, *, was: tuple[str, ...], becomes: str) -> int:
    change = (
        sa.update(Activity)
        .where(Activity.center_id == center_id, Activity.id == activity_id, Activity.status.in_(was))
        .values(status=becomes)
    )
    return int(session.connection().execute(change).rowcount)


def _may_sign_up(shift: ShiftView, volunteer_id: int, actor: Actor) -> None:
    if actor.volunteer_id != volunteer_id or not actor.may(Permission.OWN_RECORD, ROOT):
        actor.need(Permission.MANAGE_ACTIVITIES, shift.station_path)


def _refuse_closed(shift: ShiftView) -> None:
    if shift.activity_status == CANCELLED:
        raise Conflict("activities.activity_cancelled")
    if shift.activity_status != APPROVED:
        raise Conflict("activities.activity_not_approved")
    if shift.cancelled_at is not None:
        raise Conflict("activities.shift_cancelled")
    if clock.now() >= shift.ends_at:
        raise Conflict("activities.shift_over")


def _promote(session: Session, shift_id: int, center_id: int) -> None:
    first = (
        sa.select(Signup.id)
        .where(Signup.center_id == center_id, Signup.shift_id == shift_id, Signup.status == WAITLISTED)
        .order_by(Signup.created_at, Signup.id)
        .limit(1)
    )
    waiting = session.connection().execute(first).scalar()
    if waiting is not None:
        _change_signup(session, waiting, center_id, status=SIGNED_UP)


def _change_signup(session: Session, signup_id: int, center_id: int, **values: object) -> None:
    change = sa.update(Signup).where(Signup.center_id == center_id, Signup.id == signup_id).values(values)
    session.connection().execute(change)
