"""The page for proposing to correct confirmed hours: what would change is shown first. Somebody else decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ledger.approvals import queries as approvals
from ledger.approvals import service as deciding
from ledger.approvals.api import get_desk
from ledger.checkin import correcting, presenter, queries
from ledger.checkin.blueprint import bp
from ledger.checkin.queries import AttendanceView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import queries as people
from ledger.points.closing.freezing import find_freeze
from ledger.points.corrections.standing import find_standing
from ledger.web import forms
from ledger.web.forms import Form
from ledger.web.guard import get_actor, requires
from ledger.web.once import idempotency_key

_WHOLE = "whole"
# Of the last two the page says why in place of the form.
_FIELDS = {
    "checkin.end_out_of_range": "time",
    "checkin.nothing_to_correct": "time",
    "checkin.overlap": "time",
    "checkin.points_taken_back": "how",
    "approvals.own_gain": "reason",
    "approvals.reason_needed": "reason",
    "approvals.already_proposed": "how",
    "checkin.wrong_state": "how",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The end that was asked for; None takes all of it back."""

    ended_at: datetime | None

    @property
    def mark(self) -> str:
        """What the page sends back once it has shown what this would change."""
        return _WHOLE if self.ended_at is None else self.ended_at.isoformat()


@bp.get("/attendances/<id:attendance_id>/hours")
@requires(Permission.PROPOSE)
def ask_hours(attendance_id: int) -> ResponseReturnValue:
    """Form for proposing another end of a confirmed attendance, or to take it back whole."""
    return _draw(attendance_id)


@bp.post("/attendances/<id:attendance_id>/hours")
@requires(Permission.PROPOSE)
def propose_hours(attendance_id: int) -> ResponseReturnValue:
    """Show what would change; propose it once that was shown. Somebody else decides."""
    wanted = None
    try:
        wanted = _wanted()
        if forms.verbatim("seen") != wanted.mark:
            return _draw(attendance_id, wanted)
        proposal_id = _propose(attendance_id, wanted)
    except LedgerError as error:
        return _draw(attendance_id, wanted, error)
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


def _wanted() -> Wanted:
    with Form() as form:
        whole = form.choice("how", ("end", _WHOLE)) == _WHOLE
        return Wanted(None if whole else form.moment("day", "time", later=True))


def _propose(attendance_id: int, wanted: Wanted) -> int:
    ended_at = None if wanted.ended_at is None else wanted.ended_at.isoformat()
    payload = {"attendance_id": public_id(attendance_id), "ended_at": ended_at}
    given = (correcting.NAME, payload, forms.text("reason"))
    return in_transaction_once(idempotency_key(), deciding.propose, *given, actor=get_actor(), desk=get_desk())


def _draw(attendance_id: int, wanted: Wanted | None = None, error: LedgerError | None = None) -> ResponseReturnValue:
    shown = in_snapshot(_case, attendance_id, wanted, get_actor())
    refused = error or shown.pop("refused")
    errors = forms.field_errors(refused, _FIELDS) if refused else {}
    page = render_template("checkin/hours.html", errors=errors, **shown)
    return page, refused.status if refused else 200


def _case(session: Session, attendance_id: int, wanted: Wanted | None, actor: Actor) -> dict[str, Any]:
    """The attendance, what counts of it now, what would count with `wanted`, and whether it can be proposed at all."""
    view = queries.get_attendance(session, attendance_id, actor.center_id)
    foreseen, refused = None, None
    if wanted is not None:
        try:
            foreseen = correcting.foresee(session, view, wanted.ended_at, actor.center_id)
        except LedgerError as error:
            refused = error
    return {
        "visit": view,
        "number": presenter.short_ref(view.id),
        "name": people.names_for(session, [view.volunteer_id], actor)[view.volunteer_id],
        "now": find_standing(session, "attendance", view.id, actor.center_id) or view,
        "waiting": approvals.find_waiting(session, actor.center_id, correcting.NAME, str(view.id)),
        "is_frozen": find_freeze(session, actor.center_id) is not None,
        "typed": _as_recorded(view) | forms.everything(),
        "seen": wanted.mark if wanted and foreseen else "",
        "foreseen": foreseen,
        "refused": refused,
    }


def _as_recorded(view: AttendanceView) -> dict[str, str]:
    left = (view.closed_at or view.opened_at).astimezone(clock.zone())
    return {"how": "end", "day": f"{left:%Y-%m-%d}", "time": f"{left:%H:%M}", "reason": ""}


def may_be_corrected(view: AttendanceView, actor: Actor) -> bool:
    """Whether to offer a correction: the attendance is confirmed, and the actor may propose."""
    return view.status == "CONFIRMED" and actor.may(Permission.PROPOSE, ROOT)
