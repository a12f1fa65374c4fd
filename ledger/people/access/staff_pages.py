"""Pages for managers of staff: who works where in which role."""

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.people.access import sessions
from ledger.people.access import staff as staffing
from ledger.people.access.sessions import RoleView, StaffView
from ledger.people.blueprint import bp
from ledger.people.policy import check_phone, clean_name, counting, permissions_of
from ledger.people.words import OFFERED, ROLE_NAMES
from ledger.places.queries import place_choices, place_names
from ledger.web import asked, forms
from ledger.web.forms import Form
from ledger.web.guard import get_actor, requires
from ledger.web.once import idempotency_key

_FIELDS = {
    "people.name_invalid": "name",
    "people.phone_invalid": "phone",
    "people.name_differs": "phone",
    "people.role_unknown": "role",
    "people.role_held": "role",
    "people.place_not_found": "place_id",
    "people.valid_until_needed": "valid_until",
    "people.valid_until_past": "valid_until",
}


@bp.get("/staff")
@requires(Permission.MANAGE_STAFF)
def staff() -> str:
    """List staff by place."""
    return render_template("people/staff.html", role_names=ROLE_NAMES, **in_snapshot(_staff, get_actor()))


def _staff(session: Session, actor: Actor) -> dict[str, Any]:
    people = sessions.staff(session, actor)
    place_ids = [role.place_id for person in people for role in person.roles]
    names = place_names(session, place_ids, actor.center_id)
    parts = {role.id: _part_that_counts(role) for person in people for role in person.roles}
    return {"people": people, "names": names, "parts": parts, "hired": _hired(people)}


def _hired(people: list[StaffView]) -> StaffView | None:
    """Who was just given a role, by the address that the form led to."""
    wanted = asked.pointer("new")
    return next((person for person in people if person.identity_id == wanted), None)


def _part_that_counts(role: RoleView) -> str:
    """Whether "all", "some" or "nothing" of a role counts at its place."""
    counts = counting(role.role, role.place_path)
    if counts == permissions_of(role.role):
        return "all"
    return "some" if counts else "nothing"


@bp.get("/staff/new")
@requires(Permission.MANAGE_STAFF)
def new_staff() -> str:
    """Show the form that grants a role."""
    return _form({}, {})


@bp.post("/staff/new")
@requires(Permission.MANAGE_STAFF)
def send_new_staff() -> ResponseReturnValue:
    """Grant a role at a place and below; a person known by phone must have the same name."""
    try:
        identity_id = _hire()
    except LedgerError as error:
        return _form(forms.everything(), forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("people.staff", new=public_id(identity_id)), 303)


def _hire() -> int:
    with Form() as form:
        phone = form.check("phone", form.text("phone"), check_phone)
        name = form.check("name", form.text("name"), clean_name)
        role = form.check("role", form.text("role"), permissions_of)
        place_id = form.key("place_id")
        valid_until = form.optional_day("valid_until")
    once, actor = idempotency_key(), get_actor()
    identity_id: int = in_transaction_once(
        once,
        staffing.hire,
        name=name,
        phone=phone,
        role=role,
        place_id=place_id,
        valid_until=valid_until,
        actor=actor,
    )
    return identity_id


def _form(values: dict[str, Any], errors: dict[str, str]) -> str:
    actor = get_actor()
    places = in_snapshot(place_choices, actor.center_id, actor.paths(Permission.MANAGE_STAFF))
    roles = [(role, ROLE_NAMES[role]) for role in OFFERED]
    return render_template("people/staff_new.html", values=values, errors=errors, places=places, roles=roles)


@bp.post("/staff/roles/<id:grant_id>/revoke")
@requires(Permission.MANAGE_STAFF)
def revoke_role(grant_id: int) -> ResponseReturnValue:
    """Revoke a role."""
    in_transaction_once(idempotency_key(), staffing.revoke_role, grant_id, actor=get_actor())
    return redirect(url_for("people.staff"), 303)
