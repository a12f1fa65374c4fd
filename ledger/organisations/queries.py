"""Reads of centers and places that must exist, of teams and of memberships."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.errors import Conflict, NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import under
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.organisations.models import Membership, Team
from ledger.organisations.policy import metres_between
from ledger.places.models import Place
from ledger.places.queries import CenterView, PlaceView, all_places, centers, find_center, find_place, find_top_place

_place, _team, _membership = Place.__table__, Team.__table__, Membership.__table__


@dataclass(frozen=True, slots=True)
class NearPlace:
    """A station and its distance in whole metres."""

    place: PlaceView
    metres: int


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team, its home place, and its number of members."""

    id: int
    place_id: int
    place_name: str
    place_path: str
    name: str
    members: int


_TEAM_PATHS = (
    sa.select(_team.c.id, _place.c.path)
    .join(_place, sa.and_(_place.c.center_id == _team.c.center_id, _place.c.id == _team.c.place_id))
    .where(_team.c.center_id == sa.bindparam("center"), _team.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_TEAM_NAMES = (
    sa.select(_membership.c.volunteer_id, _team.c.id, _team.c.name)
    .join(_team, sa.and_(_team.c.center_id == _membership.c.center_id, _team.c.id == _membership.c.team_id))
    .where(
        _membership.c.center_id == sa.bindparam("center"),
        _membership.c.volunteer_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .order_by(_team.c.name)
)


def get_center(session: Session, center_id: int) -> CenterView:
    """A center by id. Raises NotFound("organisations.center_not_found")."""
    center = find_center(session, center_id)
    if center is None:
        raise NotFound("organisations.center_not_found")
    return center


def only_center(session: Session) -> CenterView:
    """The first center. Raises NotFound("organisations.center_not_found") before there is one."""
    found = centers(session)
    if not found:
        raise NotFound("organisations.center_not_found")
    return found[0]


def get_place(session: Session, place_id: int, center_id: int) -> PlaceView:
    """A place of the center, open or closed. Raises NotFound("organisations.place_not_found")."""
    place = find_place(session, place_id, center_id)
    if place is None:
        raise NotFound("organisations.place_not_found")
    return place


def get_open_place(session: Session, place_id: int, permission: Permission, actor: Actor) -> PlaceView:
    """A place at which something new may begin.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"),
    Conflict("organisations.place_closed").
    """
    place = get_place(session, place_id, actor.center_id)
    actor.need(permission, place.path)
    if place.closed_at is not None:
        raise Conflict("organisations.place_closed")
    return place


def top_place(session: Session, center_id: int) -> PlaceView:
    """The place that is the center itself. Raises NotFound("organisations.center_not_found")."""
    place = find_top_place(session, center_id)
    if place is None:
        raise NotFound("organisations.center_not_found")
    return place


def nearest(session: Session, center_id: int, *, latitude: float, longitude: float, limit: int = 5) -> list[NearPlace]:
    """Open stations with a known position, nearest first. Positions are WGS-84, as browsers report them."""
    here = (latitude, longitude)
    near = [
        NearPlace(place, round(metres_between(here, (place.latitude, place.longitude))))
        for place in all_places(session, center_id, kind="station")
        if place.latitude is not None and place.longitude is not None
    ]
    return sorted(near, key=lambda one: (one.metres, one.place.id))[:limit]


def find_team(session: Session, team_id: int, center_id: int) -> TeamView | None:
    """A team of the center."""
    rows = _FIND_TEAM.rows(session, {"center": center_id, "id": team_id})
    return TeamView(*rows[0]) if rows else None


def get_team(session: Session, team_id: int, center_id: int) -> TeamView:
    """A team of the center. Raises NotFound("organisations.team_not_found")."""
    team = find_team(session, team_id, center_id)
    if team is None:
        raise NotFound("organisations.team_not_found")
    return team


def team_paths(session: Session, team_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """The paths of the teams' home places; ids that aren't teams of the center are left out."""
    return {
        row.id: row.path
        for part in chunks(team_ids)
        for row in session.connection().execute(_TEAM_PATHS, {"center": center_id, "ids": part})
    }


def all_teams(session: Session, center_id: int, *, paths: Iterable[str] = ("/",)) -> list[TeamView]:
    """Teams based under any of the paths, by place and name."""
    rows = session.execute(_teams(center_id).where(under(Place.path, paths)).order_by(Place.path, Team.name))
    return [_team_view(row) for row in rows]


def list_teams(
    session: Session, center_id: int, *, request: PageRequest, place_path: str | None = None
) -> Page[TeamView]:
    """Teams of the center, or of a place and everything under it."""
    query = _teams(center_id)
    if place_path:
        query = query.where(under(Place.path, [place_path]))
    sorts = {"name": Team.name, "created_at": Team.created_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Team.id, make=_team_view)


def members_of(team_id: int, center_id: int) -> sa.Select[Any]:
    """A selection of a team's volunteer ids, to filter other lists."""
    return sa.select(Membership.volunteer_id).where(Membership.center_id == center_id, Membership.team_id == team_id)


def list_members(session: Session, team_id: int, center_id: int, *, request: PageRequest) -> Page[int]:
    """A team's volunteer ids, in the order in which they joined."""
    query = sa.select(Membership.volunteer_id).where(Membership.center_id == center_id, Membership.team_id == team_id)
    sorts = {"joined_at": Membership.joined_at}
    return fetch_page(
        session, query, request=request, sorts=sorts, tie=Membership.volunteer_id, make=lambda row: int(row[0])
    )


def team_names_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, list[str]]:
    """The names of the teams each volunteer belongs to."""
    teams = teams_of(session, volunteer_ids, center_id)
    return {volunteer_id: [name for _, name in own] for volunteer_id, own in teams.items()}


def teams_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, list[tuple[int, str]]]:
    """The teams each volunteer belongs to, as (id, name)."""
    teams: dict[int, list[tuple[int, str]]] = {}
    for part in chunks(volunteer_ids):
        for row in session.connection().execute(_TEAM_NAMES, {"center": center_id, "ids": part}):
            teams.setdefault(row.volunteer_id, []).append((row.id, row.name))
    return teams


def _teams(center_id: "int | sa.BindParameter[int]") -> sa.Select[Any]:
    members = (
        sa.select(sa.func.count())
        .where(Membership.center_id == Team.center_id, Membership.team_id == Team.id)
        .scalar_subquery()
    )
    return (
        sa.select(
            Team.id,
            Team.place_id,
            Place.name.label("place_name"),
            Place.path.label("place_path"),
            Team.name,
            members.label("members"),
        )
        .join(Place, sa.and_(Place.center_id == Team.center_id, Place.id == Team.place_id))
        .where(Team.center_id == center_id)
    )


_FIND_TEAM = Prepared(_teams(sa.bindparam("center")).where(Team.id == sa.bindparam("id")))


def _team_view(row: Any) -> TeamView:
    return TeamView(*(row._mapping[name] for name in TeamView.__slots__))
