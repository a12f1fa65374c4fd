"""Staff and their roles: what they may do, at which place and below."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.queries import proposers_waiting
from ledger.approvals.service import withdraw_all_of
from ledger.kernel import clock
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor, system_actor
from ledger.kernel.errors import Conflict, Forbidden, NotFound, Rejected
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials, events
from ledger.people.access.approved_codes import withdraw_codes
from ledger.people.access.authority import need_place_of_risen
from ledger.people.access.holders import proposers
from ledger.people.access.renaming import rename_unused
from ledger.people.access.sessions import level_in
from ledger.people.households.deciders import need_said_before
from ledger.people.households.service import household_of_number
from ledger.people.identities.queries import lock_password
from ledger.people.identities.service import NewIdentity, find_identity, make_identities, prepare
from ledger.people.levels import DECIDER, level_of
from ledger.people.lookups import looking_up
from ledger.people.managing import open_place_path, place_path
from ledger.people.models import RoleGrant
from ledger.people.policy import check_term, clean_household_number, permissions_of
from ledger.people.terms import in_force
from ledger.places.queries import is_demonstration

# The kind of proposal that gives a role where it takes two.
GRANT = "people.grant"


@dataclass(frozen=True, slots=True)
class Post:
    """A role at a place and below, up to and with a local day if one is given; the household's number, or None."""

    role: str
    place_id: int
    household: str | None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class By:
    """Who grants: the actor, for the proposer `granted_by` if it took two; `about` is their proposal."""

    actor: Actor
    granted_by: int
    about: str = ""
    reason: str = ""


def takes_two(role: str, place_path: str) -> bool:
    """Whether one person proposes the role there and another decides: it lets its holder decide or audit."""
    return level_of([(role, place_path)]) == DECIDER


def add_staff(session: Session, *, name: str, phone: str, path: str, actor: Actor) -> int:
    """Find or make the identity of a future staff member of the center at the place with this path, by phone.

    Raises what `prepare_staff` and `find_staff` raise.
    """
    person = prepare_staff(session, name=name, phone=phone, path=path, actor=actor)
    known = find_staff(session, person, actor=actor)
    return make_identities(session, [person])[0] if known is None else known


def prepare_staff(session: Session, *, name: str, phone: str, path: str, actor: Actor) -> NewIdentity:
    """Check and seal what is said of a future staff member at the place with this path.

    Raises Forbidden("access.denied"), Rejected("people.name_invalid", "people.phone_invalid").
    """
    actor.need(Permission.MANAGE_STAFF, path)
    if not phone:
        # Somebody of the staff does their work logged in, and the number is the log-in name.
        raise Rejected("people.phone_invalid")
    demonstration = is_demonstration(session, actor.center_id)
    return prepare(name=name, center_id=actor.center_id, phone=phone, demonstration=demonstration)


def find_staff(session: Session, person: NewIdentity, *, actor: Actor) -> int | None:
    """The identity of the center with this phone.

    Whoever was written down by a wrong name, and has never been anybody here, gets the right one. Raises
    Rejected("people.name_differs"), TooMany("request.too_many").
    """
    renamed = rename_unused(session, person, waits=GRANT, actor=actor)
    if renamed is not None:
        return renamed
    with looking_up(session, actor, "people.name_differs"):
        return find_identity(session, person)


def hire(
    session: Session,
    *,
    name: str,
    phone: str,
    role: str,
    place_id: int,
    household: str | None,
    valid_until: date | None = None,
    actor: Actor,
) -> int:
    """Add a staff member with a role and return the identity. Raises what `add_staff` and `grant_role` raise."""
    path = place_path(session, place_id, actor.center_id)
    identity_id = add_staff(session, name=name, phone=phone, path=path, actor=actor)
    post = Post(role, place_id, household, valid_until)
    grant_role(session, identity_id, post, actor=actor)
    return identity_id


def grant_role(session: Session, identity_id: int, post: Post, *, actor: Actor, reason: str = "") -> int:
    """Grant a role for a place and everything under it, of the lower level or on the server.

    A rise in level ends the person's codes and sessions and clears the password, whoever set it: whoever held one of
    them before the rise holds nothing after it. `reason` is for what is done on the server. Returns the grant's id.
    Raises Forbidden("access.denied" | "people.grant_takes_two" | "people.household_takes_two"), and what
    `check_grant` and `need_place_of_risen` raise.
    """
    permissions_of(post.role)
    actor.need(Permission.MANAGE_STAFF, place_path(session, post.place_id, actor.center_id))
    path = check_grant(session, identity_id, post, actor.center_id)
    if takes_two(post.role, path) and actor.identity_id != SYSTEM_IDENTITY:
        raise Forbidden("people.grant_takes_two")
    need_place_of_risen(session, identity_id, actor)
    need_said_before(session, identity_id, post.household, actor)
    return _grant(session, identity_id, post, path, By(actor, granted_by=actor.identity_id, reason=reason))


def grant_approved(
    session: Session, identity_id: int, post: Post, *, proposer_id: int, about: str, actor: Actor
) -> int:
    """Grant a role that the proposer asked for and the actor approved. Raises what `check_grant` raises."""
    path = check_grant(session, identity_id, post, actor.center_id)
    return _grant(session, identity_id, post, path, By(actor, granted_by=proposer_id, about=about))


