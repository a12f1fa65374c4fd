"""Reads of roles and log-in sessions: who holds a token and what they may do."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor, Grant, Holder
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT, under
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.people.access.idle import is_due
from ledger.people.access.models import SecondFactor
from ledger.people.access.tokens import read_token
from ledger.people.levels import level_of
from ledger.people.models import Identity, LoginSession, RoleGrant, Volunteer
from ledger.people.policy import VOLUNTEER, grants_of
from ledger.people.terms import in_force

_session, _volunteer, _grant = LoginSession.__table__, Volunteer.__table__, RoleGrant.__table__


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
    has_factor: bool
    roles: list[RoleView]


_LOAD = Prepared(
    sa.select(_session.c.id, _session.c.identity_id, _session.c.used_at, _volunteer.c.id.label("volunteer_id"))
    .outerjoin(
        _volunteer,
        sa.and_(_volunteer.c.center_id == _session.c.center_id, _volunteer.c.identity_id == _session.c.identity_id),
    )
    .where(
        _session.c.center_id == sa.bindparam("center"),
        _session.c.token_hash == sa.bindparam("hash"),
        _session.c.revoked_at.is_(None),
        _session.c.expires_at > sa.bindparam("now"),
        _session.c.used_at <= sa.bindparam("latest"),
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
    """Whose token it is, as `load_holder` finds them."""
    holder = load_holder(session, token)
    return None if holder is None else holder.actor


def load_holder(session: Session, token: str) -> Holder | None:
    """The holder of a live session's token, with all their grants in its center; None if it is revoked or expired.

    Nor does anybody hold one who is no volunteer of the center and has no role in force there.
    """
    key = read_token(token)
    if key is None:
        return None
    center_id = key.center_id
    now = clock.now()
    found = _LOAD.rows(session, {"center": center_id, "hash": key.token_hash, "now": now, "latest": clock.latest()})
    if not found:
        return None
    session_id, identity_id, used_at, volunteer_id = found[0]
    roles = roles_of(session, identity_id, center_id)
    if not roles and volunteer_id is None:
        return None
    grants = {grant for role in roles for grant in grants_of(role.role, role.place_path)}
    if volunteer_id is not None:
        grants |= {Grant(permission, ROOT) for permission in VOLUNTEER}
    actor = Actor(
        identity_id=identity_id,
        center_id=center_id,
        grants=frozenset(grants),
        volunteer_id=volunteer_id,
        origin=f"session:{public_id(session_id)}",
        renew=grants_now,
    )
    return Holder(actor, is_due(used_at, now, is_staff=bool(roles)))


def grants_now(session: Session, identity_id: int, center_id: int) -> frozenset[Grant]:
    """What a person's roles give in a center, which nobody takes from them before the unit ends."""
    own = (_grant.c.center_id == center_id, _grant.c.identity_id == identity_id, *in_force())
    query = sa.select(_grant.c.role, _grant.c.place_path).where(*own).order_by(_grant.c.id).with_for_update(read=True)
    found = session.connection().execute(query, {"today": clock.today()})
    return frozenset(grant for row in found for grant in grants_of(row.role, row.place_path))


def roles_of(session: Session, identity_id: int, center_id: int) -> list[RoleView]:
    """A person's roles in force in a center."""
    rows = _ROLES.rows(session, {"center": center_id, "identity": identity_id, "today": clock.today()})
    return [RoleView(*row) for row in rows]


def find_role(session: Session, grant_id: int, center_id: int, *, revoked: bool = False) -> RoleView | None:
    """A role of the center that is in force, or one that was revoked."""
    state = (_grant.c.revoked_at.is_not(None),) if revoked else in_force()
    columns = [_grant.c[field] for field in RoleView.__slots__]
    query = sa.select(*columns).where(_grant.c.center_id == center_id, _grant.c.id == grant_id, *state)
    row = session.connection().execute(query, {} if revoked else {"today": clock.today()}).one_or_none()
    return None if row is None else RoleView(*row)


def level_in(session: Session, identity_id: int, center_id: int) -> int:
    """A person's level in a center by the roles in force, as ledger.people.levels counts it."""
    return level_of((role.role, role.place_path) for role in roles_of(session, identity_id, center_id))


def staff(session: Session, actor: Actor) -> list[StaffView]:
    """Everybody with a role at places whose staff the actor manages, ordered by place."""
    actor.need_somewhere(Permission.MANAGE_STAFF)
    mine = under(RoleGrant.place_path, actor.paths(Permission.MANAGE_STAFF))
    query = (
        sa.select(RoleGrant, Identity.name, Identity.phone, Identity.password_hash, SecondFactor.secret.is_not(None))
        .join(Identity, sa.and_(Identity.center_id == RoleGrant.center_id, Identity.id == RoleGrant.identity_id))
        .outerjoin(
            SecondFactor,
            sa.and_(SecondFactor.center_id == Identity.center_id, SecondFactor.identity_id == Identity.id),
        )
        .where(RoleGrant.center_id == actor.center_id, *in_force(), mine)
        .order_by(RoleGrant.place_path, RoleGrant.id)
    )
    people: dict[int, StaffView] = {}
    for grant, name, phone, password_hash, has_factor in session.execute(query, {"today": clock.today()}):
        person = people.setdefault(
            grant.identity_id, StaffView(grant.identity_id, name, phone, password_hash is not None, has_factor, [])
        )
        person.roles.append(RoleView(**{field: getattr(grant, field) for field in RoleView.__slots__}))
    return list(people.values())


def name_of_staff(session: Session, identity_id: int, actor: Actor) -> str:
    """The name of somebody with a role at a place whose staff the actor manages.

    Raises Forbidden("access.denied"), NotFound("people.identity_not_found").
    """
    actor.need_somewhere(Permission.MANAGE_STAFF)
    held = sa.and_(RoleGrant.center_id == Identity.center_id, RoleGrant.identity_id == Identity.id)
    own = (Identity.center_id == actor.center_id, Identity.id == identity_id)
    mine = under(RoleGrant.place_path, actor.paths(Permission.MANAGE_STAFF))
    query = sa.select(Identity.name).join(RoleGrant, held).where(*own, *in_force(), mine).limit(1)
    name = session.execute(query, {"today": clock.today()}).scalar()
    if name is None:
        raise NotFound("people.identity_not_found")
    return name
