"""The page for months: which are closed and by whom, and which can be closed or reopened next."""

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy.orm import Session

from ledger.approvals import queries as approvals
from ledger.approvals import service
from ledger.approvals.api import get_desk
from ledger.approvals.desk import Kind
from ledger.audit.approving.presenter import people
from ledger.audit.blueprint import bp
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.permissions import Permission
from ledger.points.closing import kinds
from ledger.points.closing import periods as months
from ledger.points.closing.words import month_words
from ledger.web import forms
from ledger.web.guard import act, get_actor, requires, steps_up
from ledger.web.listed import listed
from ledger.web.once import idempotency_key

_KINDS = {"close": kinds.CLOSE, "reopen": kinds.REOPEN}
bp.add_app_template_global(month_words)


@bp.get("/books/periods")
@requires(Permission.READ_BOOKS)
@listed
def periods() -> str:
    """Closed months."""
    return _draw({})


@bp.post("/books/periods")
@requires(Permission.PROPOSE)
@steps_up
@act(lambda: _("提出重开月份") if _event() == "reopen" else pgettext("about to", "提出关账"))
def send_period() -> ResponseReturnValue:
    """Propose to close a month or to reopen the last one."""
    kind, field = _KINDS[_event()], f"reason-{_event()}"
    try:
        given = (kind.name, {"month": forms.text("month")}, forms.text("reason"))
        proposal_id = in_transaction_once(
            idempotency_key(), service.propose, *given, actor=get_actor(), desk=get_desk()
        )
    except LedgerError as error:
        errors = forms.field_errors(error, {"approvals.reason_needed": field})
        return _draw({field if name == "reason" else name: said for name, said in errors.items()}), 422
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


def _event() -> str:
    """What is asked for; each event has its own form, and its own field for the reason."""
    return "reopen" if forms.verbatim("event") == "reopen" else "close"


def _draw(errors: dict[str, str]) -> str:
    typed = {f"reason-{_event()}": forms.verbatim("reason")}
    return render_template("audit/periods.html", errors=errors, typed=typed, **in_snapshot(_periods, get_actor()))


def _periods(session: Session, actor: Actor) -> dict[str, Any]:
    found = months.periods(session, actor.center_id)
    deciders = {turn.decided_by for month in found.months for turn in month.turns}
    return {
        "periods": found,
        "people": people(session, deciders, actor.center_id),
        "closing": _waiting(session, kinds.CLOSE, found.to_close, actor),
        "reopening": _waiting(session, kinds.REOPEN, found.to_reopen, actor),
    }


def _waiting(session: Session, kind: Kind, month: str | None, actor: Actor) -> int | None:
    """The pending proposal about this month."""
    return approvals.find_waiting(session, actor.center_id, kind.name, month) if month is not None else None
