"""Find people of a center whose phone number leads to no log-in, and numbers that lead to nobody.

Their rows lie apart, because a number is looked up before its center is known, so no foreign key holds them together.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import stream
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.people.identities.queries import phone_hash
from ledger.people.models import Identity, LoginPhone

_identity, _phone = table_of(Identity), table_of(LoginPhone)
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Unlinked:
    """The people of a center who can't log in by their number, and how many numbers are of nobody in the center."""

    center_id: int
    people: tuple[int, ...]
    numbers: int

    @property
    def clean(self) -> bool:
        """Whether everybody is found by their number and by no other."""
        return not self.people and not self.numbers


def find_unlinked(session: Session, center_id: int) -> Unlinked:
    """Compare the numbers of a center's people with those that lead to it; opens every number."""
    listed = set(session.scalars(sa.select(_phone.c.phone_hash).where(_phone.c.center_id == center_id)))
    query = sa.select(_identity.c.id, _identity.c.phone).where(
        _identity.c.center_id == center_id, _identity.c.phone.is_not(None)
    )
    owners = {phone_hash(row.phone): int(row.id) for row in stream(session, query)}
    lost = sorted(owner for digest, owner in owners.items() if digest not in listed)
    return Unlinked(center_id, tuple(lost), len(listed - owners.keys()))


def unlinked_words(found: Unlinked) -> str:
    """What was found, for an operator."""
    named = ", ".join(map(public_id, found.people[:_MOST_NAMED])) + (", …" if len(found.people) > _MOST_NAMED else "")
    parts = [f"{len(found.people):,} people can't log in by their phone number ({named})"] if found.people else []
    parts += [f"{found.numbers:,} phone numbers lead to nobody"] if found.numbers else []
    return f"in the center {public_id(found.center_id)}, {' and '.join(parts)}: restore a backup"
