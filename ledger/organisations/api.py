"""The organisations API: places and teams."""

from typing import Any

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.permissions import Permission
from ledger.organisations import queries, service
from ledger.organisations.queries import TeamView
from ledger.organisations.schemas import (
    CorrectedPlaceRequest,
    MemberRequest,
    NearestQuery,
    NearPlaceList,
    PlacePage,
    PlaceQuery,
    PlaceRequest,
    PlaceSchema,
    TeamPage,
    TeamQuery,
    TeamRequest,
    TeamSchema,
)
from ledger.places import queries as places
from ledger.places.queries import PlaceView
from ledger.web.fields import page_of
from ledger.web.guard import get_actor, logged_in, requires
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("organisations_api", __name__, url_prefix=PREFIX, description="Places and teams")


@bp.get("/places")
@logged_in
@bp.arguments(PlaceQuery, location="query")
@bp.response(200, PlacePage)
def list_places(query: dict[str, Any]) -> Page[PlaceView]:
    """List places of your center, open and closed."""
    return in_snapshot(_list_places, query, page_of(query), get_actor().center_id)


def _list_places(session: Session, query: dict[str, Any], page: PageRequest, center_id: int) -> Page[PlaceView]:
    if query["parent_id"] is not None:
        queries.get_place(session, query["parent_id"], center_id)
    return places.list_places(session, center_id, request=page, parent_id=query["parent_id"], kind=query["kind"])


@bp.post("/places")
@requires(Permission.MANAGE_PLACES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(PlaceRequest)
@bp.response(201, PlaceSchema)
def add_place(body: dict[str, Any]) -> PlaceView:
    """Add an institute or a station."""
    place_id = in_transaction_once(find_idempotency_key(), _add_place, body, actor=get_actor())
    return in_snapshot(queries.get_place, place_id, get_actor().center_id)


def _add_place(session: Session, body: dict[str, Any], *, actor: Actor) -> int:
    return service.add_place(
        session,
        parent_id=body["parent_id"],
        kind=body["kind"],
        name=body["name"],
        latitude=body["latitude"],
        longitude=body["longitude"],
        actor=actor,
    )


@bp.get("/places/<id:place_id>")
@logged_in
@bp.response(200, PlaceSchema)
def get_place(place_id: int) -> PlaceView:
    """One place."""
    return in_snapshot(queries.get_place, place_id, get_actor().center_id)


@bp.put("/places/<id:place_id>")
@requires(Permission.MANAGE_PLACES)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(CorrectedPlaceRequest)
@bp.response(200, PlaceSchema)
def correct_place(body: dict[str, Any], place_id: int) -> PlaceView:
    """Put a place's name and position right; what it said is kept."""
    in_transaction_once(
        find_idempotency_key(),
        service.correct_place,
        place_id,
        name=body["name"],
        latitude=body["latitude"],
        longitude=body["longitude"],
        actor=get_actor(),
    )
    return in_snapshot(queries.get_place, place_id, get_actor().center_id)


@bp.get("/places/nearest")
@logged_in
@bp.arguments(NearestQuery, location="query")
@bp.response(200, NearPlaceList)
def nearest(query: dict[str, Any]) -> dict[str, Any]:
    """Open stations with a known position, nearest first."""
    where = {"latitude": query["lat"], "longitude": query["lon"], "limit": query["limit"]}
    return {"items": in_snapshot(queries.nearest, get_actor().center_id, **where), "next": None}


@bp.get("/teams")
@logged_in
@bp.arguments(TeamQuery, location="query")
@bp.response(200, TeamPage)
def list_teams(query: dict[str, Any]) -> Page[TeamView]:
    """List teams of your center, or of a place and everything under it."""
    return in_snapshot(_teams, query, get_actor().center_id)


def _teams(session: Session, query: dict[str, Any], center_id: int) -> Page[TeamView]:
    page = page_of(query)
    under = None if query["place_id"] is None else queries.get_place(session, query["place_id"], center_id).path
    return queries.list_teams(session, center_id, request=page, place_path=under)


@bp.post("/teams")
@requires(Permission.MANAGE_VOLUNTEERS)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(TeamRequest)
@bp.response(201, TeamSchema)
def add_team(body: dict[str, Any]) -> TeamView:
    """Add a team."""
    actor, once = get_actor(), find_idempotency_key()
    team_id = in_transaction_once(once, service.add_team, place_id=body["place_id"], name=body["name"], actor=actor)
    return in_snapshot(queries.get_team, team_id, actor.center_id)


@bp.get("/teams/<id:team_id>")
@logged_in
@bp.response(200, TeamSchema)
def get_team(team_id: int) -> TeamView:
    """One team."""
    return in_snapshot(queries.get_team, team_id, get_actor().center_id)


@bp.post("/teams/<id:team_id>/members")
@requires(Permission.MANAGE_VOLUNTEERS)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(MemberRequest)
@bp.response(201, TeamSchema)
def join_team(body: dict[str, Any], team_id: int) -> TeamView:
    """Make a volunteer a member of a team."""
    actor, once = get_actor(), find_idempotency_key()
    volunteer_id = body["volunteer_id"]
    in_transaction_once(once, service.join_team, team_id=team_id, volunteer_id=volunteer_id, actor=actor)
    return in_snapshot(queries.get_team, team_id, actor.center_id)
