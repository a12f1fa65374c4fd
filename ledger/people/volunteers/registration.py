"""Writing of identities and volunteers, one or ten thousand at a time.

What takes time, sealing above all, is done by `prepare` before a unit begins; the unit only inserts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.permissions import Permission
from ledger.people.identities.queries import name_index, phone_index
from ledger.people.models import Identity, IdentityPhone, Volunteer
from ledger.people.places import place_path, top_place_id
from ledger.people.policy import (
    ACTIVE,
    clean_gender,
    clean_id_last4,
    clean_name,
    normalise_phone,
    volunteer_number,
)
from ledger.places.service import take_volunteer_numbers

_SEALED = ("name", "phone", "gender", "id_last4")
# The same table as Identity's, but its sealed columns take what `prepare` has sealed already.
_identity_row = sa.table(
    "identity",
    *(
        sa.column(column.name, sa.LargeBinary() if column.name in _SEALED else column.type)
        for column in Identity.__table__.columns
    ),
)
_BY_PHONE = (
    sa.select(IdentityPhone.phone_index, IdentityPhone.identity_id, Identity.name_index)
    .join(Identity, Identity.id == IdentityPhone.identity_id)
    .where(IdentityPhone.phone_index.in_(sa.bindparam("wanted", expanding=True)))
)
_VOLUNTEERS_OF = sa.select(Volunteer.identity_id).where(
    Volunteer.center_id == sa.bindparam("center"),
    Volunteer.identity_id.in_(sa.bindparam("wanted", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class NewVolunteer:
    """A volunteer ready to be written: checked and sealed. `place_id` None means the center itself."""

    sealed: dict[str, bytes | None]
    name_index: str
    phone_index: str | None
    place_id: int | None


def prepare(
    *,
    name: str,
    phone: str | None = None,
    gender: str | None = None,
    id_last4: str | None = None,
    place_id: int | None = None,
    demonstration: bool = False,
) -> NewVolunteer:
    """Check and seal what is known of a person; touches no database.

    Raises Rejected("people.name_invalid", "people.phone_invalid", "people.gender_invalid", "people.id_last4_invalid").
    """
    plain = {
        "name": clean_name(name),
        "phone": normalise_phone(phone, demonstration=demonstration) if phone else None,
        "gender": clean_gender(gender),
        "id_last4": clean_id_last4(id_last4),
    }
    keys = keyring()
    return NewVolunteer(
        sealed={
            column: None if text is None else keys.seal(text, label=f"identity.{column}")
            for column, text in plain.items()
        },
        name_index=name_index(plain["name"] or ""),
        phone_index=None if plain["phone"] is None else phone_index(plain["phone"]),
        place_id=place_id,
    )


def register_volunteers(session: Session, rows: Sequence[NewVolunteer], *, actor: Actor) -> list[int]:
    """Make each a volunteer of the actor's center and return their ids in the same order.

    A person who is known by phone (from another center, or as staff) is not made twice. Raises
    Rejected("people.phone_taken", row=…) when the person is a volunteer of the center already or comes twice,
    Rejected("people.name_differs", row=…) when somebody with another name has the phone, Forbidden("access.denied"),
    NotFound("people.place_not_found").
    """
    if not rows:
        return []
    places = _places(session, rows, actor)
    first = take_volunteer_numbers(session, len(rows), actor.center_id)
    identities = _identities(session, rows, actor.center_id)
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


def find_or_make_identity(session: Session, person: NewVolunteer) -> int:
    """The identity with this phone, or a new one. Raises Rejected("people.name_differs")."""
    known = _by_phone(session, [person]).get(person.phone_index)
    if known is None:
        return _make_identities(session, [person])[0]
    if known.name_index != person.name_index:
        raise Rejected("people.name_differs")
    return known.id


def _places(session: Session, rows: Sequence[NewVolunteer], actor: Actor) -> dict[int | None, int]:
    places: dict[int | None, int] = {}
    for place_id in {row.place_id for row in rows}:
        places[place_id] = top_place_id(session, actor.center_id) if place_id is None else place_id
        actor.need(Permission.MANAGE_VOLUNTEERS, place_path(session, places[place_id], actor.center_id))
    return places


def _identities(session: Session, rows: Sequence[NewVolunteer], center_id: int) -> list[int]:
    known = _by_phone(session, rows)
    taken = _volunteers_among(session, {person.id for person in known.values()}, center_id)
    seen: set[str] = set()
    for position, row in enumerate(rows):
        if row.phone_index is None:
            continue
        person = known.get(row.phone_index)
        if row.phone_index in seen or (person is not None and person.id in taken):
            raise Rejected("people.phone_taken", row=position)
        if person is not None and person.name_index != row.name_index:
            raise Rejected("people.name_differs", row=position)
        seen.add(row.phone_index)
    made = iter(_make_identities(session, [row for row in rows if row.phone_index not in known]))
    return [known[row.phone_index].id if row.phone_index in known else next(made) for row in rows]


class _Known(NamedTuple):
    """Somebody who has a phone. Who knows the number alone must not learn the name by registering it again."""

    id: int
    name_index: str


def _by_phone(session: Session, rows: Sequence[NewVolunteer]) -> dict[str | None, _Known]:
    found: dict[str | None, _Known] = {}
    for part in chunks(row.phone_index for row in rows if row.phone_index is not None):
        rows_found = session.connection().execute(_BY_PHONE, {"wanted": part})
        found.update({row.phone_index: _Known(row.identity_id, row.name_index) for row in rows_found})
    return found


def _volunteers_among(session: Session, identity_ids: set[int], center_id: int) -> set[int]:
    taken: set[int] = set()
    for part in chunks(identity_ids):
        taken.update(session.scalars(_VOLUNTEERS_OF, {"center": center_id, "wanted": part}))
    return taken


def _make_identities(session: Session, rows: Sequence[NewVolunteer]) -> list[int]:
    if not rows:
        return []
    at = clock.now()
    ids = [new_id() for _ in rows]
    identities: list[dict[str, Any]] = [
        {
            "id": identity_id,
            **row.sealed,
            "name_index": row.name_index,
            "password_hash": None,
            "language": "zh",
            "large_type": False,
            "created_at": at,
        }
        for identity_id, row in zip(ids, rows, strict=True)
    ]
    phones = [
        {"phone_index": row.phone_index, "identity_id": identity_id}
        for identity_id, row in zip(ids, rows, strict=True)
        if row.phone_index is not None
    ]
    session.connection().execute(sa.insert(_identity_row), identities)
    if phones:
        session.connection().execute(sa.insert(IdentityPhone), phones)
    return ids
