"""Reads of centers and places: by id, by path, and as choices for a form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import chunks
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import under
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.places.models import Center, Place

_center, _place = table_of(Center), table_of(Place)
# Indent of a name per level.
_STEP = "\u3000"


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


_PLACE_COLUMNS = [_place.c[name] for name in PlaceView.__slots__]
_GET_PLACE = Prepared(
    sa.select(*_PLACE_COLUMNS).where(_place.c.center_id == sa.bindparam("center"), _place.c.id == sa.bindparam("id"))
)
_TOP = sa.select(*_PLACE_COLUMNS).where(_place.c.center_id == sa.bindparam("center"), _place.c.parent_id.is_(None))
_GET_CENTER = sa.select(_center.c.id, _center.c.name, _center.c.is_demonstration)


def find_center(session: Session, center_id: int) -> CenterView | None:
    """A center by id."""
    row = session.connection().execute(_GET_CENTER.where(_center.c.id == center_id)).one_or_none()
    return None if row is None else CenterView(*row)


def centers(session: Session) -> list[CenterView]:
    """All centers of the installation, oldest first."""
    return [CenterView(*row) for row in session.connection().execute(_GET_CENTER.order_by(_center.c.id))]


def center_ids(session: Session) -> list[int]:
    """The ids of all centers, oldest first."""
    return [center.id for center in centers(session)]


def is_demonstration(session: Session, center_id: int) -> bool:
    """Whether the center is the demonstration, with invented people."""
    center = find_center(session, center_id)
    return center is not None and center.is_demonstration


def find_place(session: Session, place_id: int, center_id: int) -> PlaceView | None:
    """A place of the center, open or closed."""
    rows = _GET_PLACE.rows(session, {"center": center_id, "id": place_id})
    return PlaceView(*rows[0]) if rows else None


def find_top_place(session: Session, center_id: int) -> PlaceView | None:
    """The place that is the center itself."""
    row = session.connection().execute(_TOP, {"center": center_id}).one_or_none()
    return None if row is None else PlaceView(*row)


def all_places(
    session: Session, center_id: int, *, paths: Iterable[str] = ("/",), kind: str | None = None, closed: bool = False
) -> list[PlaceView]:
    """Places under any of the paths, each after its parent; only open ones unless `closed`."""
    query = sa.select(*_PLACE_COLUMNS).where(_place.c.center_id == center_id, under(_place.c.path, paths))
    if kind:
        query = query.where(_place.c.kind == kind)
    if not closed:
        query = query.where(_place.c.closed_at.is_(None))
    return [PlaceView(*row) for row in session.connection().execute(query.order_by(_place.c.path))]


def list_places(
    session: Session, center_id: int, *, request: PageRequest, parent_id: int | None = None, kind: str | None = None
) -> Page[PlaceView]:
    """Places of the center, open and closed, by default from the top down."""
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


def place_choices(session: Session, center_id: int, paths: Iterable[str]) -> list[tuple[int, str]]:
    """Open places under any of the paths as (id, name), from the top down; names are indented by depth."""
    query = (
        sa.select(_place.c.id, _place.c.name, _place.c.path)
        .where(
            _place.c.center_id == center_id,
            _place.c.closed_at.is_(None),
            under(_place.c.path, paths),
        )
        .order_by(_place.c.path)
    )
    rows = session.connection().execute(query).all()
    top = min((row.path.count("/") for row in rows), default=0)
    return [(row.id, _STEP * (row.path.count("/") - top) + row.name) for row in rows]


def innermost(choices: Sequence[tuple[int, str]]) -> list[int]:
    """Those of `place_choices` with no place under them: the stations, if there are any."""
    depths = [len(words) - len(words.lstrip(_STEP)) for _id, words in choices]
    ends = [after <= depth for depth, after in zip_longest(depths, depths[1:], fillvalue=0)]
    return [place_id for (place_id, _words), end in zip(choices, ends, strict=True) if end]


def _place_view(row: Any) -> PlaceView:
    return PlaceView(*(row._mapping[name] for name in PlaceView.__slots__))
