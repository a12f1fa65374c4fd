"""The form that changes somebody's name or number, or proposes it where it takes two."""

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.api import get_desk
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.permissions import Permission
from ledger.people.access.contacts import Contact, see_contact
from ledger.people.access.hiring import set_or_propose_contact
from ledger.people.blueprint import bp
from ledger.people.policy import check_phone, clean_name, show_phone
from ledger.people.volunteers.queries import find_volunteer_by_identity
from ledger.web import forms
from ledger.web.forms import Form
from ledger.web.guard import act, get_actor, requires, steps_up
from ledger.web.once import idempotency_key

_FIELDS = {
    "people.name_invalid": "name",
    "people.phone_invalid": "phone",
    "people.phone_of_another": "phone",
    "people.contact_same": "phone",
    "people.contact_takes_two": "phone",
    "people.volunteer_elsewhere": "phone",
    "approvals.own_gain": "phone",
    "approvals.already_proposed": "phone",
    "approvals.reason_needed": "reason",
}


@bp.get("/people/<id:identity_id>/contact")
@requires(Permission.MANAGE_VOLUNTEERS, Permission.MANAGE_STAFF)
def contact(identity_id: int) -> str:
    """Show the form with a person's name and number."""
    return _form(identity_id, None, {})


@bp.post("/people/<id:identity_id>/contact")
@requires(Permission.MANAGE_VOLUNTEERS, Permission.MANAGE_STAFF)
@steps_up
@act(lambda: _("改姓名或手机号"))
def send_contact(identity_id: int) -> ResponseReturnValue:
    """Change a person's name or number, or propose it where it takes two."""
    in_snapshot(see_contact, identity_id, get_actor())
    try:
        proposal_id = _change(identity_id)
    except LedgerError as error:
        return _form(identity_id, forms.everything(), forms.field_errors(error, _FIELDS)), error.status
    if proposal_id is not None:
        return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)
    return redirect(in_snapshot(_back, identity_id, get_actor(), True), 303)


def _change(identity_id: int) -> int | None:
    with Form() as form:
        name = form.check("name", form.text("name"), clean_name)
        phone = form.check("phone", form.text("phone") or None, check_phone)
        reason = form.text("reason")
    said, actor, desk = Contact(name, phone), get_actor(), get_desk()
    proposal_id: int | None = in_transaction_once(
        idempotency_key(), set_or_propose_contact, identity_id, said, reason, actor=actor, desk=desk
    )
    return proposal_id


def _form(identity_id: int, values: dict[str, Any] | None, errors: dict[str, str]) -> str:
    shown = in_snapshot(_shown, identity_id, get_actor())
    return render_template("people/contact.html", identity_id=identity_id, values=values, errors=errors, **shown)


def _shown(session: Session, identity_id: int, actor: Actor) -> dict[str, Any]:
    seen = see_contact(session, identity_id, actor)
    number = show_phone(seen.phone) if seen.phone else ""
    return {"known": seen, "number": number, "up": _back(session, identity_id, actor)}


def _back(session: Session, identity_id: int, actor: Actor, changed: bool = False) -> str:
    """The page of the volunteer that the person is, if the actor manages them; or else the list of staff."""
    found = find_volunteer_by_identity(session, identity_id, actor.center_id)
    if found is not None and actor.may(Permission.MANAGE_VOLUNTEERS, found.place_path):
        return url_for("people.volunteer", volunteer_id=found.id, contact="saved" if changed else None)
    return url_for("people.staff")
