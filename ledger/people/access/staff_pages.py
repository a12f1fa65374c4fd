"""Pages for managers of staff: who works where in which role."""

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.approvals.api import get_desk
from ledger.approvals.service import propose
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access import events, kinds, sessions
from ledger.people.access.hiring import hire_or_propose
from ledger.people.access.revoking_pages import taken_role
from ledger.people.access.sessions import StaffView
from ledger.people.access.staff import Post, takes_two
from ledger.people.blueprint import bp
from ledger.people.levels import DECIDER, level_of
from ledger.people.managing import top_place_id
from ledger.people.policy import (
    OFFERED_ROLES,
    check_phone,
    clean_household_number,
    clean_name,
    counts_below_top,
    household_said,
    part_that_counts,
    permissions_of,
)
from ledger.people.words import ROLE_NAMES
from ledger.places.queries import place_choices, place_names
from ledger.web import asked, forms
from ledger.web.forms import Form
from ledger.web.guard import act, get_actor, requires
from ledger.web.listed import listed
from ledger.web.once import idempotency_key

_FIELDS = {
    "people.name_invalid": "name",
    "people.phone_invalid": "phone",
    "people.name_differs": "phone",
    "people.volunteer_elsewhere": "phone",
    "people.role_unknown": "role",
    "people.role_held": "role",
    "people.place_not_found": "place_id",
    "people.place_closed": "place_id",
    "people.nothing_counts": "place_id",
    "people.part_counts": "place_id",
    "people.valid_until_needed": "valid_until",
    "people.valid_until_past": "valid_until",
    "people.household_number_invalid": "household",
    "people.household_takes_two": "household",
    "approvals.reason_needed": "reason",
    "approvals.own_gain": "role",
    "approvals.already_proposed": "role",
}
_CODE_FIELDS = {
    "approvals.reason_needed": "reason",
    "approvals.own_gain": "reason",
    "approvals.already_proposed": "reason",
    "people.code_takes_one": "reason",
}


@bp.get("/staff")
@requires(Permission.MANAGE_STAFF)
@listed
def staff() -> str:
    """List staff by place."""
    return render_template("people/staff.html", role_names=ROLE_NAMES, **in_snapshot(_staff, get_actor()))


def _staff(session: Session, actor: Actor) -> dict[str, Any]:
    people = sessions.staff(session, actor)
    place_ids = [role.place_id for person in people for role in person.roles]
    names = place_names(session, place_ids, actor.center_id)
    parts = {role.id: part_that_counts(role.role, role.place_path) for person in people for role in person.roles}
    two = {
        each.identity_id for each in people if level_of((role.role, role.place_path) for role in each.roles) == DECIDER
    }
    revoked = asked.pointer("revoked")
    taken = None if revoked is None else taken_role(session, revoked, actor)
    hired = _hired(people)
    had = hired is not None and events.has_had_password(session, hired.identity_id, actor.center_id)
    return {"people": people, "names": names, "parts": parts, "hired": hired, "had": had, "two": two, "taken": taken}


def _hired(people: list[StaffView]) -> StaffView | None:
    """Who was just given a role, by the address that the form led to."""
    wanted = asked.pointer("new")
    return next((person for person in people if person.identity_id == wanted), None)


@bp.get("/staff/new")
@requires(Permission.MANAGE_STAFF)
def new_staff() -> str:
    """Show the form that grants a role."""
    return _form({}, {})


@bp.post("/staff/new")
@requires(Permission.MANAGE_STAFF)
@act(lambda: _("给%(name)s一个身份", name=forms.verbatim("name")))
def send_new_staff() -> ResponseReturnValue:
    """Grant a role at a place and below; a person known by phone must have the same name."""
    try:
        done = _hire()
    except LedgerError as error:
        return _form(forms.everything(), forms.field_errors(error, _FIELDS)), error.status
    if done["proposal_id"] is not None:
        return redirect(url_for("audit.approval", proposal_id=done["proposal_id"], new=1), 303)
    return redirect(url_for("people.staff", new=public_id(done["identity_id"])), 303)


def _hire() -> dict[str, Any]:
    with Form() as form:
        phone = form.check("phone", form.text("phone"), check_phone)
        name = form.check("name", form.text("name"), clean_name)
        role = form.check("role", form.text("role"), permissions_of)
        place_id = form.key("place_id")
        valid_until = form.optional_day("valid_until")
        household = form.check("household", form.text("household"), check_household)
        reason, part = form.text("reason"), form.text("part") == "1"
    hired: dict[str, Any] = in_transaction_once(
        idempotency_key(),
        hire_or_propose,
        name=name,
        phone=phone,
        post=Post(role, place_id, household_said(household), valid_until),
        reason=reason,
        part=part,
        actor=get_actor(),
        desk=get_desk(),
    )
    return hired


def check_household(typed: str) -> None:
    """Raises Rejected("people.household_number_invalid") unless it is a number or says that there is none."""
    said = household_said(typed)
    if said is not None:
        clean_household_number(said)


def _form(values: dict[str, Any], errors: dict[str, str]) -> str:
    actor = get_actor()
    places, top = in_snapshot(_places, actor)
    offered = [role for role in OFFERED_ROLES if top or counts_below_top(role)]
    roles = [(role, ROLE_NAMES[role]) for role in offered]
    whole = " ".join(role for role in offered if not counts_below_top(role))
    two = " ".join(role for role in offered if takes_two(role, ROOT))
    return render_template(
        "people/staff_new.html", values=values, errors=errors, places=places, roles=roles, top=top, whole=whole, two=two
    )


def _places(session: Session, actor: Actor) -> tuple[list[tuple[int, str]], str]:
    """Where the actor may give roles, and the center itself as the value of `choice` if it is among them, or ""."""
    places = place_choices(session, actor.center_id, actor.paths(Permission.MANAGE_STAFF))
    top = top_place_id(session, actor.center_id)
    return places, public_id(top) if any(place_id == top for place_id, _words in places) else ""


@bp.get("/staff/<id:identity_id>/code")
@requires(Permission.MANAGE_STAFF)
def new_code(identity_id: int) -> str:
    """Show the form that proposes a code for somebody who decides or audits."""
    return _code_form(identity_id, {}, {})


@bp.post("/staff/<id:identity_id>/code")
@requires(Permission.MANAGE_STAFF)
@act(lambda: _("提出打一张激活码"))
def send_new_code(identity_id: int) -> ResponseReturnValue:
    """Propose a code; who approves it makes it."""
    payload, actor, desk = kinds.code_payload(identity_id), get_actor(), get_desk()
    in_snapshot(sessions.name_of_staff, identity_id, actor)
    try:
        reason = forms.text("reason")
        proposal_id = in_transaction_once(
            idempotency_key(), propose, kinds.CODE.name, payload, reason, actor=actor, desk=desk
        )
    except (Rejected, Conflict, Forbidden) as error:
        return _code_form(identity_id, forms.everything(), forms.field_errors(error, _CODE_FIELDS)), error.status
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


def _code_form(identity_id: int, values: dict[str, Any], errors: dict[str, str]) -> str:
    name = in_snapshot(sessions.name_of_staff, identity_id, get_actor())
    return render_template("people/code_new.html", identity_id=identity_id, name=name, values=values, errors=errors)
