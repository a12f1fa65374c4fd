"""Reads for the log-in page: which log-ins a phone number has, in at most three centers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.types import table_of
from ledger.people.identities.queries import phone_hash, phone_index
from ledger.people.models import Identity, LoginPhone, LoginSession, RoleGrant, Volunteer
from ledger.people.terms import in_force

# Center and identity.
LogIn: TypeAlias = tuple[int, int]
MOST_TRIED = 3
# Nobody serves in more; a bound, because each is asked by itself.
_MOST_CENTERS = 20
_NEVER = datetime.min.replace(tzinfo=UTC)
_identity, _session = table_of(Identity), table_of(LoginSession)
_grant, _volunteer = table_of(RoleGrant), table_of(Volunteer)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A log-in that a password may fit. `belongs` unless its person neither works nor volunteers in the center now."""

    center_id: int
    identity_id: int
    password_hash: str | None
    last_used: datetime | None
    belongs: bool

    @property
    def log_in(self) -> LogIn:
        """What it is named by."""
        return self.center_id, self.identity_id


def _of_person(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.center_id == sa.bindparam("center"), table.c.identity_id == _identity.c.id


_works = sa.exists().where(*_of_person(_grant), *in_force()).correlate(_identity)
_volunteers = sa.exists().where(*_of_person(_volunteer)).correlate(_identity)
_last_used = sa.select(sa.func.max(_session.c.created_at)).where(*_of_person(_session)).correlate(_identity)
_IN_CENTER = sa.select(
    _identity.c.center_id,
    _identity.c.id,
    _identity.c.password_hash,
    _last_used.scalar_subquery().label("last_used"),
    sa.or_(_works, _volunteers).label("belongs"),
).where(_identity.c.center_id == sa.bindparam("center"))
_BY_PHONE = _IN_CENTER.where(_identity.c.phone_index == sa.bindparam("phone"))
_BY_ID = _IN_CENTER.where(_identity.c.id == sa.bindparam("identity"))


def centers_of_phone(session: Session, number: str) -> list[int]:
    """The centers in which an E.164 number has a log-in, oldest first."""
    query = sa.select(LoginPhone.center_id).where(LoginPhone.phone_hash == phone_hash(number))
    return list(session.scalars(query.order_by(LoginPhone.center_id).limit(_MOST_CENTERS)))


def candidates(
    session: Session, number: str, *, center_id: int | None = None, first: Sequence[int] = ()
) -> list[Candidate]:
    """The log-ins of an E.164 number: those in the centers `first`, in their order, then the latest used first.

    With `center_id` only that center's.
    """
    centers = centers_of_phone(session, number) if center_id is None else [center_id]
    found = [each for center in centers if (each := find_candidate(session, number, center)) is not None]
    found.sort(key=lambda each: each.last_used or _NEVER, reverse=True)
    return sorted(found, key=lambda each: first.index(each.center_id) if each.center_id in first else len(first))


def find_candidate(session: Session, number: str, center_id: int) -> Candidate | None:
    """The log-in of an E.164 number in a center."""
    return _find(session, _BY_PHONE, {"center": center_id, "phone": phone_index(number, center_id)})


def candidate_of(session: Session, identity_id: int, center_id: int) -> Candidate | None:
    """The log-in of a person of the center."""
    return _find(session, _BY_ID, {"center": center_id, "identity": identity_id})


def _find(session: Session, query: "sa.Select[Any]", parameters: dict[str, int | str]) -> Candidate | None:
    row = session.connection().execute(query, {**parameters, "today": clock.today()}).one_or_none()
    return None if row is None else Candidate(row.center_id, row.id, row.password_hash, row.last_used, row.belongs)
