"""Writes of check-in: a scan becomes a scan event, an attendance, and in the end minutes and points.

The order of a scan is fixed (idempotency, who scans, code, person, standing, shifts, window, open session, decision)
and a refused scan is kept with its reason, after the work was rolled back and in the same transaction.
"""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.checkin import awards, queries, scans
from ledger.checkin.commands import ReviewCommand, ScanCommand
from ledger.checkin.models import Attendance
from ledger.checkin.policy import Choice, Decision, OpenVisit, choose_shift, decide_out, step, wants_out
from ledger.checkin.scans import ScanAnswer, Scene
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Forbidden, Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.rules import queries as rules
from ledger.rules.queries import Rule

_attendance = table_of(Attendance)


def scan(session: Session, command: ScanCommand, *, actor: Actor) -> ScanAnswer:
    """Check somebody in or out; the same scan sent again is answered the same and does nothing.

    Raises Rejected for every E and Conflict for every C of `errors.py` (kept as a scan event), Forbidden
    ("checkin.proxy_not_allowed"), Rejected("idempotency.mismatch").
    """
    request_hash = scans.hash_command(command)
    earlier = scans.find_answer(session, actor, command.client_scan_id, request_hash)
    if earlier is not None:
        return earlier
    scene = Scene(command=command, actor=actor, request_hash=request_hash, scan_id=new_id(), now=clock.now())
    try:
        return _scan(session, scene)
    except (Rejected, Conflict) as refusal:
        refusal.keep = scans.keeper(scene, refusal)
        raise


def _scan(session: Session, scene: Scene) -> ScanAnswer:
    scans.identify(session, scene)
    rule = rules.rule_in_force(session, scene.actor.center_id, scene.now)
    visit = _open_visit(session, rule, scene)
    decision = _decide(session, scene, visit, rule)
    attendance: dict[str, Any] = {}
    if decision.leave and visit is not None:
        attendance = _check_out(session, scene, visit, rule)
    if decision.enter is not None:
        attendance = _check_in(session, scene, decision.enter)
    if not attendance:
        attendance = queries.attendance_facts(session, _already(session, scene, visit), scene.actor.center_id)
    return scans.store_answer(session, scene, decision.reason, attendance)


def _decide(session: Session, scene: Scene, visit: OpenVisit | None, rule: Rule) -> Decision:
    command, now = scene.command, scene.now
    if wants_out(visit, scene.station_id, command.intent, now=now, body=rule.body):
        if visit is None:
            if scans.find_recent_visit(session, scene) is not None:
                return Decision("ALREADY_CHECKED_OUT")
            raise Rejected("checkin.not_checked_in")
        if visit.shift.station_id != scene.station_id:
            raise Rejected("checkin.wrong_station", station=visit.shift.station_name)
        return decide_out(visit, now, confirmed=command.confirmed, body=rule.body)
    if visit is not None and _is_what_is_meant(visit, scene):
        return Decision("ALREADY_CHECKED_IN")
    choice = _choose(session, scene, rule)
    if visit is not None and "OPEN_SESSION_ELSEWHERE" not in command.confirmed:
        raise Conflict("checkin.open_session_elsewhere", since=visit.opened_at.isoformat())
    return Decision("OK_IN", leave=visit is not None, enter=choice)


def _is_what_is_meant(visit: OpenVisit, scene: Scene) -> bool:
    return visit.shift.station_id == scene.station_id and scene.command.shift_id in (None, visit.shift.id)


def _choose(session: Session, scene: Scene, rule: Rule) -> Choice:
    shifts = activities.shifts_at_station(
        session,
        scene.station_id,
        scene.actor.center_id,
        around=scene.now,
        before=scans.LOOK_BACK,
        after=scans.LOOK_AHEAD,
    )
    wanted = scene.command.shift_id
    candidates = [shift for shift in shifts if wanted in (None, shift.id)]
    signups = scans.signups_of(session, scene, candidates)
    if not any(status == "signed_up" for status in signups.values()):
        _send_to_own_station(session, scene, rule)
    choice = choose_shift(candidates, signups, now=scene.now, body=rule.body)
    if not choice.signed_up:
        scans.refuse_full(session, scene, choice.shift)
        if "WALK_IN" not in scene.command.confirmed:
            raise Conflict("checkin.walk_in", shift_id=choice.shift.id)
    return choice


def _send_to_own_station(session: Session, scene: Scene, rule: Rule) -> None:
    """Somebody who has signed up elsewhere for this hour is sent there, not offered a walk-in here."""
    mine = scans.find_signed_up_shift(session, scene, rule)
    if mine is not None and mine.station_id != scene.station_id and scene.command.shift_id is None:
        raise Rejected("checkin.wrong_station", station=mine.station_name)


