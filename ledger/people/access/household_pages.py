"""Writing down where a volunteer lives, or proposing it where it takes two."""

from flask import url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from ledger.approvals.api import get_desk
from ledger.kernel.db import in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.permissions import Permission
from ledger.people.access.hiring import set_or_propose
from ledger.people.blueprint import bp
from ledger.people.volunteers.pages import draw_volunteer
from ledger.web import forms
from ledger.web.guard import get_actor, requires
from ledger.web.once import idempotency_key

_HOUSEHOLD_FIELDS = {
    "people.household_number_invalid": "household",
    "people.own_household": "household",
    "people.household_takes_two": "household",
    "approvals.own_gain": "household",
    "approvals.already_proposed": "household",
    "approvals.reason_needed": "reason",
}


@bp.post("/volunteers/<id:volunteer_id>/household")
@requires(Permission.MANAGE_VOLUNTEERS)
def set_household(volunteer_id: int) -> ResponseReturnValue:
    """Assign a volunteer to a household, or to none; propose it where it takes two."""
    try:
        proposal_id = _house(volunteer_id)
    except LedgerError as error:
        errors = forms.field_errors(error, _HOUSEHOLD_FIELDS)
        return draw_volunteer(volunteer_id, forms.verbatim("household"), errors), error.status
    if proposal_id is not None:
        return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)
    return redirect(url_for("people.volunteer", volunteer_id=volunteer_id, household="saved"), 303)


def _house(volunteer_id: int) -> int | None:
    number, reason = forms.optional_text("household"), forms.text("reason")
    proposal_id: int | None = in_transaction_once(
        idempotency_key(), set_or_propose, volunteer_id, number, reason, actor=get_actor(), desk=get_desk()
    )
    return proposal_id
