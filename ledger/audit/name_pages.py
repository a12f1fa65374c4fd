"""The page on which an auditor reads a volunteer's full name, once the reason is recorded."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ledger.audit.blueprint import bp
from ledger.audit.naming.names import identity_names
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import full_names
from ledger.people.volunteers.queries import get_volunteer
from ledger.web import forms
from ledger.web.forms import Form
from ledger.web.guard import get_actor, requires

# The latest looks that the page lists.
_LISTED = 20


@bp.post("/books/volunteers/<id:volunteer_id>/name")
@requires(Permission.READ_BOOKS)
def full_name(volunteer_id: int) -> ResponseReturnValue:
    """Record the reason and show the name. Only this answer shows it, so a repeat is recorded again."""
    try:
        with Form() as form:
            reason = form.needed_text("reason", longest=full_names.LONGEST_REASON)
        in_transaction(full_names.record, volunteer_id, reason, actor=get_actor())
    except LedgerError as error:
        return _draw(volunteer_id, forms.field_errors(error, {"people.reason_needed": "reason"})), error.status
    return _draw(volunteer_id, None)


def _draw(volunteer_id: int, errors: dict[str, Any] | None) -> str:
    shown = in_snapshot(_shown, volunteer_id, get_actor())
    typed = forms.verbatim("reason")
    return render_template("audit/full_name.html", errors=errors or {}, told=errors is None, reason=typed, **shown)


def _shown(session: Session, volunteer_id: int, actor: Actor) -> dict[str, Any]:
    volunteer = get_volunteer(session, volunteer_id, actor.center_id)
    looks = full_names.looks(session, volunteer_id, actor.center_id, request=PageRequest(_LISTED)).items
    return {
        "volunteer": volunteer,
        "looks": looks,
        "readers": identity_names(session, {look.shown_to for look in looks}, actor.center_id),
    }
