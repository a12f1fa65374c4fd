"""Reads of centers, places, teams and memberships."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.prepared import Prepared
from ledger.organisations.models import Center, Membership, Place, Team
from ledger.organisations.policy import metres_between
from ledger.people.places import chunks

_center, _place, _team, _membership = Center.__table__, Place.__table__, Team.__table__, Membership.__table__


@dataclass(frozen=True, slots=True)
class CenterView:
    """A center: a district with a ledger of its own."""

    id: int
    name: str
    is_demonstration: bool


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A center, institute or station; position in WGS-84 degrees."""

    id: int
    parent_id: int | None
    kind: str
    path: str
    name: str
    latitude: float | None
    longitude: float | None
    code_version: int
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class NearPlace:
    """A station and how far it is, in whole metres."""

    place: PlaceView
    metres: int


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team, where it is at home, and how many belong to it."""

    id: int
    place_id: int
    place_name: str
    place_path: str
    name: str
    members: int


_PLACE_COLUMNS = [_place.c[name] for name in PlaceView.__slots__]
_GET_PLACE = Prepared(
    sa.select(*_PLACE_COLUMNS).where(_place.c.center_id == sa.bindparam("center"), _place.c.id == sa.bindparam("id"))
)
_TOP = sa.select(*_PLACE_COLUMNS).where(_place.c.center_id == sa.bindparam("center"), _place.c.parent_id.is_(None))
_GET_CENTER = sa.select(_center.c.id, _center.c.name, _center.c.is_demonstration)
_TEAM_PATHS = (
    sa.select(_team.c.id, _place.c.path)
    .join(_place, sa.and_(_place.c.center_id == _team.c.center_id, _place.c.id == _team.c.place_id))
    .where(_team.c.center_id == sa.bindparam("center"), _team.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_TEAM_NAMES = (
    sa.select(_membership.c.volunteer_id, _team.c.name)
    .join(_team, sa.and_(_team.c.center_id == _membership.c.center_id, _team.c.id == _membership.c.team_id))
    .where(
        _membership.c.center_id == sa.bindparam("center"),
        _membership.c.volunteer_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .order_by(_team.c.name)
)


def find_center(session: Session, center_id: int) -> CenterView | None:
    """A center by id."""
    row = session.connection().execute(_GET_CENTER.where(_center.c.id == center_id)).one_or_none()
    return None if row is None else CenterView(*row)


def get_center(session: Session, center_id: int) -> CenterView:
    """A center by id. Raises NotFound("organisations.center_not_found")."""
    center = find_center(session, center_id)
    if center is None:
        raise NotFound("organisations.center_not_found")
    return center


def centers(session: Session) -> list[CenterView]:
    """All centers of the installation, oldest first."""
    return [CenterView(*row) for row in session.connection().execute(_GET_CENTER.order_by(_center.c.id))]


def only_center(session: Session) -> CenterView:
    """The first center. Raises NotFound("organisations.center_not_found") before there is one."""
    found = centers(session)
    if not found:
        raise NotFound("organisations.center_not_found")
    return found[0]


def find_place(session: Session, place_id: int, center_id: int) -> PlaceView | None:
    """A place of the center, closed ones too."""
    rows = _GET_PLACE.rows(session, {"center": center_id, "id": place_id})
    return PlaceView(*rows[0]) if rows else None


def get_place(session: Session, place_id: int, center_id: int) -> PlaceView:
    """A place of the center, closed ones too. Raises NotFound("organisations.place_not_found")."""
    place = find_place(session, place_id, center_id)
    if place is None:
        raise NotFound("organisations.place_not_found")
    return place


def top_place(session: Session, center_id: int) -> PlaceView:
    """The place that is the center itself. Raises NotFound("organisations.center_not_found")."""
    row = session.connection().execute(_TOP, {"center": center_id}).one_or_none()
    if row is None:
        raise NotFound("organisations.center_not_found")
    return PlaceView(*row)


def all_places(
    session: Session, center_id: int, *, paths: Iterable[str] = ("/",), kind: str | None = None, closed: bool = False
) -> list[PlaceView]:
    """Places under any of the paths as a tree read from the top: each after its parent, open ones unless `closed`."""
    query = sa.select(*_PLACE_COLUMNS).where(
        _place.c.center_id == center_id, sa.or_(sa.false(), *(_place.c.path.startswith(path) for path in paths))
    )
    if kind:
        query = query.where(_place.c.kind == kind)
    if not closed:
        query = query.where(_place.c.closed_at.is_(None))
    return [PlaceView(*row) for row in session.connection().execute(query.order_by(_place.c.path))]


def list_places(
    session: Session, center_id: int, *, request: PageRequest, parent_id: int | None = None, kind: str | None = None
) -> Page[PlaceView]:
    """Places of the center, closed ones too, from the top down unless asked otherwise."""
    query = sa.select(*(getattr(Place, name) for name in PlaceView.__slots__)).where(Place.center_id == center_id)
    if parent_id is not None:
        query = query.where(Place.parent_id == parent_id)
    if kind:
        query = query.where(Place.kind == kind)
    sorts = {"path": Place.path, "name": Place.name, "created_at": Place.created_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Place.id, make=_place_view)


def place_names(session: Session, place_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """Names by place."""
    query = sa.select(_place.c.id, _place.c.name).where(_place.c.center_id == center_id)
    return {
        row.id: row.name
        for part in chunks(place_ids)
        for row in session.connection().execute(query.where(_place.c.id.in_(part)))
    }


def nearest(session: Session, center_id: int, *, latitude: float, longitude: float, limit: int = 5) -> list[NearPlace]:
    """Open stations with a known position, the nearest first. Both positions are WGS-84, as browsers give them."""
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
    """The paths of the places where teams are at home; ids that are no teams of the center are left out."""
    return {
        row.id: row.path
        for part in chunks(team_ids)
        for row in session.connection().execute(_TEAM_PATHS, {"center": center_id, "ids": part})
    }


def all_teams(session: Session, center_id: int, *, paths: Iterable[str] = ("/",)) -> list[TeamView]:
    """Teams at home under any of the paths, by place and name."""
    under = sa.or_(sa.false(), *(Place.path.startswith(path) for path in paths))
    rows = session.execute(_teams(center_id).where(under).order_by(Place.path, Team.name))
    return [_team_view(row) for row in rows]


def list_teams(
    session: Session, center_id: int, *, request: PageRequest, place_path: str | None = None
) -> Page[TeamView]:
    """Teams of the center, or of a place and what is under it."""
    query = _teams(center_id)
    if place_path:
        query = query.where(Place.path.startswith(place_path))
    sorts = {"name": Team.name, "created_at": Team.created_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Team.id, make=_team_view)


def members_of(team_id: int, center_id: int) -> sa.Select[Any]:
    """A selection of the volunteer ids in a team, to narrow other lists by."""
    return sa.select(Membership.volunteer_id).where(Membership.center_id == center_id, Membership.team_id == team_id)


def list_members(session: Session, team_id: int, center_id: int, *, request: PageRequest) -> Page[int]:
    """The volunteer ids in a team, in the order in which they joined."""
    query = sa.select(Membership.volunteer_id).where(Membership.center_id == center_id, Membership.team_id == team_id)
    sorts = {"joined_at": Membership.joined_at}
    return fetch_page(
        session, query, request=request, sorts=sorts, tie=Membership.volunteer_id, make=lambda row: int(row[0])
    )


def team_names_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, list[str]]:
    """The names of the teams each volunteer belongs to."""
    names: dict[int, list[str]] = {}
    for part in chunks(volunteer_ids):
        for row in session.connection().execute(_TEAM_NAMES, {"center": center_id, "ids": part}):
            names.setdefault(row.volunteer_id, []).append(row.name)
    return names


def team_ids_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, set[int]]:
    """The teams each volunteer belongs to."""
    teams: dict[int, set[int]] = {}
    for part in chunks(volunteer_ids):
        query = sa.select(_membership.c.volunteer_id, _membership.c.team_id).where(
            _membership.c.center_id == center_id, _membership.c.volunteer_id.in_(part)
        )
        for row in session.connection().execute(query):
            teams.setdefault(row.volunteer_id, set()).add(row.team_id)
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


def _place_view(row: Any) -> PlaceView:
    return PlaceView(*(row._mapping[name] for name in PlaceView.__slots__))


def _team_view(row: Any) -> TeamView:
    return TeamView(*(row._mapping[name] for name in TeamView.__slots__))
