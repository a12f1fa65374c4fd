"""Reads of the identities of a center: by phone, names to show, and display preferences."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.characters import name_key
from ledger.kernel.chunks import chunks
from ledger.kernel.crypto import keyring
from ledger.kernel.errors import NotFound
from ledger.people.models import Identity
from ledger.people.policy import phone_key

_identity = Identity.__table__


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's display preferences, and the name to greet them by."""

    name: str
    language: str
    large_type: bool


_NAMES = sa.select(_identity.c.id, _identity.c.name).where(
    _identity.c.center_id == sa.bindparam("center"), _identity.c.id.in_(sa.bindparam("ids", expanding=True))
)


def phone_index(number: str, center_id: int) -> str:
    """The digest to look up an E.164 number of a center by; it says nothing about other centers."""
    return keyring().index(f"{center_id}:{number}", purpose="identity.phone")


def name_index(name: str, center_id: int) -> str:
    """The digest to look up a whole name of a center by, however it is written; it says nothing about other centers."""
    return keyring().index(f"{center_id}:{name_key(name)}", purpose="identity.name")


def phone_hash(number: str) -> str:
    """The digest of an E.164 number by which its centers are found at log-in, the same for all of them."""
    return keyring().index(number, purpose="login_phone")


def find_identity_by_phone(session: Session, phone: str, center_id: int) -> int | None:
    """The person of the center with this phone number, in any notation."""
    number = phone_key(phone)
    if number is None:
        return None
    query = sa.select(Identity.id).where(
        Identity.center_id == center_id, Identity.phone_index == phone_index(number, center_id)
    )
    return session.scalar(query)


def lock_password(session: Session, identity_id: int, center_id: int) -> str | None:
    """The hash of a person's password, None if there is none; the row is locked until the unit ends.

    Whoever changes a person's credentials or roles, or lets somebody in by them, takes this lock first. Raises
    NotFound("people.identity_not_found").
    """
    own = sa.select(Identity.password_hash).where(Identity.center_id == center_id, Identity.id == identity_id)
    row = session.connection().execute(own.with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise NotFound("people.identity_not_found")
    return None if row.password_hash is None else str(row.password_hash)


def names_of(session: Session, identity_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """Full names by identity; ids that aren't of the center are left out."""
    return {
        row.id: row.name
        for part in chunks(identity_ids)
        for row in session.execute(_NAMES, {"center": center_id, "ids": part})
    }


def phone_of(session: Session, identity_id: int, center_id: int) -> str | None:
    """A person's phone number as E.164, to print on their activation slip."""
    query = sa.select(Identity.phone).where(Identity.center_id == center_id, Identity.id == identity_id)
    return session.scalar(query)


def has_password(session: Session, identity_id: int, center_id: int) -> bool:
    """Whether a person can log in by a password."""
    own = sa.select(Identity.id).where(
        Identity.center_id == center_id, Identity.id == identity_id, Identity.password_hash.is_not(None)
    )
    return session.connection().execute(own).first() is not None


def get_preferences(session: Session, identity_id: int, center_id: int) -> Preferences:
    """A person's name and display preferences. Raises NotFound("people.identity_not_found")."""
    query = sa.select(Identity.name, Identity.language, Identity.large_type).where(
        Identity.center_id == center_id, Identity.id == identity_id
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("people.identity_not_found")
    return Preferences(*row)
