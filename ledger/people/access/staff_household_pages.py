"""The form that proposes another household for somebody of the staff, who need not be a volunteer."""

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.api import get_desk
from ledger.approvals.service import propose
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access import kinds
from ledger.people.access.sessions import name_of_staff
from ledger.people.access.staff_pages import check_household
from ledger.people.blueprint import bp
from ledger.people.policy import household_said
from ledger.web import forms
from ledger.web.forms import Form
from ledger.web.guard import act, get_actor, requires
from ledger.web.once import idempotency_key

_FIELDS = {
    "people.household_number_invalid": "household",
    "approvals.own_gain": "household",
    "approvals.already_proposed": "household",
    "approvals.reason_needed": "reason",
}


@bp.get("/staff/<id:identity_id>/household")
@requires(Permission.MANAGE_STAFF)
def staff_household(identity_id: int) -> str:
    """Show the form that proposes where somebody of the staff lives."""
    return _form(identity_id, {}, {})


@bp.post("/staff/<id:identity_id>/household")
@requires(Permission.MANAGE_STAFF)
@act(lambda: _("提出改户"))
def send_staff_household(identity_id: int) -> ResponseReturnValue:
    """Propose where somebody of the staff lives."""
    in_snapshot(_name, identity_id, get_actor())
    try:
        proposal_id = _propose(identity_id)
    except LedgerError as error:
        return _form(identity_id, forms.everything(), forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


def _propose(identity_id: int) -> int:
    with Form() as form:
        household, reason = form.check("household", form.text("household"), check_household), form.text("reason")
    given = (kinds.HOUSEHOLD.name, kinds.household_payload(identity_id, household_said(household)), reason)
    proposal_id: int = in_transaction_once(idempotency_key(), propose, *given, actor=get_actor(), desk=get_desk())
    return proposal_id


def _form(identity_id: int, values: dict[str, Any], errors: dict[str, str]) -> str:
    name = in_snapshot(_name, identity_id, get_actor())
    shown = {"identity_id": identity_id, "name": name, "values": values, "errors": errors}
    return render_template("people/staff_household.html", **shown)


def _name(session: Session, identity_id: int, actor: Actor) -> str:
    name = name_of_staff(session, identity_id, actor)
    actor.need(Permission.MANAGE_STAFF, ROOT)
    return name
