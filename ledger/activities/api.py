"""The activities API: activities, shifts and sign-ups."""

from typing import Any

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.activities import presenter, queries, service
from ledger.activities.queries import ActivityView
from ledger.activities.schemas import (
    ActivityPage,
    ActivityQuery,
    ActivityRequest,
    ActivitySchema,
    CorrectedActivityRequest,
    ShiftPage,
    ShiftQuery,
    ShiftRequest,
    ShiftSchema,
    SignupPage,
    SignupRequest,
    SignupSchema,
)
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.errors import Forbidden
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.permissions import Permission
from ledger.organisations import queries as organisations
from ledger.web.fields import PageQuery, page_of
from ledger.web.guard import get_actor, logged_in, requires, steps_up
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("activities_api", __name__, url_prefix=PREFIX, description="What happens when")


@bp.get("/activities")
@logged_in
@bp.arguments(ActivityQuery, location="query")
@bp.response(200, ActivityPage)
def list_activities(query: dict[str, Any]) -> Page[ActivityView]:
    """List activities of your center; only managers of a place's activities see its drafts."""
    return in_snapshot(_list, query, get_actor())


def _list(session: Session, query: dict[str, Any], actor: Actor) -> Page[ActivityView]:
    return queries.list_activities(
        session,
        actor.center_id,
        request=page_of(query),
        paths=[_path(session, query["place_id"], actor)],
        drafts_under=actor.paths(Permission.MANAGE_ACTIVITIES),
        status=query["status"],
        category=query["category"],
    )


@bp.post("/activities")
@requires(Permission.MANAGE_ACTIVITIES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ActivityRequest)
@bp.response(201, ActivitySchema)
def create_activity(body: dict[str, Any]) -> ActivityView:
    """Add an activity, as a draft or approved at once."""
    activity_id = in_transaction_once(find_idempotency_key(), _create_activity, body, actor=get_actor())
    return in_snapshot(queries.get_activity, activity_id, get_actor().center_id)


def _create_activity(session: Session, body: dict[str, Any], *, actor: Actor) -> int:
    return service.create_activity(
        session,
        place_id=body["place_id"],
        name=body["name"],
        category=body["category"],
        team_id=body["team_id"],
        status=body["status"],
        actor=actor,
    )


@bp.get("/activities/<id:activity_id>")
@logged_in
@bp.response(200, ActivitySchema)
def get_activity(activity_id: int) -> ActivityView:
    """One activity."""
    return in_snapshot(presenter.seen_activity, activity_id, get_actor())


