"""The page for proposing to claw back a wrong award, with the consequences. Somebody else decides."""

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ledger.approvals import service as deciding
from ledger.approvals.api import get_desk
from ledger.audit.approving.words import PROPOSING_FIELDS
from ledger.audit.blueprint import bp
from ledger.audit.naming.names import volunteer_names
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.points.corrections import clawback
from ledger.points.corrections.kinds import CLAWBACK
from ledger.web import forms
from ledger.web.guard import get_actor, requires
from ledger.web.once import idempotency_key


@bp.get("/books/transfers/<id:transfer_id>/clawback")
@requires(Permission.PROPOSE)
def ask_clawback(transfer_id: int) -> str:
    """Form for proposing a clawback, with its consequences."""
    return _draw(transfer_id, "", {})


@bp.post("/books/transfers/<id:transfer_id>/clawback")
@requires(Permission.PROPOSE)
def propose_clawback(transfer_id: int) -> ResponseReturnValue:
    """Propose the clawback; somebody else decides."""
    try:
        given = (CLAWBACK.name, {"transfer_id": public_id(transfer_id)}, forms.text("reason"))
        once = idempotency_key()
        proposal_id = in_transaction_once(once, deciding.propose, *given, actor=get_actor(), desk=get_desk())
    except LedgerError as error:
        errors = forms.field_errors(error, PROPOSING_FIELDS)
        return _draw(transfer_id, forms.verbatim("reason"), errors), error.status
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


def _draw(transfer_id: int, reason: str, errors: dict[str, Any]) -> str:
    shown = in_snapshot(_ask, transfer_id, get_actor())
    return render_template("audit/clawback.html", transfer_id=transfer_id, reason=reason, errors=errors, **shown)


def _ask(session: Session, transfer_id: int, actor: Actor) -> dict[str, Any]:
    foreseen = clawback.foresee(session, transfer_id, actor=actor)
    names = volunteer_names(session, [foreseen.volunteer_id], actor.center_id)
    return {"foreseen": foreseen, "name": names[foreseen.volunteer_id].text if names else ""}


def may_be_taken_back(session: Session, transfer_id: int, actor: Actor) -> bool:
    """Whether to offer a clawback: something is left of the award, and the actor may propose."""
    if not actor.may(Permission.PROPOSE, ROOT):
        return False
    try:
        clawback.foresee(session, transfer_id, actor=actor)
    except LedgerError:
        return False
    return True