def check_grant(session: Session, identity_id: int, post: Post, center_id: int) -> str:
    """Check what is to be granted, and lock the person's credentials and roles. Returns the path of the place.

    Raises Conflict("people.role_held"), NotFound("people.identity_not_found"), and what `check_post` raises.
    """
    path = check_post(session, post, center_id)
    lock_password(session, identity_id, center_id)
    held = sa.select(RoleGrant.id).where(*_same(identity_id, post, center_id), *in_force())
    if session.connection().execute(held, {"today": clock.today()}).first() is not None:
        raise Conflict("people.role_held")
    return path


def check_post(session: Session, post: Post, center_id: int) -> str:
    """Check a role that is to be granted to anybody. Returns the path of the place.

    Raises Rejected("people.role_unknown", "people.valid_until_needed", "people.valid_until_past",
    "people.household_number_invalid"), Conflict("people.place_closed"), NotFound("people.place_not_found").
    """
    permissions_of(post.role)
    check_term(post.role, post.valid_until, today=clock.today())
    if post.household is not None:
        clean_household_number(post.household)
    return open_place_path(session, post.place_id, center_id)


def _grant(session: Session, identity_id: int, post: Post, path: str, by: By) -> int:
    center_id, grant_id = by.actor.center_id, new_id()
    before = level_in(session, identity_id, center_id)
    over = sa.update(RoleGrant).where(*_same(identity_id, post, center_id), RoleGrant.revoked_at.is_(None))
    session.connection().execute(over.values(revoked_at=clock.now()))
    row = {
        "center_id": center_id,
        "id": grant_id,
        "identity_id": identity_id,
        "role": post.role,
        "place_id": post.place_id,
        "place_path": path,
        "granted_by": by.granted_by,
        "granted_at": clock.now(),
        "valid_until": post.valid_until,
        "household_id": household_of_number(session, post.household, actor=by.actor),
        "household_asked": True,
        "revoked_at": None,
    }
    session.connection().execute(sa.insert(RoleGrant), row)
    about, proposer = by.about or f"grant:{public_id(grant_id)}", by.granted_by if by.about else None
    note = partial(events.record, session, identity_id, made_by=by.actor.identity_id, center_id=center_id, about=about)
    note(events.ROLE_GRANTED, proposed_by=proposer, reason=by.reason)
    if level_in(session, identity_id, center_id) > before:
        credentials.end_credentials(session, identity_id, center_id)
        note(events.CREDENTIALS_ENDED)
        withdraw_codes(session, identity_id, actor=by.actor)
    return grant_id


def revoke_role(session: Session, grant_id: int, *, actor: Actor, reason: str = "") -> None:
    """Revoke a role at once; it takes one person and never waits.

    If that lowers the holder's level, their sessions and codes end; if they may propose nothing any more, what they
    proposed is withdrawn. Raises NotFound("people.role_not_found"), Forbidden("access.denied"),
    Conflict("people.last_admin").
    """
    center_id = actor.center_id
    identity_id = _holder(session, grant_id, center_id)
    lock_password(session, identity_id, center_id)
    _need_revocable(session, grant_id, actor)
    before = level_in(session, identity_id, center_id)
    change = (
        sa.update(RoleGrant)
        .where(RoleGrant.center_id == center_id, RoleGrant.id == grant_id)
        .values(revoked_at=clock.now())
    )
    session.connection().execute(change)
    about = f"grant:{public_id(grant_id)}"
    note = partial(events.record, session, identity_id, made_by=actor.identity_id, center_id=center_id, about=about)
    note(events.ROLE_REVOKED, reason=reason)
    if level_in(session, identity_id, center_id) < before:
        credentials.end_sessions_and_codes(session, identity_id, actor=actor, about=about)
        withdraw_codes(session, identity_id, actor=actor)
    if identity_id not in proposers(session, center_id):
        withdraw_all_of(session, identity_id, actor=actor)


def withdraw_of_ended(session: Session, center_id: int) -> int:
    """Withdraw what waits of people whose role has ended by its last day; returns how much.

    Nobody can decide on it before either: the desk asks whether its proposer may still propose it.
    """
    waiting = proposers_waiting(session, center_id)
    left = sorted({*waiting} - proposers(session, center_id) - {SYSTEM_IDENTITY}) if waiting else []
    return sum(withdraw_all_of(session, each, actor=system_actor(center_id)) for each in left)


def _holder(session: Session, grant_id: int, center_id: int) -> int:
    own = sa.select(RoleGrant.identity_id).where(RoleGrant.center_id == center_id, RoleGrant.id == grant_id)
    found = session.connection().execute(own).scalar()
    if found is None:
        raise NotFound("people.role_not_found")
    return int(found)


def _need_revocable(session: Session, grant_id: int, actor: Actor) -> None:
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


def _same(identity_id: int, post: Post, center_id: int) -> tuple["sa.ColumnElement[bool]", ...]:
    """The same role of the same person at the same place."""
    return (
        RoleGrant.center_id == center_id,
        RoleGrant.identity_id == identity_id,
        RoleGrant.role == post.role,
        RoleGrant.place_id == post.place_id,
    )


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
