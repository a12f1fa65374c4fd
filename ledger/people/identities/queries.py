"""Reads of identities: by phone, names to show, and display preferences."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import chunks
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import NotFound
from ledger.people.models import Identity, IdentityPhone
from ledger.people.policy import phone_key

_identity = Identity.__table__


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's display preferences, and the name to greet them by."""

    name: str
    language: str
    large_type: bool


_NAMES = sa.select(_identity.c.id, _identity.c.name).where(_identity.c.id.in_(sa.bindparam("ids", expanding=True)))


def phone_index(number: str) -> str:
    """The digest to look up an E.164 number by."""
    return keyring().index(number, purpose="identity.phone")


def name_index(name: str) -> str:
    """The digest to look up a whole name by."""
    return keyring().index(name, purpose="identity.name")


def find_identity_by_phone(session: Session, phone: str) -> int | None:
    """The person with this phone number, in any center."""
    number = phone_key(phone)
    if number is None:
        return None
    query = sa.select(IdentityPhone.identity_id).where(IdentityPhone.phone_index == phone_index(number))
    return session.scalar(query)


def names_of(session: Session, identity_ids: Iterable[int]) -> dict[int, str]:
    """Full names by identity; unknown ids are left out."""
    return {row.id: row.name for part in chunks(identity_ids) for row in session.execute(_NAMES, {"ids": part})}


def phone_of(session: Session, identity_id: int) -> str | None:
    """A person's phone number as E.164, to print on their activation slip."""
    return session.scalar(sa.select(Identity.phone).where(Identity.id == identity_id))


def get_preferences(session: Session, identity_id: int) -> Preferences:
    """A person's name and display preferences. Raises NotFound("people.identity_not_found")."""
    query = sa.select(Identity.name, Identity.language, Identity.large_type).where(Identity.id == identity_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("people.identity_not_found")
    return Preferences(*row)
