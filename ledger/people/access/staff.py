"""Staff and their roles: what they may do, at which place and below."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, NotFound
from ledger.kernel.ids import new_id
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials
from ledger.people.access.sessions import level_in
from ledger.people.access.terms import in_force
from ledger.people.identities.queries import lock_password
from ledger.people.identities.service import find_or_make_identity, prepare
from ledger.people.lookups import looking_up
from ledger.people.managing import place_path
from ledger.people.models import RoleGrant
from ledger.people.policy import check_term, permissions_of
from ledger.places.queries import is_demonstration


def add_staff(session: Session, *, name: str, phone: str, path: str, actor: Actor) -> int:
    """Find or make the identity of a future staff member of the center at the place with this path, by phone.

    Raises Forbidden("access.denied"), Rejected("people.name_invalid", "people.phone_invalid",
    "people.name_differs"), TooMany("request.too_many").
    """
    actor.need(Permission.MANAGE_STAFF, path)
    person = prepare(
        name=name,
        center_id=actor.center_id,
        phone=phone,
        demonstration=is_demonstration(session, actor.center_id),
    )
    with looking_up(session, actor, "people.name_differs"):
        return find_or_make_identity(session, person)


def hire(
    session: Session,
    *,
    name: str,
    phone: str,
    role: str,
    place_id: int,
    valid_until: date | None = None,
    actor: Actor,
) -> int:
    """Add a staff member with a role and return the identity. Raises what `add_staff` and `grant_role` raise."""
    path = place_path(session, place_id, actor.center_id)
    identity_id = add_staff(session, name=name, phone=phone, path=path, actor=actor)
    grant_role(session, identity_id=identity_id, role=role, place_id=place_id, valid_until=valid_until, actor=actor)
    return identity_id


def grant_role(
    session: Session, *, identity_id: int, role: str, place_id: int, valid_until: date | None = None, actor: Actor
) -> int:
    """Grant a role for a place and everything under it, up to and with the local day `valid_until` if one is given.

    A rise in level ends the person's codes and sessions and clears the password, whoever set it: whoever held one of
    them before the rise holds nothing after it. Returns the grant's id. Raises Rejected("people.role_unknown",
    "people.valid_until_needed", "people.valid_until_past"), Forbidden("access.denied"), Conflict("people.role_held"),
    NotFound("people.identity_not_found", "people.place_not_found").
    """
    permissions_of(role)
    check_term(role, valid_until, today=clock.today())
    path = place_path(session, place_id, actor.center_id)
    actor.need(Permission.MANAGE_STAFF, path)
    lock_password(session, identity_id, actor.center_id)
    before = level_in(session, identity_id, actor.center_id)
    _make_room(session, identity_id, role, place_id, actor.center_id)
    grant_id = new_id()
    row = {
        "center_id": actor.center_id,
        "id": grant_id,
        "identity_id": identity_id,
        "role": role,
        "place_id": place_id,
        "place_path": path,
        "granted_by": actor.identity_id,
        "granted_at": clock.now(),
        "valid_until": valid_until,
        "revoked_at": None,
    }
    session.connection().execute(sa.insert(RoleGrant), row)
    if level_in(session, identity_id, actor.center_id) > before:
        credentials.end_credentials(session, identity_id, actor.center_id)
    return grant_id


def revoke_role(session: Session, grant_id: int, *, actor: Actor) -> None:
    """Revoke a role; it ends with its holder's next request.

    Raises NotFound("people.role_not_found"), Forbidden("access.denied"), Conflict("people.last_admin").
    """
    grants = _lock_live_grants(session, actor.center_id)
    grant = next((grant for grant in grants if grant.id == grant_id), None)
    if grant is None:
        raise NotFound("people.role_not_found")
    actor.need(Permission.MANAGE_STAFF, grant.place_path)
    widest = min((other.place_path for other in grants if other.role == "admin"), key=len, default="")
    admins = [
        other
        for other in grants
        if other.role == "admin" and other.place_path == widest and (other.valid_until is None or other.id == grant_id)
    ]
    if [other.id for other in admins] == [grant_id]:
        raise Conflict("people.last_admin")
    change = (
        sa.update(RoleGrant)
        .where(RoleGrant.center_id == actor.center_id, RoleGrant.id == grant_id)
        .values(revoked_at=clock.now())
    )
    session.connection().execute(change)


def _make_room(session: Session, identity_id: int, role: str, place_id: int, center_id: int) -> None:
    """Mark the same role as revoked if its last day is over. Raises Conflict("people.role_held") if it is in force."""
    same = (
        RoleGrant.center_id == center_id,
        RoleGrant.identity_id == identity_id,
        RoleGrant.role == role,
        RoleGrant.place_id == place_id,
    )
    held = sa.select(RoleGrant.id).where(*same, *in_force())
    if session.connection().execute(held, {"today": clock.today()}).first() is not None:
        raise Conflict("people.role_held")
    over = sa.update(RoleGrant).where(*same, RoleGrant.revoked_at.is_(None)).values(revoked_at=clock.now())
    session.connection().execute(over)


def _lock_live_grants(session: Session, center_id: int) -> list[Any]:
    """All grants in force, locked in id order, so that two admins can't revoke each other at the same moment."""
    table = RoleGrant.__table__
    query = (
        sa.select(table.c.id, table.c.role, table.c.place_path, table.c.valid_until)
        .where(table.c.center_id == center_id, *in_force())
        .order_by(table.c.id)
        .with_for_update()
    )
    return list(session.connection().execute(query, {"today": clock.today()}))
