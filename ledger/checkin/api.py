"""The check-in API: scans, attendances, reviews, and the code on a station's screen."""

from dataclasses import asdict
from typing import Any

from flask import current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.checkin import codes, presenter, queries, reviewing, service, station_queries
from ledger.checkin.arrivals import Arrivals, members
from ledger.checkin.commands import ReviewCommand, ScanCommand
from ledger.checkin.queries import AttendanceFilter
from ledger.checkin.schemas import (
    AttendancePage,
    AttendanceQuery,
    AttendanceSchema,
    CameSchema,
    ReviewRequest,
    ScanAnswerSchema,
    ScanRequest,
    StationCodeSchema,
)
from ledger.checkin.station_queries import Screen
from ledger.checkin.stored_scans import ScanAnswer
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.organisations import queries as organisations
from ledger.people.volunteers import queries as people
from ledger.web.addresses import short
from ledger.web.fields import page_of
from ledger.web.guard import get_actor, poll, requires
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX
from ledger.web.qr import single_qr_svg

bp = Blueprint("checkin_api", __name__, url_prefix=PREFIX, description="From a scan to hours")


@bp.post("/checkins")
@requires(Permission.OWN_RECORD, Permission.CHECK_IN_OTHERS)
@bp.arguments(ScanRequest)
@bp.response(201, ScanAnswerSchema, description="The scan changed something; 200 where it only informs.")
@bp.alt_response(200, schema=ScanAnswerSchema, description="Already checked in or out.")
def scan(request: dict[str, Any]) -> ResponseReturnValue:
    """Send one scan; a retry with the same client_scan_id gets the same answer."""
    request.pop("device")
    scanned = _taken(ScanCommand(**request | {"confirmed": tuple(request["confirmed"])}), get_actor())
    answer = in_snapshot(presenter.answer, scanned, get_actor().center_id)
    return answer, 200 if scanned.outcome == "info" else 201


def _taken(command: ScanCommand, actor: Actor) -> ScanAnswer:
    """Take the scan, or raise its refusal with the members of an answer."""
    try:
        scanned = in_transaction(service.scan, command, actor=actor)
        g.replayed = scanned.replayed
        if scanned.refusal is not None:
            raise scanned.refusal
    except (Rejected, Conflict) as refused:
        refused.context |= in_snapshot(presenter.refusal, refused, actor.center_id)
        if "scan_id" in refused.context:
            # A retry gets the same answer, down to the short code for telephone support.
            g.reference = presenter.short_ref(refused.context["scan_id"])
        raise
    return scanned


@bp.get("/attendances")
@requires(Permission.OWN_RECORD, Permission.CHECK_IN_OTHERS, Permission.READ_BOOKS)
@bp.arguments(AttendanceQuery, location="query")
@bp.response(200, AttendancePage)
def list_attendances(query: dict[str, Any]) -> dict[str, Any]:
    """Attendances: a volunteer's own, or for staff those under their places."""
    page = page_of(query)
    return in_snapshot(_list, query, page, get_actor())


def _list(session: Session, wanted: dict[str, Any], page: PageRequest, actor: Actor) -> dict[str, Any]:
    _need_known(session, wanted, actor.center_id)
    paths = actor.paths(Permission.CHECK_IN_OTHERS) + actor.paths(Permission.READ_BOOKS)
    return _page(session, AttendanceFilter(**wanted, paths=tuple(paths), own_id=actor.volunteer_id), page, actor)


def _page(session: Session, chosen: AttendanceFilter, page: PageRequest, actor: Actor) -> dict[str, Any]:
    found = queries.list_attendances(session, actor.center_id, chosen, request=page)
    return {"items": presenter.attendances(session, found.items, actor.center_id), "next": found.next}


@bp.get("/attendances/<id:attendance_id>")
@requires(Permission.OWN_RECORD, Permission.CHECK_IN_OTHERS, Permission.READ_BOOKS)
@bp.response(200, AttendanceSchema)
def get_attendance(attendance_id: int) -> dict[str, Any]:
    """One attendance."""
    return in_snapshot(_get, attendance_id, get_actor())


def _get(session: Session, attendance_id: int, actor: Actor) -> dict[str, Any]:
    view = queries.get_attendance_for(session, attendance_id, actor)
    return presenter.attendances(session, [view], actor.center_id)[0]


