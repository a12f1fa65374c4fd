"""Places as people see them. A place stands above people, so it is read by its table's name and never imported."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.errors import NotFound
from ledger.kernel.permissions import Permission
from ledger.people.models import Volunteer

place_table = sa.table(
    "place",
    sa.column("center_id"),
    sa.column("id"),
    sa.column("parent_id"),
    sa.column("path"),
)
_volunteer = Volunteer.__table__
_PATHS_OF = (
    sa.select(_volunteer.c.id, place_table.c.path)
    .join(
        place_table,
        sa.and_(place_table.c.center_id == _volunteer.c.center_id, place_table.c.id == _volunteer.c.place_id),
    )
    .where(_volunteer.c.center_id == sa.bindparam("center"), _volunteer.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_PLACE_PATH = sa.select(place_table.c.path).where(
    place_table.c.center_id == sa.bindparam("center"), place_table.c.id == sa.bindparam("id")
)
_TOP = sa.select(place_table.c.id, place_table.c.path).where(
    place_table.c.center_id == sa.bindparam("center"), place_table.c.parent_id.is_(None)
)


def place_path(session: Session, place_id: int, center_id: int) -> str:
    """The path of a place. Raises NotFound("people.place_not_found")."""
    path = session.connection().execute(_PLACE_PATH, {"center": center_id, "id": place_id}).scalar()
    if path is None:
        raise NotFound("people.place_not_found")
    return str(path)


def place_paths_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """The paths of the volunteers' places; ids that are no volunteers of the center are left out."""
    return {
        row.id: row.path
        for part in chunks(volunteer_ids)
        for row in session.connection().execute(_PATHS_OF, {"center": center_id, "ids": part})
    }


def need_to_manage(session: Session, volunteer_ids: Collection[int], actor: Actor) -> None:
    """Raises NotFound("people.volunteer_not_found"), Forbidden("access.denied") unless the actor manages them all."""
    paths = place_paths_of(session, volunteer_ids, actor.center_id)
    if len(paths) != len(set(volunteer_ids)):
        raise NotFound("people.volunteer_not_found")
    for path in sorted(set(paths.values())):
        actor.need(Permission.MANAGE_VOLUNTEERS, path)


def top_place_id(session: Session, center_id: int) -> int:
    """The place that is the center itself. Raises NotFound("people.place_not_found")."""
    row = session.connection().execute(_TOP, {"center": center_id}).one_or_none()
    if row is None:
        raise NotFound("people.place_not_found")
    return int(row.id)
