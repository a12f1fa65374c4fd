"""Adds names and counts to shifts and sign-ups for pages and API, and hides drafts from people who don't plan."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from ledger.activities import queries
from ledger.activities.policy import DRAFT, ShiftView
from ledger.activities.queries import ActivityView
from ledger.activities.signup_queries import counts_of, find_signup, list_signups
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, NotFound
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import queries as people


def seen_activity(session: Session, activity_id: int, actor: Actor) -> ActivityView:
    """An activity that the actor may see. Raises NotFound("activities.activity_not_found"), for others' drafts too."""
    activity = queries.get_activity(session, activity_id, actor.center_id)
    if activity.status == DRAFT and not actor.may(Permission.MANAGE_ACTIVITIES, activity.place_path):
        raise NotFound("activities.activity_not_found")
    return activity


def shift(session: Session, shift_id: int, actor: Actor) -> dict[str, Any]:
    """A shift with its counts. Raises NotFound("activities.shift_not_found"), for others' drafts too."""
    view = queries.get_shift(session, shift_id, actor.center_id)
    if view.activity_status == DRAFT and not actor.may(Permission.MANAGE_ACTIVITIES, view.station_path):
        raise NotFound("activities.shift_not_found")
    return shifts(session, [view], actor.center_id)[0]


def shifts(session: Session, views: Sequence[ShiftView], center_id: int) -> list[dict[str, Any]]:
    """Shifts with counts of sign-ups and people waiting."""
    counts = counts_of(session, [view.id for view in views], center_id)
    return [asdict(view) | asdict(counts[view.id]) for view in views]


def signup(session: Session, *, shift_id: int, volunteer_id: int, center_id: int) -> dict[str, Any]:
    """One sign-up with its masked name. Raises NotFound("activities.signup_not_found")."""
    view = find_signup(session, shift_id, volunteer_id, center_id)
    if view is None:
        raise NotFound("activities.signup_not_found")
    names = people.masked_names(session, [volunteer_id], center_id)
    return asdict(view) | {"masked_name": names[volunteer_id]}


def signups(session: Session, shift_id: int, page: PageRequest, actor: Actor) -> dict[str, Any]:
    """A page of sign-ups for staff of the station: {"items", "next"}, with masked names.

    Raises NotFound("activities.shift_not_found"), Forbidden("access.denied").
    """
    view = queries.get_shift(session, shift_id, actor.center_id)
    staff = (Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS)
    if not any(actor.may(permission, view.station_path) for permission in staff):
        raise Forbidden("access.denied", permission=Permission.CHECK_IN_OTHERS.value)
    found = list_signups(session, shift_id, actor.center_id, request=page)
    names = people.masked_names(session, [row.volunteer_id for row in found.items], actor.center_id)
    items = [asdict(row) | {"masked_name": names[row.volunteer_id]} for row in found.items]
    return {"items": items, "next": found.next}
