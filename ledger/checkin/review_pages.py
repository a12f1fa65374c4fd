"""Pages for reviewers of doubtful attendances: the pending list, and one attendance with its evidence."""

from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.checkin import attendance_list, queries, reviewing
from ledger.checkin.blueprint import bp
from ledger.checkin.commands import ReviewCommand
from ledger.checkin.queries import AttendanceFilter, AttendanceView
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.people.identities import queries as identities
from ledger.rules import queries as rules
from ledger.web import asked, forms
from ledger.web.forms import Form
from ledger.web.guard import get_actor, requires
from ledger.web.listed import listed
from ledger.web.once import idempotency_key

_FIELDS = {
    "checkin.end_needed": "time",
    "checkin.end_out_of_range": "time",
    "checkin.overlap": "time",
    "checkin.note_needed": "note",
}


@bp.get("/reviews")
@requires(Permission.REVIEW)
@listed
def reviews() -> str:
    """Attendances that wait for the reader's decision."""
    page = asked.page(usually="opened_at")
    return render_template("checkin/reviews.html", **in_snapshot(_waiting, page))


def _waiting(session: Session, page: PageRequest) -> dict[str, Any]:
    actor = get_actor()
    chosen = AttendanceFilter(status="PENDING", paths=tuple(actor.paths(Permission.REVIEW)))
    found = queries.list_attendances(session, actor.center_id, chosen, request=page)
    return {
        "items": attendance_list.rows(session, found.items, actor),
        "next": found.next,
        "sort": found.sort,
        "first": page.after is None,
    }


@bp.get("/reviews/<id:attendance_id>")
@requires(Permission.REVIEW)
def one_review(attendance_id: int) -> str:
    """One pending attendance with its evidence."""
    return _draw(attendance_id, {}, {})


@bp.post("/reviews/<id:attendance_id>")
@requires(Permission.REVIEW)
def decide(attendance_id: int) -> ResponseReturnValue:
    """Confirm it with its real end, or reject it with a reason."""
    try:
        command = _command(attendance_id)
        in_transaction_once(idempotency_key(), reviewing.review, command, actor=get_actor())
    except LedgerError as error:
        return _draw(attendance_id, forms.everything(), forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("checkin.reviews", done=forms.verbatim("decision")), 303)


def _command(attendance_id: int) -> ReviewCommand:
    with Form() as form:
        approve = form.choice("decision", ("approve", "reject")) == "approve"
        ended_at = _changed_end(form) if approve else None
        return ReviewCommand(attendance_id, approve=approve, ended_at=ended_at, note=form.text("note", longest=200))


def _changed_end(form: Form) -> datetime | None:
    """The end that was typed; None if it is empty or still the one shown, which is the recorded one to the second."""
    if not forms.verbatim("time").strip():
        return None
    ended_at = form.moment("day", "time", later=True)
    return None if forms.verbatim("shown") == _wall(ended_at) else ended_at


def _draw(attendance_id: int, typed: dict[str, Any], errors: dict[str, str]) -> str:
    shown = in_snapshot(_case, attendance_id)
    return render_template("checkin/review.html", errors=errors, **(shown | {"typed": shown["typed"] | typed}))


def _case(session: Session, attendance_id: int) -> dict[str, Any]:
    """A pending attendance with everything its decision rests on."""
    actor = get_actor()
    view = queries.get_attendance_for(session, attendance_id, actor)
    actor.need(Permission.REVIEW, view.station_path)
    scans = queries.scans_of(session, view, actor.center_id)
    return {
        "row": attendance_list.rows(session, [view], actor)[0],
        "scans": scans,
        "scanners": identities.names_of(session, {scan.scanned_by for scan in scans}, actor.center_id),
        "rule": rules.get_rule(session, view.rule_id or 0, actor.center_id),
        "why_not": reviewing.why_not(session, view, actor),
        "typed": _proposed(view),
    }


def _proposed(view: AttendanceView) -> dict[str, str]:
    """Initial values of the fields: no time for a forgotten check-out, because people would accept a guess."""
    left_at = attendance_list.left_at(view)
    day, time = _wall(left_at or view.opened_at).split("T")
    known = left_at is not None
    return {"day": day, "time": time if known else "", "shown": f"{day}T{time}" if known else "", "note": ""}


def _wall(moment: datetime) -> str:
    """The minute that the clock here shows."""
    return moment.astimezone(clock.zone()).strftime("%Y-%m-%dT%H:%M")
