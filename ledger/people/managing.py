"""Where volunteers are registered, and whether an actor manages them."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.errors import Conflict, NotFound
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.people.models import Volunteer
from ledger.places.models import Place
from ledger.places.queries import find_place, find_top_place

_volunteer, _place = table_of(Volunteer), table_of(Place)
_PATHS_OF = (
    sa.select(_volunteer.c.id, _place.c.path)
    .join(
        _place,
        sa.and_(_place.c.center_id == _volunteer.c.center_id, _place.c.id == _volunteer.c.place_id),
    )
    .where(_volunteer.c.center_id == sa.bindparam("center"), _volunteer.c.id.in_(sa.bindparam("ids", expanding=True)))
)


def place_path(session: Session, place_id: int, center_id: int) -> str:
    """The path of a place. Raises NotFound("people.place_not_found")."""
    place = find_place(session, place_id, center_id)
    if place is None:
        raise NotFound("people.place_not_found")
    return place.path


def open_place_path(session: Session, place_id: int, center_id: int) -> str:
    """The path of a place at which something new may begin.

    Raises NotFound("people.place_not_found"), Conflict("people.place_closed").
    """
    place = find_place(session, place_id, center_id)
    if place is None:
        raise NotFound("people.place_not_found")
    if place.closed_at is not None:
        raise Conflict("people.place_closed")
    return place.path


def place_paths_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """The paths of the volunteers' places; ids that aren't volunteers of the center are left out."""
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
    place = find_top_place(session, center_id)
    if place is None:
        raise NotFound("people.place_not_found")
    return place.id
