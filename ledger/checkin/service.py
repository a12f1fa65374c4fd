"""Writes of check-in: a scan becomes a scan event, an attendance, and finally minutes and points.

The order of a scan is fixed (idempotency, who scans, code, person, standing, shifts, window, open session, decision). A
refused scan is stored with its reason after its work was rolled back, in the same transaction.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities.policy import ShiftView
from ledger.checkin import awards, choosing, going_on, queries, scans, signs, stored_scans
from ledger.checkin.commands import ScanCommand
from ledger.checkin.models import Attendance
from ledger.checkin.policy import TICKET_LIFE, Decision, OpenVisit, boundary, is_forgotten
from ledger.checkin.scans import Scene
from ledger.checkin.stored_scans import ScanAnswer
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Forbidden, Keep, Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.people.lookups import LOOKUPS, found, looking_up
from ledger.rules import queries as rules
from ledger.rules.queries import Rule

_OPEN = Prepared(sa.insert(table_of(Attendance)))


def scan(session: Session, command: ScanCommand, *, actor: Actor) -> ScanAnswer:
    """Check somebody in or out; the same scan sent again gets the same answer and changes nothing.

    Raises Rejected, and Conflict for questions, with the codes of `errors.py`. These are stored as scan events; their
    context has `scan_id` and, if known, `volunteer_id`. Raises Rejected("idempotency.mismatch") and, for typed numbers,
    TooMany("request.too_many"), which are not stored.
    """
    request_hash = scans.hash_command(command)
    earlier = stored_scans.find_answer(session, actor, command.client_scan_id, request_hash)
    if earlier is not None:
        return earlier
    now = clock.now()
    scene = Scene(command=command, actor=actor, request_hash=request_hash, scan_id=new_id(), now=now, at=now)
    if not scans.is_typed(command):
        return _scan_or_keep(session, scene)
    with looking_up(session, actor):
        answer = _scan_or_keep(session, scene)
    since = scene.now - timedelta(seconds=LOOKUPS.window_seconds)
    if answer.reason == "OK_IN" and stored_scans.answers_question(session, scene, answer, since=since):
        found(session, actor)
    return answer


def _scan_or_keep(session: Session, scene: Scene) -> ScanAnswer:
    """Take the scan; a refusal keeps it as evidence."""
    scene = scans.identify(session, scene)
    try:
        return _scan(session, scene)
    except (Rejected, Conflict) as refusal:
        refusal.context["scan_id"] = scene.scan_id
        if scene.person.volunteer_id:
            refusal.context["volunteer_id"] = scene.person.volunteer_id
        refusal.keep = _with_signs(scene, refusal, stored_scans.keeper(scene, refusal))
        raise


def _with_signs(scene: Scene, refusal: Rejected | Conflict, keep: Keep | None) -> Keep | None:
    """The same, with the signal that a full code was opened long after the screen had left it."""
    if keep is None or refusal.code != "checkin.code_full":
        return keep
    stored, left_at = keep, datetime.fromisoformat(refusal.context["left_at"])

    def both(session: Session) -> None:
        stored(session)
        signs.note_late(session, scene, left_at)

    return both


def _scan(session: Session, scene: Scene) -> ScanAnswer:
    if scene.refusal is not None:
        raise scene.refusal
    rule = rules.rule_in_force(session, scene.actor.center_id, scene.at)
    visit = _open_visit(session, rule, scene)
    if scene.blocked and visit is None:
        raise Rejected("checkin.person_blocked")
    decision = choosing.decide(session, scene, visit, rule)
    if decision.enter is not None:
        attendance = _enter(session, scene, decision.enter.shift, visit, rule)
    elif visit is not None and decision.leave:
        attendance = _check_out(session, scene, visit, scene.at, rule)
    else:
        attendance = _attendance_to_report(session, scene, decision)
    return stored_scans.store_answer(session, scene, decision.reason, attendance)


def _open_visit(session: Session, rule: Rule, scene: Scene) -> OpenVisit | None:
    """The person's open visit, locked, and how it went on; one past its shift's end and grace is closed first."""
    visit = queries.find_open_visit(session, scene.person.volunteer_id, scene.actor.center_id, lock=True)
    if visit is None:
        return None
    visit = going_on.with_shifts_gone_on(session, scene, visit, rule.body)
    if is_forgotten(visit, scene.at, rule.body):
        _close_forgotten(session, visit, rule, scene.actor.center_id)
        return None
    return visit


def _enter(session: Session, scene: Scene, shift: ShiftView, visit: OpenVisit | None, rule: Rule) -> dict[str, Any]:
    """Check in; a visit open elsewhere ends when this one begins."""
    if visit is None:
        return _check_in(session, scene, shift, scene.at)
    at = boundary(visit.last, shift, scene.at)
    _check_out(session, scene, visit, at, rule)
    return _check_in(session, scene, shift, at)


def _attendance_to_report(session: Session, scene: Scene, decision: Decision) -> dict[str, Any]:
    """The attendance that the answer describes; a late check-out is attached to it as evidence."""
    attendance_id = decision.about or 0
    if decision.reason == "AUTO_CLOSED":
        _keep_first_late_scan(session, scene, attendance_id)
    return queries.attendance_facts(session, attendance_id, scene.actor.center_id)


def _keep_first_late_scan(session: Session, scene: Scene, attendance_id: int) -> None:
    facts = queries.attendance_facts(session, attendance_id, scene.actor.center_id)
    if facts["out_scan_id"] is None:
        awards.keep_late_scan(session, attendance_id, scene.scan_id, scene.actor.center_id)


def _check_in(session: Session, scene: Scene, shift: ShiftView, at: datetime) -> dict[str, Any]:
    person = scene.person
    row = {
        "center_id": scene.actor.center_id,
        "id": new_id(),
        "volunteer_id": person.volunteer_id,
        "shift_id": shift.id,
        "station_id": shift.station_id,
        "visit": queries.visits(session, shift.id, person.volunteer_id, scene.actor.center_id) + 1,
        "status": "OPEN",
        "opened_at": at,
        "in_scan_id": scene.scan_id,
        "opened_by": scene.actor.identity_id,
        "minutes": 0,
        "points": 0,
        "revision": 1,
    }
    _OPEN.run(session, [row])
    return queries.facts_of(row, shift)


def _check_out(session: Session, scene: Scene, visit: OpenVisit, at: datetime, rule: Rule) -> dict[str, Any]:
    """Check out of the last shift that the person went on into; those before it end where the next one takes over."""
    for shift in visit.then:
        over_at = boundary(visit.shift, shift, at)
        _close(session, scene, visit, over_at, rule)
        visit = OpenVisit(_check_in(session, scene, shift, over_at)["id"], shift, over_at)
    return _close(session, scene, visit, at, rule)


def _close(session: Session, scene: Scene, visit: OpenVisit, at: datetime, rule: Rule) -> dict[str, Any]:
    closing = awards.Closing(
        visit=visit,
        volunteer_id=scene.person.volunteer_id,
        left_at=max(at, visit.opened_at),
        out_scan_id=scene.scan_id,
        actor=scene.actor,
        blocked=scene.blocked,
    )
    if visit.opened_at < rule.effective_from:
        rule = rules.rule_in_force(session, scene.actor.center_id, visit.opened_at)
    return awards.close(session, closing, rule)


def close_forgotten(session: Session, center_id: int, *, limit: int = 200) -> int:
    """Close visits past their shift's end and grace: nothing is posted until a reviewer sets the end.

    Visits wait until no scan made in time can arrive any more.
    """
    now = clock.now()
    rule = rules.find_rule_in_force(session, center_id, now)
    if rule is None:  # without a rule yet, a center has let nobody in
        return 0
    visits = going_on.forgotten_visits(session, center_id, now - TICKET_LIFE, grace=rule.body.late, limit=limit)
    for visit in visits:
        _close_forgotten(session, visit, rule, center_id)
    return len(visits)


def _close_forgotten(session: Session, visit: OpenVisit, rule: Rule, center_id: int) -> None:
    changed = {
        "closed_at": visit.shift.ends_at + rule.body.late,
        "review_reason": "AUTO_CLOSED",
        "rule_id": rules.rule_in_force(session, center_id, visit.opened_at).id,
    }
    awards.change(session, visit, center_id, to="PENDING", values=changed)


def annul(session: Session, attendance_id: int, *, actor: Actor) -> dict[str, Any]:
    """Void an open attendance. Only the person who opened it may, within the minutes that the rule allows.

    Raises NotFound("checkin.attendance_not_found"), Forbidden("access.denied"),
    Rejected("checkin.annul_window_closed"), Conflict("checkin.wrong_state").
    """
    queries.get_attendance_for(session, attendance_id, actor)
    attendance = queries.get_attendance(session, attendance_id, actor.center_id, lock=True)
    if attendance.opened_by != actor.identity_id:
        raise Forbidden("access.denied")
    if attendance.status != "OPEN":
        raise Conflict("checkin.wrong_state", status=attendance.status)
    rule = rules.rule_in_force(session, actor.center_id, clock.now())
    if clock.now() - attendance.opened_at > timedelta(minutes=rule.body.annul_minutes):
        raise Rejected("checkin.annul_window_closed", minutes=rule.body.annul_minutes)
    awards.change(session, attendance, actor.center_id, to="VOID")
    return queries.attendance_facts(session, attendance_id, actor.center_id)
