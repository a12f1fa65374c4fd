"""The form that blocks a volunteer."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from ledger.kernel.db import in_transaction_once
from ledger.kernel.permissions import Permission
from ledger.people.access import blocking
from ledger.people.blueprint import bp
from ledger.web import forms
from ledger.web.guard import get_actor, requires
from ledger.web.once import idempotency_key


@bp.post("/volunteers/<id:volunteer_id>/status")
@requires(Permission.MANAGE_VOLUNTEERS)
def change_status(volunteer_id: int) -> ResponseReturnValue:
    """Block a volunteer from checking in, and log them out; or unblock them."""
    status = forms.verbatim("status")
    in_transaction_once(idempotency_key(), blocking.set_status, volunteer_id, status=status, actor=get_actor())
    return redirect(url_for("people.volunteer", volunteer_id=volunteer_id, blocked=1), 303)
