"""Registration of volunteers, one or ten thousand at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.permissions import Permission
from ledger.people.identities.service import NewIdentity, known_by_phone, make_identities
from ledger.people.managing import open_place_path, top_place_id
from ledger.people.models import Volunteer
from ledger.people.policy import (
    ACTIVE,
    volunteer_number,
)
from ledger.people.volunteers.taking_over import take_over
from ledger.places.service import take_volunteer_numbers

_VOLUNTEERS_OF = sa.select(Volunteer.identity_id).where(
    Volunteer.center_id == sa.bindparam("center"),
    Volunteer.identity_id.in_(sa.bindparam("wanted", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class NewVolunteer:
    """A volunteer ready to insert. `place_id` None means the center itself."""

    identity: NewIdentity
    place_id: int | None


def register_volunteers(session: Session, rows: Sequence[NewVolunteer], *, actor: Actor) -> list[int]:
    """Make each person a volunteer of the actor's center and return their ids in the same order.

    Staff whom the center knows by phone keep their identity, but no password that somebody without a say over the
    volunteer may have set. Raises
    Rejected("people.phone_taken", row=…) if the person is a volunteer of the center already or is listed twice,
    Rejected("people.name_differs", row=…) if somebody with another name has the phone, Forbidden("access.denied"),
    NotFound("people.place_not_found"), Conflict("people.place_closed").
    """
    if not rows:
        return []
    places, paths = _places(session, rows, actor)
    first = take_volunteer_numbers(session, len(rows), actor.center_id)
    identities = _identities(session, [row.identity for row in rows], actor, [paths[row.place_id] for row in rows])
    ids = [new_id() for _ in rows]
    at = clock.now()
    volunteers = [
        {
            "center_id": actor.center_id,
            "id": volunteer_id,
            "identity_id": identity_id,
            "number": volunteer_number(first + position),
            "place_id": places[row.place_id],
            "status": ACTIVE,
            "registered_at": at,
        }
        for position, (row, volunteer_id, identity_id) in enumerate(zip(rows, ids, identities, strict=True))
    ]
    session.connection().execute(sa.insert(Volunteer), volunteers)
    return ids


def _places(
    session: Session, rows: Sequence[NewVolunteer], actor: Actor
) -> tuple[dict[int | None, int], dict[int | None, str]]:
    """The places and their paths, by what the rows name."""
    places: dict[int | None, int] = {}
    paths: dict[int | None, str] = {}
    for place_id in {row.place_id for row in rows}:
        places[place_id] = top_place_id(session, actor.center_id) if place_id is None else place_id
        paths[place_id] = open_place_path(session, places[place_id], actor.center_id)
        actor.need(Permission.MANAGE_VOLUNTEERS, paths[place_id])
    return places, paths


def _identities(session: Session, people: Sequence[NewIdentity], actor: Actor, paths: Sequence[str]) -> list[int]:
    center_id = actor.center_id
    known = known_by_phone(session, people, center_id)
    taken = _volunteers_among(session, {person.id for person in known.values()}, center_id)
    seen: set[str] = set()
    for position, new in enumerate(people):
        if new.phone_index is None:
            continue
        person = known.get(new.phone_index)
        if new.phone_index in seen or (person is not None and person.id in taken):
            raise Rejected("people.phone_taken", row=position)
        if person is not None and person.name_index != new.name_index:
            raise Rejected("people.name_differs", row=position)
        if person is not None:
            take_over(session, person.id, paths[position], actor)
        seen.add(new.phone_index)
    made = iter(make_identities(session, [new for new in people if new.phone_index not in known]))
    return [known[new.phone_index].id if new.phone_index in known else next(made) for new in people]


def _volunteers_among(session: Session, identity_ids: set[int], center_id: int) -> set[int]:
    taken: set[int] = set()
    for part in chunks(identity_ids):
        taken.update(session.scalars(_VOLUNTEERS_OF, {"center": center_id, "wanted": part}))
    return taken