@bp.post("/attendances/<id:attendance_id>/annul")
@requires(Permission.OWN_RECORD, Permission.CHECK_IN_OTHERS)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.response(200, AttendanceSchema)
def annul(attendance_id: int) -> dict[str, Any]:
    """Void a check-in made by mistake. Only the person who made it may, within some minutes."""
    in_transaction_once(find_idempotency_key(), service.annul, attendance_id, actor=get_actor())
    return in_snapshot(_get, attendance_id, get_actor())


@bp.get("/reviews")
@requires(Permission.REVIEW)
@bp.arguments(AttendanceQuery, location="query")
@bp.response(200, AttendancePage)
def list_reviews(query: dict[str, Any]) -> dict[str, Any]:
    """Attendances that wait for review."""
    page = page_of(query)
    return in_snapshot(_list_reviews, query | {"status": "PENDING"}, page, get_actor())


def _list_reviews(session: Session, wanted: dict[str, Any], page: PageRequest, actor: Actor) -> dict[str, Any]:
    _need_known(session, wanted, actor.center_id)
    return _page(session, AttendanceFilter(**wanted, paths=tuple(actor.paths(Permission.REVIEW))), page, actor)


def _need_known(session: Session, wanted: dict[str, Any], center_id: int) -> None:
    """Raises NotFound for a volunteer, shift or station that isn't of the center."""
    if wanted["volunteer_id"] is not None:
        people.get_volunteer(session, wanted["volunteer_id"], center_id)
    if wanted["shift_id"] is not None:
        activities.get_shift(session, wanted["shift_id"], center_id)
    if wanted["station_id"] is not None:
        organisations.get_place(session, wanted["station_id"], center_id)


@bp.post("/reviews/<id:attendance_id>/approve")
@requires(Permission.REVIEW)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ReviewRequest)
@bp.response(200, AttendanceSchema)
def approve(request: dict[str, Any], attendance_id: int) -> dict[str, Any]:
    """Confirm a pending attendance, with its real end if the check-out was forgotten."""
    return _decide(ReviewCommand(attendance_id, approve=True, **request))


@bp.post("/reviews/<id:attendance_id>/reject")
@requires(Permission.REVIEW)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ReviewRequest)
@bp.response(200, AttendanceSchema)
def reject(request: dict[str, Any], attendance_id: int) -> dict[str, Any]:
    """Reject a pending attendance; nothing is posted."""
    return _decide(ReviewCommand(attendance_id, approve=False, **request))


def _decide(command: ReviewCommand) -> dict[str, Any]:
    in_transaction_once(find_idempotency_key(), reviewing.review, command, actor=get_actor())
    return in_snapshot(_get, command.attendance_id, get_actor())


@bp.get("/stations/<id:station_id>/code")
@requires(Permission.STATION_SCREEN)
@poll
@bp.response(200, StationCodeSchema)
def station_code(station_id: int) -> dict[str, Any]:
    """The code on the screen now, and the current shift; for the screen or its manager, never for a volunteer."""
    return _on_screen(in_snapshot(station_queries.screen, station_id, get_actor(), clock.now()))


def _on_screen(shown: Screen) -> dict[str, Any]:
    url = short("checkin.enter", code=shown.code.code)
    start = url.removesuffix(shown.code.code)
    return asdict(shown) | {
        "serials": [asdict(each) | {"url": start + each.code} for each in shown.serials],
        "code": shown.code.code,
        "url": url,
        "qr_svg": single_qr_svg(url),
        "step_seconds": codes.STEP_SECONDS,
        "valid_until": shown.code.valid_until,
    }


@bp.get("/stations/<id:station_id>/arrivals")
@requires(Permission.STATION_SCREEN)
@poll
@bp.response(200, CameSchema, description="With an ETag; 304 while nobody else has come.")
def arrivals(station_id: int) -> ResponseReturnValue:
    """How many the code in force has let in, for the screen, which asks every second while people may check in."""
    board: Arrivals = current_app.extensions["arrivals"]
    came = in_snapshot(board.at, station_id, get_actor(), clock.now())
    answer = jsonify(members(came))
    answer.set_etag(came.etag)
    answer.cache_control.private, answer.cache_control.no_cache = True, True
    return answer.make_conditional(request)