def _open_visit(session: Session, rule: Rule, scene: Scene) -> OpenVisit | None:
    """What is open for the person, locked; a session past its shift's end and grace is closed on touch."""
    visit = queries.find_open_visit(session, scene.person.volunteer_id, scene.actor.center_id, lock=True)
    if visit is not None and scene.now > visit.shift.ends_at + rule.body.late:
        _close_forgotten(session, visit, rule, scene.actor.center_id)
        return None
    return visit


def _check_in(session: Session, scene: Scene, choice: Choice) -> dict[str, Any]:
    shift, person = choice.shift, scene.person
    row = {
        "center_id": scene.actor.center_id,
        "id": new_id(),
        "volunteer_id": person.volunteer_id,
        "shift_id": shift.id,
        "station_id": shift.station_id,
        "visit": queries.visits(session, shift.id, person.volunteer_id, scene.actor.center_id) + 1,
        "status": "OPEN",
        "opened_at": scene.now,
        "in_scan_id": scene.scan_id,
        "opened_by": scene.actor.identity_id,
        "minutes": 0,
        "points": 0,
        "revision": 1,
    }
    session.connection().execute(sa.insert(_attendance), row)
    return queries.facts_of(row, shift)


def _check_out(session: Session, scene: Scene, visit: OpenVisit, rule: Rule) -> dict[str, Any]:
    closing = awards.Closing(
        visit=visit,
        volunteer_id=scene.person.volunteer_id,
        left_at=scene.now,
        out_scan_id=scene.scan_id,
        actor=scene.actor,
    )
    return awards.close(session, closing, rules.rule_in_force(session, scene.actor.center_id, visit.opened_at))


def _already(session: Session, scene: Scene, visit: OpenVisit | None) -> int:
    recent = visit.id if visit is not None else scans.find_recent_visit(session, scene)
    if recent is None:
        raise Rejected("checkin.not_checked_in")
    return recent


def close_forgotten(session: Session, center_id: int, *, limit: int = 200) -> int:
    """Close sessions past their shift's end and grace: nothing is posted, somebody who knows sets the time."""
    now = clock.now()
    rule = rules.rule_in_force(session, center_id, now)
    visits = queries.forgotten_visits(session, center_id, now - rule.body.late, limit=limit)
    for visit in visits:
        _close_forgotten(session, visit, rule, center_id)
    return len(visits)


def _close_forgotten(session: Session, visit: OpenVisit, rule: Rule, center_id: int) -> None:
    changed = {
        "status": step("OPEN", "PENDING"),
        "closed_at": visit.shift.ends_at + rule.body.late,
        "review_reason": "AUTO_CLOSED",
        "rule_id": rule.id,
    }
    awards.change(session, visit.id, center_id, expected="OPEN", values=changed)


def annul(session: Session, attendance_id: int, *, actor: Actor) -> dict[str, Any]:
    """Void an open attendance: by who opened it, within the minutes the rule allows.

    Raises NotFound("checkin.attendance_not_found"), Forbidden("checkin.four_eyes_required"),
    Rejected("checkin.annul_window_closed"), Conflict("checkin.wrong_state").
    """
    attendance = queries.get_attendance(session, attendance_id, actor.center_id, lock=True)
    if attendance.opened_by != actor.identity_id:
        raise Forbidden("access.denied")
    rule = rules.rule_in_force(session, actor.center_id, clock.now())
    wanted = step(attendance.status, "VOID")
    if (clock.now() - attendance.opened_at).total_seconds() > rule.body.annul_minutes * 60:
        raise Rejected("checkin.annul_window_closed", minutes=rule.body.annul_minutes)
    awards.change(session, attendance_id, actor.center_id, expected="OPEN", values={"status": wanted})
    return queries.attendance_facts(session, attendance_id, actor.center_id)


def review(session: Session, command: ReviewCommand, *, actor: Actor) -> dict[str, Any]:
    """Decide on a pending attendance; the decider is neither who it is for nor who entered it.

    Raises NotFound("checkin.attendance_not_found"), Forbidden("access.denied" | "checkin.four_eyes_required"),
    Rejected("checkin.end_out_of_range"), Conflict("checkin.wrong_state").
    """
    attendance = queries.get_attendance(session, command.attendance_id, actor.center_id, lock=True)
    actor.need(Permission.REVIEW, attendance.station_path)
    if actor.identity_id in (attendance.identity_id, attendance.opened_by):
        raise Forbidden("checkin.four_eyes_required")
    if not command.approve:
        values = {"status": step(attendance.status, "REJECTED")}
        awards.change(session, attendance.id, actor.center_id, expected="PENDING", values=values)
    else:
        step(attendance.status, "CONFIRMED")
        ended_at = command.ended_at or attendance.closed_at
        if ended_at is None or not attendance.opened_at <= ended_at <= clock.now():
            raise Rejected("checkin.end_out_of_range")
        command = replace(command, ended_at=ended_at)
        awards.confirm_reviewed(session, attendance, ended_at, actor=actor)
    scans.store_decision(session, command, attendance, actor=actor)
    return queries.attendance_facts(session, attendance.id, actor.center_id)
