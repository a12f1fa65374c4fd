"""Reads of roles and log-in sessions: who holds a token and what they may do."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor, Grant
from ledger.kernel.crypto import token_hash
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT, under
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.people.access.terms import in_force
from ledger.people.identities.queries import phone_index
from ledger.people.models import Identity, IdentityPhone, LoginSession, RoleGrant, Volunteer
from ledger.people.policy import VOLUNTEER, grants_of, phone_key
from ledger.places.models import Center

_session, _volunteer, _grant = LoginSession.__table__, Volunteer.__table__, RoleGrant.__table__


@dataclass(frozen=True, slots=True)
class LoginRow:
    """What a log-in needs to know about a person; the password is verified outside any unit."""

    identity_id: int
    password_hash: str | None
    center_ids: list[int]


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role in force for a place and everything under it."""

    id: int
    identity_id: int
    role: str
    place_id: int
    place_path: str
    granted_by: int
    granted_at: datetime
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class StaffView:
    """A person with roles."""

    identity_id: int
    name: str
    phone: str | None
    has_password: bool
    roles: list[RoleView]


_LOAD = Prepared(
    sa.select(_session.c.id, _session.c.identity_id, _session.c.center_id, _volunteer.c.id.label("volunteer_id"))
    .outerjoin(
        _volunteer,
        sa.and_(_volunteer.c.center_id == _session.c.center_id, _volunteer.c.identity_id == _session.c.identity_id),
    )
    .where(
        _session.c.token_hash == sa.bindparam("hash"),
        _session.c.revoked_at.is_(None),
        _session.c.expires_at > sa.bindparam("now"),
    )
)
_ROLES = Prepared(
    sa.select(
        _grant.c.id,
        _grant.c.identity_id,
        _grant.c.role,
        _grant.c.place_id,
        _grant.c.place_path,
        _grant.c.granted_by,
        _grant.c.granted_at,
        _grant.c.valid_until,
    )
    .where(
        _grant.c.center_id == sa.bindparam("center"),
        _grant.c.identity_id == sa.bindparam("identity"),
        *in_force(),
    )
    .order_by(_grant.c.place_path, _grant.c.role)
)


def load_actor(session: Session, token: str) -> Actor | None:
    """The holder of a live session's token, with all their grants; None if it is revoked or expired."""
    found = _LOAD.rows(session, {"hash": token_hash(token), "now": clock.now()})
    if not found:
        return None
    session_id, identity_id, center_id, volunteer_id = found[0]
    grants = {
        grant for role in roles_of(session, identity_id, center_id) for grant in grants_of(role.role, role.place_path)
    }
    if volunteer_id is not None:
        grants |= {Grant(permission, ROOT) for permission in VOLUNTEER}
    return Actor(
        identity_id=identity_id,
        center_id=center_id,
        grants=frozenset(grants),
        volunteer_id=volunteer_id,
        origin=f"session:{public_id(session_id)}",
    )


def find_login(session: Session, phone: str) -> LoginRow | None:
    """The person who logs in with this phone number, in any notation."""
    number = phone_key(phone)
    if number is None:
        return None
    query = (
        sa.select(Identity.id, Identity.password_hash)
        .join(IdentityPhone, IdentityPhone.identity_id == Identity.id)
        .where(IdentityPhone.phone_index == phone_index(number))
    )
    row = session.execute(query).one_or_none()
    return None if row is None else LoginRow(row.id, row.password_hash, centers_of(session, row.id))


def centers_of(session: Session, identity_id: int) -> list[int]:
    """The centers where a person has a role, followed by those where they only volunteer."""
    # Every index begins with the center, so query each of the few centers.
    centers = sa.select(Center.id)
    grants = sa.select(RoleGrant.center_id).where(
        RoleGrant.center_id.in_(centers), RoleGrant.identity_id == identity_id, *in_force()
    )
    volunteers = sa.select(Volunteer.center_id).where(
        Volunteer.center_id.in_(centers), Volunteer.identity_id == identity_id
    )
    working, serving = set(session.scalars(grants, {"today": clock.today()})), set(session.scalars(volunteers))
    return [*sorted(working), *sorted(serving - working)]


def roles_of(session: Session, identity_id: int, center_id: int) -> list[RoleView]:
    """A person's roles in force in a center."""
    rows = _ROLES.rows(session, {"center": center_id, "identity": identity_id, "today": clock.today()})
    return [RoleView(*row) for row in rows]


def staff(session: Session, actor: Actor) -> list[StaffView]:
    """Everybody with a role at places whose staff the actor manages, ordered by place."""
    actor.need_somewhere(Permission.MANAGE_STAFF)
    mine = under(RoleGrant.place_path, actor.paths(Permission.MANAGE_STAFF))
    query = (
        sa.select(RoleGrant, Identity.name, Identity.phone, Identity.password_hash)
        .join(Identity, Identity.id == RoleGrant.identity_id)
        .where(RoleGrant.center_id == actor.center_id, *in_force(), mine)
        .order_by(RoleGrant.place_path, RoleGrant.id)
    )
    people: dict[int, StaffView] = {}
    for grant, name, phone, password_hash in session.execute(query, {"today": clock.today()}):
        person = people.setdefault(
            grant.identity_id, StaffView(grant.identity_id, name, phone, password_hash is not None, [])
        )
        person.roles.append(RoleView(**{field: getattr(grant, field) for field in RoleView.__slots__}))
    return list(people.values())