@bp.put("/activities/<id:activity_id>")
@requires(Permission.MANAGE_ACTIVITIES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(CorrectedActivityRequest)
@bp.response(200, ActivitySchema)
def correct_activity(body: dict[str, Any], activity_id: int) -> ActivityView:
    """Put an activity's name and category right; what it said is kept."""
    key, name, category = find_idempotency_key(), body["name"], body["category"]
    in_transaction_once(key, service.correct_activity, activity_id, name=name, category=category, actor=get_actor())
    return in_snapshot(queries.get_activity, activity_id, get_actor().center_id)


@bp.post("/activities/<id:activity_id>/approve")
@requires(Permission.MANAGE_ACTIVITIES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.response(200, ActivitySchema)
def approve_activity(activity_id: int) -> ActivityView:
    """Approve a draft: people may sign up and check in."""
    actor = get_actor()
    in_transaction_once(find_idempotency_key(), service.approve_activity, activity_id, actor=actor)
    return in_snapshot(queries.get_activity, activity_id, actor.center_id)


@bp.post("/activities/<id:activity_id>/cancel")
@requires(Permission.MANAGE_ACTIVITIES)
@steps_up
@bp.doc(parameters=[KEY_PARAMETER])
@bp.response(200, ActivitySchema)
def cancel_activity(activity_id: int) -> ActivityView:
    """Cancel an activity for good."""
    actor = get_actor()
    in_transaction_once(find_idempotency_key(), service.cancel_activity, activity_id, actor=actor)
    return in_snapshot(queries.get_activity, activity_id, actor.center_id)


@bp.get("/activities/<id:activity_id>/shifts")
@logged_in
@bp.arguments(PageQuery, location="query")
@bp.response(200, ShiftPage)
def list_shifts(query: dict[str, Any], activity_id: int) -> dict[str, Any]:
    """All shifts of an activity, by start."""
    return in_snapshot(_shifts_of, activity_id, page_of(query), get_actor())


def _shifts_of(session: Session, activity_id: int, page: PageRequest, actor: Actor) -> dict[str, Any]:
    presenter.seen_activity(session, activity_id, actor)
    found = queries.list_shifts(session, actor.center_id, request=page, activity_id=activity_id)
    return {"items": presenter.shifts(session, found.items, actor.center_id), "next": found.next}


@bp.post("/activities/<id:activity_id>/shifts")
@requires(Permission.MANAGE_ACTIVITIES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ShiftRequest)
@bp.response(201, ShiftSchema)
def add_shift(body: dict[str, Any], activity_id: int) -> dict[str, Any]:
    """Add a shift to an activity."""
    shift_id = in_transaction_once(find_idempotency_key(), _add_shift, activity_id, body, actor=get_actor())
    return in_snapshot(presenter.shift, shift_id, get_actor())


def _add_shift(session: Session, activity_id: int, body: dict[str, Any], *, actor: Actor) -> int:
    return service.add_shift(
        session,
        activity_id=activity_id,
        station_id=body["station_id"],
        starts_at=body["starts_at"],
        ends_at=body["ends_at"],
        capacity=body["capacity"],
        walk_in=body["walk_in"],
        actor=actor,
    )


@bp.get("/shifts")
@logged_in
@bp.arguments(ShiftQuery, location="query")
@bp.response(200, ShiftPage)
def coming_shifts(query: dict[str, Any]) -> dict[str, Any]:
    """List shifts of approved activities that aren't over yet, by start."""
    return in_snapshot(_coming, query, get_actor())


def _coming(session: Session, query: dict[str, Any], actor: Actor) -> dict[str, Any]:
    path = _path(session, query["place_id"], actor)
    found = queries.upcoming_shifts(session, actor.center_id, now=clock.now(), request=page_of(query), place_path=path)
    return {"items": presenter.shifts(session, found.items, actor.center_id), "next": found.next}


@bp.get("/shifts/<id:shift_id>")
@logged_in
@bp.response(200, ShiftSchema)
def get_shift(shift_id: int) -> dict[str, Any]:
    """One shift."""
    return in_snapshot(presenter.shift, shift_id, get_actor())


@bp.post("/shifts/<id:shift_id>/cancel")
@requires(Permission.MANAGE_ACTIVITIES)
@steps_up
@bp.doc(parameters=[KEY_PARAMETER])
@bp.response(200, ShiftSchema)
def cancel_shift(shift_id: int) -> dict[str, Any]:
    """Cancel one shift."""
    in_transaction_once(find_idempotency_key(), service.cancel_shift, shift_id, actor=get_actor())
    return in_snapshot(presenter.shift, shift_id, get_actor())


@bp.get("/shifts/<id:shift_id>/signups")
@requires(Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS)
@bp.arguments(PageQuery, location="query")
@bp.response(200, SignupPage)
def list_signups(query: dict[str, Any], shift_id: int) -> dict[str, Any]:
    """List a shift's sign-ups, waiting and cancelled ones too; names are masked."""
    return in_snapshot(presenter.signups, shift_id, page_of(query), get_actor())


@bp.post("/shifts/<id:shift_id>/signups")
@requires(Permission.OWN_RECORD, Permission.MANAGE_ACTIVITIES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(SignupRequest)
@bp.response(201, SignupSchema)
def sign_up(body: dict[str, Any], shift_id: int) -> dict[str, Any]:
    """Take a place in a shift, or join the waiting list if it is full."""
    volunteer_id, actor = _who(body["volunteer_id"]), get_actor()
    once = find_idempotency_key()
    in_transaction_once(once, service.sign_up, shift_id=shift_id, volunteer_id=volunteer_id, actor=actor)
    return in_snapshot(presenter.signup, shift_id=shift_id, volunteer_id=volunteer_id, center_id=actor.center_id)


@bp.delete("/shifts/<id:shift_id>/signups/<id:volunteer_id>")
@requires(Permission.OWN_RECORD, Permission.MANAGE_ACTIVITIES)
@bp.response(200, SignupSchema)
def cancel_signup(shift_id: int, volunteer_id: int) -> dict[str, Any]:
    """Give a place back before the shift begins; it goes to the first in the waiting list."""
    actor = get_actor()
    in_transaction(service.cancel_signup, shift_id=shift_id, volunteer_id=volunteer_id, actor=actor)
    return in_snapshot(presenter.signup, shift_id=shift_id, volunteer_id=volunteer_id, center_id=actor.center_id)


def _path(session: Session, place_id: int | None, actor: Actor) -> str:
    return "/" if place_id is None else organisations.get_place(session, place_id, actor.center_id).path


def _who(volunteer_id: int | None) -> int:
    """The given volunteer, or else the actor, who must be a volunteer."""
    chosen = volunteer_id if volunteer_id is not None else get_actor().volunteer_id
    if chosen is None:
        raise Forbidden("access.denied", permission=Permission.OWN_RECORD.value)
    return chosen
