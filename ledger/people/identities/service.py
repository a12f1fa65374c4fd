"""Writes to identities, one or ten thousand at a time.

`prepare` does the slow part, mostly sealing, before a unit begins; the unit only inserts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.newcomers import claim
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_ignore
from ledger.people.identities.queries import name_index, phone_hash, phone_index
from ledger.people.models import Identity, LoginPhone
from ledger.people.policy import LANGUAGES, clean_gender, clean_id_last4, clean_name, normalise_phone

_SEALED = ("name", "phone", "gender", "id_last4")
# Identity's table, except that its sealed columns take values already sealed by `prepare`.
_identity_row = sa.table(
    "identity",
    *(
        sa.column(column.name, sa.LargeBinary() if column.name in _SEALED else column.type)
        for column in Identity.__table__.columns
    ),
)
_BY_PHONE = sa.select(Identity.phone_index, Identity.id, Identity.name_index).where(
    Identity.center_id == sa.bindparam("center"), Identity.phone_index.in_(sa.bindparam("wanted", expanding=True))
)
_ADD_PHONE = insert_or_ignore(table_of(LoginPhone))


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """A person of a center ready to insert: checked and sealed."""

    center_id: int
    sealed: dict[str, bytes | None]
    name_index: str
    phone_index: str | None
    phone_hash: str | None


class KnownIdentity(NamedTuple):
    """The owner of a phone number in a center. Registering it there again must not reveal the owner's name."""

    id: int
    name_index: str


def prepare(
    *,
    name: str,
    center_id: int,
    phone: str | None = None,
    gender: str | None = None,
    id_last4: str | None = None,
    demonstration: bool = False,
) -> NewIdentity:
    """Check and seal the data of a person of the center, without touching the database.

    Raises Rejected("people.name_invalid", "people.phone_invalid", "people.gender_invalid", "people.id_last4_invalid").
    """
    plain = {
        "name": clean_name(name),
        "phone": normalise_phone(phone, demonstration=demonstration) if phone else None,
        "gender": clean_gender(gender),
        "id_last4": clean_id_last4(id_last4),
    }
    keys = keyring()
    number = plain["phone"]
    return NewIdentity(
        center_id=center_id,
        sealed={
            column: None if text is None else keys.seal(text, label=f"identity.{column}")
            for column, text in plain.items()
        },
        name_index=name_index(plain["name"] or "", center_id),
        phone_index=None if number is None else phone_index(number, center_id),
        phone_hash=None if number is None else phone_hash(number),
    )


def open_person(person: NewIdentity) -> dict[str, str | None]:
    """What `prepare` sealed, by column."""
    keys = keyring()
    return {
        column: None if sealed is None else keys.open(sealed, label=f"identity.{column}")
        for column, sealed in person.sealed.items()
    }


def find_or_make_identity(session: Session, person: NewIdentity) -> int:
    """The identity with this phone in the person's center, or a new one. Raises Rejected("people.name_differs")."""
    known = find_identity(session, person)
    return make_identities(session, [person])[0] if known is None else known


def find_identity(session: Session, person: NewIdentity) -> int | None:
    """The identity with this phone in the person's center. Raises Rejected("people.name_differs")."""
    known = known_by_phone(session, [person], person.center_id).get(person.phone_index)
    if known is None:
        return None
    if known.name_index != person.name_index:
        raise Rejected("people.name_differs")
    return known.id


def known_by_phone(session: Session, people: Sequence[NewIdentity], center_id: int) -> dict[str | None, KnownIdentity]:
    """Which of these people the center knows already, by digest of the phone."""
    found: dict[str | None, KnownIdentity] = {}
    for part in chunks(each.phone_index for each in people if each.phone_index is not None):
        rows_found = session.connection().execute(_BY_PHONE, {"center": center_id, "wanted": part})
        found.update({row.phone_index: KnownIdentity(row.id, row.name_index) for row in rows_found})
    return found


def make_identities(session: Session, people: Sequence[NewIdentity]) -> list[int]:
    """Insert people of a center that does not know them yet, and the phones they log in with.

    Whoever waits for a proposal gets the key that it names, so that it is about them. Returns ids in the same order.
    """
    if not people:
        return []
    at = clock.now()
    waiting = claim(session, [(each.phone_index, each.name_index) for each in people], people[0].center_id)
    ids = [waiting.get(each.phone_index or "") or new_id() for each in people]
    identities: list[dict[str, Any]] = [
        {
            "center_id": each.center_id,
            "id": identity_id,
            **each.sealed,
            "name_index": each.name_index,
            "phone_index": each.phone_index,
            "password_hash": None,
            "language": "zh",
            "large_type": False,
            "created_at": at,
        }
        for identity_id, each in zip(ids, people, strict=True)
    ]
    phones = [
        {"phone_hash": each.phone_hash, "center_id": each.center_id} for each in people if each.phone_hash is not None
    ]
    session.connection().execute(sa.insert(_identity_row), identities)
    if phones:
        session.connection().execute(_ADD_PHONE, phones)
    return ids


def rename(session: Session, identity_id: int, person: NewIdentity) -> None:
    """Store the name of `person` for an identity of their center. Checks no permission."""
    own = (_identity_row.c.center_id == person.center_id, _identity_row.c.id == identity_id)
    named = {"name": person.sealed["name"], "name_index": person.name_index}
    session.connection().execute(sa.update(_identity_row).where(*own).values(named))


def renumber(session: Session, identity_id: int, person: NewIdentity, *, old: str | None) -> None:
    """Store the number of `person` for an identity of their center that had the E.164 number `old`, which gets free.

    Checks no permission.
    """
    own = (_identity_row.c.center_id == person.center_id, _identity_row.c.id == identity_id)
    numbered = {"phone": person.sealed["phone"], "phone_index": person.phone_index}
    session.connection().execute(sa.update(_identity_row).where(*own).values(numbered))
    if old is not None:
        gone = (LoginPhone.phone_hash == phone_hash(old), LoginPhone.center_id == person.center_id)
        session.connection().execute(sa.delete(LoginPhone).where(*gone))
    if person.phone_hash is not None:
        session.connection().execute(_ADD_PHONE, {"phone_hash": person.phone_hash, "center_id": person.center_id})


def set_preferences(
    session: Session, *, language: str | None = None, large_type: bool | None = None, actor: Actor
) -> None:
    """Store how pages look for the actor. Raises Rejected("people.language_unknown")."""
    if language is not None and language not in LANGUAGES:
        raise Rejected("people.language_unknown")
    wanted = {"language": language, "large_type": large_type}
    values = {name: value for name, value in wanted.items() if value is not None}
    if values:
        own = (Identity.center_id == actor.center_id, Identity.id == actor.identity_id)
        change = sa.update(Identity).where(*own).values(values)
        session.connection().execute(change)
