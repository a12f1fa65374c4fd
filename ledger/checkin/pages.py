"""Pages of a volunteer who scans: the code's address, the answer, the points earned, and the public receipt."""

from typing import Any, get_args

from flask import g, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from ledger.checkin import codes, desk_pages, earnings, hours_pages, presenter, results, review_pages, service
from ledger.checkin.blueprint import bp
from ledger.checkin.codes import Ticket
from ledger.checkin.commands import ScanCommand
from ledger.checkin.policy import Intent
from ledger.checkin.presenter import QUESTIONS
from ledger.checkin.results import Result
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Rejected
from ledger.organisations import queries as organisations
from ledger.web import forms
from ledger.web.addresses import short
from ledger.web.cookies import read_cookie, set_cookie
from ledger.web.guard import get_actor, logged_in, public
from ledger.web.once import new_key
from ledger.web.qr import single_qr_svg

__all__ = ["bp", "desk_pages", "hours_pages", "review_pages"]

TICKET_COOKIE = "scan-ticket"
_ANSWERS = frozenset(code.rpartition(".")[2].upper() for code in QUESTIONS)
_KEY_LENGTHS = range(8, 101)


# A code on a screen spells its address in capitals; people who copy it by hand do not.
@bp.get("/S/<code>", endpoint="enter")
@bp.get("/s/<code>", endpoint="enter")
@public
def enter(code: str) -> ResponseReturnValue:
    """Accept a scanned station code and keep it for five minutes, so that a slow log-in does not lose it."""
    try:
        ticket = in_snapshot(codes.read_code, code, clock.now())
    except Rejected as refusal:
        return _show(results.refused(refusal)), refusal.status
    response = redirect(url_for("checkin.open_check_in"), 303)
    _keep_ticket(response, ticket)
    return response


def _keep_ticket(response: Response, ticket: Ticket) -> None:
    set_cookie(response, TICKET_COOKIE, codes.write_ticket(ticket), seconds=codes.TICKET_SECONDS)


def _find_ticket() -> Ticket | None:
    return codes.read_ticket(read_cookie(TICKET_COOKIE) or "", clock.now())


@bp.get("/checkin")
@logged_in
def open_check_in() -> ResponseReturnValue:
    """The page of the pending scan; it submits itself and changes nothing before that."""
    ticket = _find_ticket()
    if ticket is None:
        return _show(results.no_scan())
    station = in_snapshot(organisations.get_place, ticket.station_id, ticket.center_id)
    return render_template("checkin/entering.html", ticket=ticket, station=station)


@bp.post("/checkin")
@logged_in
def check_in() -> ResponseReturnValue:
    """Take the scan and redirect to its answer, which stays the same however often it is loaded."""
    ticket = _find_ticket()
    if ticket is None:
        return redirect(url_for("checkin.open_check_in"), 303)
    return redirect(_take(_command(ticket)), 303)


def _command(ticket: Ticket) -> ScanCommand:
    key, intent = forms.verbatim("client_scan_id"), forms.verbatim("intent")
    chosen: Any = intent if intent in get_args(Intent) else "auto"
    return ScanCommand(
        client_scan_id=key if len(key) in _KEY_LENGTHS and key.isprintable() else ticket.nonce,
        intent=chosen,
        ticket=ticket,
        confirmed=tuple(sorted(_ANSWERS & forms.all_ticked("confirmed"))),
    )


def _take(command: ScanCommand) -> str:
    """Address of the answer: the earnings after a check-out, else the result of the scan."""
    try:
        scanned = in_transaction(service.scan, command, actor=get_actor())
    except (Rejected, Conflict) as refusal:
        if "scan_id" not in refusal.context:
            raise
        return url_for("checkin.result", scan_id=refusal.context["scan_id"])
    g.replayed = scanned.replayed
    if scanned.outcome == "pending" or scanned.reason == "OK_OUT":
        return url_for("checkin.earned", attendance_id=scanned.attendance["id"])
    return url_for("checkin.result", scan_id=scanned.scan_id)


@bp.get("/checkin/<id:scan_id>")
@logged_in
def result(scan_id: int) -> str:
    """The result of a scan."""
    return _show(in_snapshot(results.result_of, scan_id, get_actor()))


def _show(shown: Result) -> str:
    return render_template("checkin/result.html", result=shown, key=new_key())


@bp.get("/attendances/<id:attendance_id>")
@logged_in
def earned(attendance_id: int) -> str:
    """What an attendance earned, and why."""
    return render_template("checkin/earned.html", **in_snapshot(_earned, attendance_id))


def _earned(session: Session, attendance_id: int) -> dict[str, Any]:
    actor = get_actor()
    shown = earnings.earning_of(session, attendance_id, actor)
    code = short("checkin.receipt", reference=shown.reference) if shown.reference else ""
    return {
        "earning": shown,
        "qr": single_qr_svg(code) if code else None,
        "number": presenter.short_ref(attendance_id),
        "correctable": hours_pages.may_be_corrected(shown.attendance, actor),
    }


@bp.get("/attendances/<id:attendance_id>/objection")
@logged_in
def objection(attendance_id: int) -> str:
    """How to object to an attendance."""
    shown = in_snapshot(earnings.objection_to, attendance_id, get_actor())
    return render_template("checkin/objection.html", shown=shown, number=presenter.short_ref(attendance_id))


@bp.get("/A/<reference>", endpoint="receipt")
@bp.get("/a/<reference>", endpoint="receipt")
@public
def receipt(reference: str) -> str:
    """The public receipt: place, day, minutes, points and whether it stands; no name."""
    return render_template("checkin/receipt.html", shown=in_snapshot(earnings.receipt_of, reference))
