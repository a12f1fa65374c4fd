"""Writes to centers, places, teams and memberships."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock, founding, runtime
from ledger.kernel.actor import Actor, system_actor
from ledger.kernel.changes import change
from ledger.kernel.errors import Conflict, NotFound, Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_ignore
from ledger.organisations import queries
from ledger.organisations.models import Membership, Team
from ledger.organisations.policy import CENTER, check_kind, check_position, clean_name, is_named, path_under
from ledger.people.managing import place_paths_of
from ledger.people.volunteers.search import tell_of
from ledger.places.models import Center, Place
from ledger.places.queries import PlaceView
from ledger.points.book import opening
from ledger.points.policy import MINUTE, POINT, POINT_SCALE


def create_center(session: Session, *, name: str, is_demonstration: bool = False, center_id: int | None = None) -> int:
    """Make a center with its top place and its units of minutes and points, for operators.

    `center_id` is given if people were sealed for the center before this unit. Returns the center's id. The first
    center founds the database: it fixes the secret, the environment and the zone. Raises
    Rejected("organisations.name_invalid"), SettingsError if another installation founded it.
    """
    here = runtime.current().installation
    founding.found(session.connection(), here, demonstration=is_demonstration, now=clock.now())
    center_id = center_id or new_id()
    row = {
        "id": center_id,
        "name": clean_name(name),
        "is_demonstration": is_demonstration,
        "next_volunteer_number": 1,
        "created_at": clock.now(),
    }
    session.connection().execute(sa.insert(Center), row)
    _insert_place(session, center_id, parent=None, kind=CENTER, name=clean_name(name), position=(None, None))
    opening.add_unit(session, MINUTE, scale=0, actor=system_actor(center_id))
    opening.add_unit(session, POINT, scale=POINT_SCALE, in_lots=True, actor=system_actor(center_id))
    return center_id


def add_place(
    session: Session,
    *,
    parent_id: int,
    kind: str,
    name: str,
    latitude: float | None = None,
    longitude: float | None = None,
    actor: Actor,
) -> int:
    """Add an institute or station under another place; position in WGS-84 degrees. Returns the place's id.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"),
    Conflict("organisations.place_closed"), Rejected("organisations.kind_not_here", "…name_invalid",
    "…position_invalid", "…place_exists").
    """
    parent = queries.get_open_place(session, parent_id, Permission.MANAGE_PLACES, actor)
    check_kind(kind, under=parent.kind)
    check_position(latitude, longitude)
    named = clean_name(name)
    siblings = sa.select(Place.name).where(Place.center_id == actor.center_id, Place.parent_id == parent_id)
    if is_named(session.connection().scalars(siblings), named):
        raise Rejected("organisations.place_exists")
    return _insert_place(session, actor.center_id, parent=parent, kind=kind, name=named, position=(latitude, longitude))


def correct_place(
    session: Session, place_id: int, *, name: str, latitude: float | None, longitude: float | None, actor: Actor
) -> None:
    """Put a place's name and position right, and keep what they were; position in WGS-84 degrees, both or neither.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"), Rejected("organisations.name_invalid",
    "…position_invalid", "…place_exists").
    """
    place = queries.get_place(session, place_id, actor.center_id)
    actor.need(Permission.MANAGE_PLACES, place.path)
    check_position(latitude, longitude)
    named = clean_name(name)
    own = (Place.center_id == actor.center_id, Place.parent_id == place.parent_id, Place.id != place_id)
    if is_named(session.connection().scalars(sa.select(Place.name).where(*own)), named):
        raise Rejected("organisations.place_exists")
    wanted = {"name": named, "latitude": latitude, "longitude": longitude}
    change(session, table_of(Place), place_id, wanted=wanted, actor=actor)


def close_place(session: Session, place_id: int, *, actor: Actor) -> None:
    """Close a place to new activity; closing it twice changes nothing.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"), Rejected("organisations.top_place"),
    Conflict("organisations.place_has_open_places").
    """
    place = queries.get_place(session, place_id, actor.center_id)
    actor.need(Permission.MANAGE_PLACES, place.path)
    if place.kind == CENTER:
        raise Rejected("organisations.top_place")
    open_below = sa.select(Place.id).where(
        Place.center_id == actor.center_id, Place.parent_id == place_id, Place.closed_at.is_(None)
    )
    if session.connection().execute(open_below).first() is not None:
        raise Conflict("organisations.place_has_open_places")
    change = (
        sa.update(Place)
        .where(Place.center_id == actor.center_id, Place.id == place_id, Place.closed_at.is_(None))
        .values(closed_at=clock.now())
    )
    session.connection().execute(change)


def raise_code_version(session: Session, place_id: int, *, actor: Actor) -> int:
    """Revoke every printed code of the station and return the version of the next print.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied").
    """
    place = queries.get_place(session, place_id, actor.center_id)
    actor.need(Permission.MANAGE_PLACES, place.path)
    change = (
        sa.update(Place)
        .where(Place.center_id == actor.center_id, Place.id == place_id)
        .values(code_version=Place.code_version + 1)
        .returning(Place.code_version)
    )
    return int(session.connection().execute(change).scalar_one())


def add_team(session: Session, *, place_id: int, name: str, actor: Actor) -> int:
    """Add a team based at a place; returns its id.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"),
    Conflict("organisations.place_closed"), Rejected("organisations.name_invalid", "organisations.team_exists").
    """
    queries.get_open_place(session, place_id, Permission.MANAGE_VOLUNTEERS, actor)
    named = clean_name(name)
    there = sa.select(Team.name).where(Team.center_id == actor.center_id, Team.place_id == place_id)
    if is_named(session.connection().scalars(there), named):
        raise Rejected("organisations.team_exists")
    team_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": team_id,
        "place_id": place_id,
        "name": named,
        "created_at": clock.now(),
    }
    session.connection().execute(sa.insert(Team), row)
    return team_id


def join_team(session: Session, *, team_id: int, volunteer_id: int, actor: Actor) -> None:
    """Make a volunteer a member, which is a lookup of somebody registered elsewhere.

    Raises NotFound("organisations.team_not_found"), Forbidden("access.denied"),
    Conflict("organisations.already_in_team"), and what `tell_of` raises.
    """
    actor.need(Permission.MANAGE_VOLUNTEERS, queries.get_team(session, team_id, actor.center_id).place_path)
    tell_of(session, volunteer_id, actor)
    if join_teams(session, [(team_id, volunteer_id)], actor=actor) == 0:
        raise Conflict("organisations.already_in_team")


def join_teams(session: Session, pairs: Sequence[tuple[int, int]], *, actor: Actor) -> int:
    """Add memberships of (team, volunteer) and return how many were new; raises as join_team for unknown ids."""
    if not pairs:
        return 0
    teams = {team_id for team_id, _ in pairs}
    paths = queries.team_paths(session, teams, actor.center_id)
    if len(paths) != len(teams):
        raise NotFound("organisations.team_not_found")
    for path in sorted(set(paths.values())):
        actor.need(Permission.MANAGE_VOLUNTEERS, path)
    volunteers = {volunteer_id for _, volunteer_id in pairs}
    if len(place_paths_of(session, volunteers, actor.center_id)) != len(volunteers):
        raise NotFound("people.volunteer_not_found")
    at = clock.now()
    rows = [
        {"center_id": actor.center_id, "team_id": team_id, "volunteer_id": volunteer_id, "joined_at": at}
        for team_id, volunteer_id in dict.fromkeys(pairs)
    ]
    insert = insert_or_ignore(table_of(Membership)).returning(Membership.volunteer_id)
    return len(session.connection().execute(insert, rows).all())


def leave_team(session: Session, *, team_id: int, volunteer_id: int, actor: Actor) -> None:
    """End a membership; ending it twice changes nothing.

    Raises NotFound("organisations.team_not_found", "people.volunteer_not_found"), Forbidden("access.denied").
    """
    team = queries.get_team(session, team_id, actor.center_id)
    actor.need(Permission.MANAGE_VOLUNTEERS, team.place_path)
    if not place_paths_of(session, [volunteer_id], actor.center_id):
        raise NotFound("people.volunteer_not_found")
    delete = sa.delete(Membership).where(
        Membership.center_id == actor.center_id,
        Membership.team_id == team_id,
        Membership.volunteer_id == volunteer_id,
    )
    session.connection().execute(delete)


def _insert_place(
    session: Session,
    center_id: int,
    *,
    parent: PlaceView | None,
    kind: str,
    name: str,
    position: tuple[float | None, float | None],
) -> int:
    place_id = new_id()
    row = {
        "center_id": center_id,
        "id": place_id,
        "parent_id": None if parent is None else parent.id,
        "kind": kind,
        "path": path_under("/" if parent is None else parent.path, place_id),
        "name": name,
        "latitude": position[0],
        "longitude": position[1],
        "code_version": 1,
        "created_at": clock.now(),
        "closed_at": None,
    }
    session.connection().execute(sa.insert(Place), row)
    return place_id
