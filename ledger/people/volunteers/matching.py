"""Bulk lookups of known people, by thousands of numbers, or of digests of phones or names."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import chunks
from ledger.people.models import Identity, Volunteer

_ONE_PERSON = sa.and_(Volunteer.center_id == Identity.center_id, Volunteer.identity_id == Identity.id)
_BY_PHONE = (
    sa.select(Identity.phone_index, Identity.id, Identity.name_index, Volunteer.id.label("volunteer_id"))
    .outerjoin(Volunteer, _ONE_PERSON)
    .where(
        Identity.center_id == sa.bindparam("center"), Identity.phone_index.in_(sa.bindparam("wanted", expanding=True))
    )
)
_BY_NAME = (
    sa.select(
        Identity.name_index,
        Volunteer.id,
        Volunteer.number,
        Identity.id_last4,
        Identity.phone_index.is_not(None).label("has_phone"),
        Volunteer.place_id,
    )
    .join(Volunteer, _ONE_PERSON)
    .where(
        Identity.center_id == sa.bindparam("center"), Identity.name_index.in_(sa.bindparam("wanted", expanding=True))
    )
)
_BY_NUMBER = (
    sa.select(Volunteer.number, Identity.id, Identity.name_index, Volunteer.id.label("volunteer_id"))
    .join(Identity, _ONE_PERSON)
    .where(Volunteer.center_id == sa.bindparam("center"), Volunteer.number.in_(sa.bindparam("wanted", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class KnownOwner:
    """Who has a phone or number in a center: log-in, digest of the name, and the volunteer, None without one."""

    identity_id: int
    name_index: str
    volunteer_id: int | None


@dataclass(frozen=True, slots=True)
class KnownName:
    """A volunteer of the center whose name was looked up."""

    volunteer_id: int
    number: str
    id_last4: str | None
    has_phone: bool
    place_id: int


def known_phones(session: Session, phone_indexes: Iterable[str], center_id: int) -> dict[str, KnownOwner]:
    """Owners of phones in the center, by digest; unknown numbers are left out."""
    return {
        row.phone_index: KnownOwner(row.id, row.name_index, row.volunteer_id)
        for part in chunks(phone_indexes)
        for row in session.connection().execute(_BY_PHONE, {"center": center_id, "wanted": part})
    }


def known_names(session: Session, name_indexes: Iterable[str], center_id: int) -> dict[str, list[KnownName]]:
    """Volunteers of the center by digest of their name."""
    found: dict[str, list[KnownName]] = {}
    for part in chunks(name_indexes):
        for row in session.connection().execute(_BY_NAME, {"center": center_id, "wanted": part}):
            found.setdefault(row.name_index, []).append(KnownName(*row[1:]))
    return found


def known_numbers(session: Session, numbers: Iterable[str], center_id: int) -> dict[str, KnownOwner]:
    """Volunteers of the center by their number; unknown numbers are left out."""
    return {
        row.number: KnownOwner(row.id, row.name_index, row.volunteer_id)
        for part in chunks(numbers)
        for row in session.connection().execute(_BY_NUMBER, {"center": center_id, "wanted": part})
    }
