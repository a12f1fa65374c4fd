"""The form that proposes to end somebody's lost second factor."""

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.api import get_desk
from ledger.approvals.service import propose
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import Conflict, Forbidden, Rejected
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access import factors, kinds
from ledger.people.access.sessions import name_of_staff
from ledger.people.blueprint import bp
from ledger.people.identities.queries import names_of
from ledger.web import forms
from ledger.web.guard import act, get_actor, requires
from ledger.web.once import idempotency_key

_FIELDS = dict.fromkeys(
    ("approvals.reason_needed", "approvals.own_gain", "approvals.already_proposed", "people.factor_off"), "reason"
)


@bp.context_processor
def _offered() -> dict[str, Any]:
    """For the page of a volunteer, who may have left the staff with a factor that is still on."""
    return {"may_end_factor": _may_end}


def _may_end(identity_id: int) -> bool:
    actor = get_actor()
    return actor.may(Permission.MANAGE_STAFF, ROOT) and in_snapshot(factors.has_factor, identity_id, actor.center_id)


@bp.get("/staff/<id:identity_id>/factor")
@requires(Permission.MANAGE_STAFF)
def lost_factor(identity_id: int) -> str:
    """Show the form that proposes to end somebody's second factor."""
    return _form(identity_id, {}, {})


@bp.post("/staff/<id:identity_id>/factor")
@requires(Permission.MANAGE_STAFF)
@act(lambda: _("提出关掉一个人的动态码"))
def send_lost_factor(identity_id: int) -> ResponseReturnValue:
    """Propose to end somebody's second factor."""
    payload, actor, desk = kinds.factor_payload(identity_id), get_actor(), get_desk()
    in_snapshot(_name, identity_id, actor)
    try:
        given = (kinds.FACTOR.name, payload, forms.text("reason"))
        proposal_id = in_transaction_once(idempotency_key(), propose, *given, actor=actor, desk=desk)
    except (Rejected, Conflict, Forbidden) as error:
        return _form(identity_id, forms.everything(), forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


def _form(identity_id: int, values: dict[str, Any], errors: dict[str, str]) -> str:
    name = in_snapshot(_name, identity_id, get_actor())
    return render_template("people/factor_lost.html", identity_id=identity_id, name=name, values=values, errors=errors)


def _name(session: Session, identity_id: int, actor: Actor) -> str:
    """The name of somebody of the staff, or who has left it and still has a factor, for whoever may propose its end.

    Raises Forbidden("access.denied"), NotFound("people.identity_not_found").
    """
    if actor.may(Permission.MANAGE_STAFF, ROOT) and factors.has_factor(session, identity_id, actor.center_id):
        return names_of(session, [identity_id], actor.center_id)[identity_id]
    name = name_of_staff(session, identity_id, actor)
    actor.need(Permission.MANAGE_STAFF, ROOT)
    return name
