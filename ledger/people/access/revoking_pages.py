"""Pages that take a role away: first what it costs, then that it was done."""

from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.people.access import sessions, staff
from ledger.people.access.sessions import RoleView
from ledger.people.blueprint import bp
from ledger.people.identities.queries import names_of
from ledger.people.levels import VOLUNTEER, level_of
from ledger.people.policy import counting
from ledger.people.words import ROLE_NAMES
from ledger.places.queries import place_names
from ledger.web.guard import act, get_actor, requires
from ledger.web.once import idempotency_key


@dataclass(frozen=True, slots=True)
class Taken:
    """A role that is to be taken or was: whose, which, where.

    `own`: the reader's; `falls`: its holder is logged out by it; `two`: it takes two people to give it back; `last`:
    the holder keeps no other role.
    """

    name: str
    role: str
    place: str
    own: bool
    falls: bool
    two: bool
    last: bool


@bp.get("/staff/roles/<id:grant_id>/revoke")
@requires(Permission.MANAGE_STAFF)
def ask_revoke_role(grant_id: int) -> str:
    """Ask whether to revoke a role, and say what it costs."""
    taken = in_snapshot(_to_take, grant_id, get_actor())
    return render_template("people/role_revoke.html", taken=taken, grant_id=grant_id, role_names=ROLE_NAMES)


@bp.post("/staff/roles/<id:grant_id>/revoke")
@requires(Permission.MANAGE_STAFF)
@act(lambda: _("收回一个人的身份"))
def revoke_role(grant_id: int) -> ResponseReturnValue:
    """Revoke a role. Somebody who has revoked their own may have been logged out by it."""
    in_transaction_once(idempotency_key(), staff.revoke_role, grant_id, actor=get_actor())
    own, manages = in_snapshot(_left, grant_id, get_actor())
    goal = url_for("people.staff", revoked=public_id(grant_id)) if manages else "/"
    return redirect(url_for("people.log_in", revoked=1, next=goal) if own else goal, 303)


def _to_take(session: Session, grant_id: int, actor: Actor) -> Taken:
    role = sessions.find_role(session, grant_id, actor.center_id)
    if role is None:
        raise NotFound("people.role_not_found")
    actor.need(Permission.MANAGE_STAFF, role.place_path)
    return _taken(session, role, actor)


def taken_role(session: Session, grant_id: int, actor: Actor) -> Taken | None:
    """A role that was revoked, to tell who revoked it; None for any other, and for those of places held by others."""
    role = sessions.find_role(session, grant_id, actor.center_id, revoked=True)
    return (
        None
        if role is None or not actor.may(Permission.MANAGE_STAFF, role.place_path)
        else _taken(session, role, actor)
    )


def _taken(session: Session, role: RoleView, actor: Actor) -> Taken:
    held = sessions.roles_of(session, role.identity_id, actor.center_id)
    kept = level_of((each.role, each.place_path) for each in held if each.id != role.id)
    own = (role.role, role.place_path)
    return Taken(
        name=names_of(session, [role.identity_id], actor.center_id)[role.identity_id],
        role=role.role,
        place=place_names(session, [role.place_id], actor.center_id)[role.place_id],
        own=role.identity_id == actor.identity_id,
        falls=kept < level_of([own]),
        two=staff.takes_two(*own),
        last=kept == VOLUNTEER,
    )


def _left(session: Session, grant_id: int, actor: Actor) -> tuple[bool, bool]:
    """Whether the revoked role was the actor's own, and whether they still manage staff."""
    role = sessions.find_role(session, grant_id, actor.center_id, revoked=True)
    held = sessions.roles_of(session, actor.identity_id, actor.center_id)
    manages = any(Permission.MANAGE_STAFF in counting(each.role, each.place_path) for each in held)
    return role is not None and role.identity_id == actor.identity_id, manages
