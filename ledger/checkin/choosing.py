"""Decide what a scan means: leave the open visit, enter a shift, or report what has already happened."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.activities.models import Shift, Signup
from ledger.activities.policy import ShiftView
from ledger.checkin import recent, serials, signs
from ledger.checkin.going_on import shifts_served, signups_of
from ledger.checkin.models import Attendance
from ledger.checkin.policy import (
    TODAY,
    Choice,
    Decision,
    EndedVisit,
    OpenVisit,
    answer_after_end,
    choose_shift,
    decide_out,
    wants_out,
)
from ledger.checkin.scans import Scene
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.rules.queries import Rule

_attendance, _signup, _shift = table_of(Attendance), table_of(Signup), table_of(Shift)
_ENDED = Prepared(
    sa.select(
        _attendance.c.id,
        _attendance.c.shift_id,
        _attendance.c.closed_at,
        _attendance.c.status,
        _attendance.c.review_reason,
        _attendance.c.out_scan_id,
    )
    .where(
        _attendance.c.center_id == sa.bindparam("center"),
        _attendance.c.volunteer_id == sa.bindparam("volunteer"),
        _attendance.c.station_id == sa.bindparam("station"),
        _attendance.c.status.in_(("PENDING", "CONFIRMED")),
        _attendance.c.opened_at >= sa.bindparam("opened_since"),
        _attendance.c.closed_at >= sa.bindparam("closed_since"),
    )
    .order_by(_attendance.c.opened_at.desc())
    .limit(1)
)


def decide(session: Session, scene: Scene, visit: OpenVisit | None, rule: Rule) -> Decision:
    """Decide what the scan does to the person's open visit, and which shift it enters.

    Raises Rejected if the scan can mean nothing here, Conflict for a question that the command has not confirmed.
    """
    command = scene.command
    names_another = visit is not None and command.shift_id not in (None, visit.shift.id)
    intent = "in" if command.intent == "auto" and names_another else command.intent
    done = recent.already(session, scene, intent)
    if done is not None:
        return done
    if wants_out(visit, scene.station_id, intent, now=scene.at, body=rule.body):
        return _leave(session, scene, visit, rule)
    if visit is None:
        answer = _answer_after_end(session, scene, rule) if command.intent == "auto" else None
        return answer or _enter(session, scene, rule)
    if visit.shift.station_id == scene.station_id and visit.is_of(command.shift_id):
        return Decision("ALREADY_CHECKED_IN", about=visit.id)
    return _switch(session, scene, visit, rule)


def _enter(session: Session, scene: Scene, rule: Rule) -> Decision:
    let_in = _count(session, scene, rule)
    choice = _choose(session, scene, rule)
    signs.note_let_in(session, scene, choice.shift.id, let_in)
    return Decision("OK_IN", enter=choice)


def _count(session: Session, scene: Scene, rule: Rule) -> int:
    """Count the person among those whom the screen's code lets in; whatever refuses them afterwards undoes it.

    Before any question, so that nobody answers one in vain. Raises what `serials.let_in` raises.
    """
    if scene.shown is None:
        return 0
    return serials.let_in(
        session,
        scene.shown,
        scene.station_id,
        scene.actor.center_id,
        volunteer_id=scene.person.volunteer_id,
        people=rule.body.people_per_code,
        now=scene.now,
    )


def _leave(session: Session, scene: Scene, visit: OpenVisit | None, rule: Rule) -> Decision:
    if visit is None:
        ended = _find_ended(session, scene)
        if ended is None:
            raise Rejected("checkin.not_checked_in")
        return Decision("AUTO_CLOSED" if ended.forgotten else "ALREADY_CHECKED_OUT", about=ended.id)
    if visit.shift.station_id != scene.station_id:
        raise Rejected("checkin.wrong_station", station=visit.shift.station_name)
    return decide_out(visit, scene.at, confirmed=scene.command.confirmed, body=rule.body)


def _answer_after_end(session: Session, scene: Scene, rule: Rule) -> Decision | None:
    """Report the visit that just ended here, unless the person has signed up for another shift open for check-in."""
    ended = _find_ended(session, scene)
    answer = answer_after_end(ended, scene.at, rule.body)
    if ended is None or answer is None:
        return None
    try:
        choice = _choose(session, scene, rule)
    except (Rejected, Conflict):
        return answer
    return None if choice.signed_up and choice.shift.id != ended.shift_id else answer


def _switch(session: Session, scene: Scene, visit: OpenVisit, rule: Rule) -> Decision:
    try:
        choice = _choose(session, scene, rule)
    except Rejected as refusal:
        if scene.command.intent == "in" or visit.shift.station_id == scene.station_id:
            raise
        # No shift here can be entered, so the scan was meant for the place where the person is checked in.
        raise Rejected("checkin.wrong_station", station=visit.shift.station_name) from refusal
    let_in = _count(session, scene, rule)
    if "OPEN_SESSION_ELSEWHERE" not in scene.command.confirmed:
        raise Conflict(
            "checkin.open_session_elsewhere",
            station=visit.shift.station_name,
            activity=visit.shift.activity_name,
            since=visit.opened_at.isoformat(),
        )
    signs.note_let_in(session, scene, choice.shift.id, let_in)
    return Decision("OK_IN", leave=True, enter=choice)


def _choose(session: Session, scene: Scene, rule: Rule) -> Choice:
    if scene.blocked:
        raise Rejected("checkin.person_blocked")
    if scene.closed_at is not None and scene.closed_at <= scene.at:
        raise Rejected("checkin.station_closed")
    shifts = activities.shifts_at_station(
        session, scene.station_id, scene.actor.center_id, at=scene.at, ahead=TODAY, back=TODAY
    )
    wanted = scene.command.shift_id
    candidates = [shift for shift in shifts if wanted in (None, shift.id)]
    if wanted is not None and not candidates:
        _refuse_elsewhere(session, scene, wanted)
    signups = signups_of(session, scene, candidates)
    if wanted is None and "signed_up" not in signups.values():
        _send_to_own_station(session, scene, rule)
    full = {shift.id for shift in candidates if shift.id not in signups and _is_full(session, scene, shift, rule)}
    choice = choose_shift(candidates, signups, full=full, now=scene.at, body=rule.body)
    if not choice.signed_up and "WALK_IN" not in scene.command.confirmed:
        shift = choice.shift
        raise Conflict(
            "checkin.walk_in",
            shift_id=shift.id,
            activity=shift.activity_name,
            starts=shift.starts_at.isoformat(),
            ends=shift.ends_at.isoformat(),
        )
    return choice


def _refuse_elsewhere(session: Session, scene: Scene, shift_id: int) -> None:
    """Refuse a shift named by the scan that is at another station, naming that station."""
    shift = activities.find_shift(session, shift_id, scene.actor.center_id)
    if shift is not None and shift.station_id != scene.station_id:
        raise Rejected("checkin.wrong_station", station=shift.station_name)


def _send_to_own_station(session: Session, scene: Scene, rule: Rule) -> None:
    """Direct a person with a sign-up elsewhere at this hour to that station instead of offering a walk-in here."""
    mine = activities.shifts_of_volunteer(session, scene.person.volunteer_id, scene.actor.center_id, now=scene.at)
    soon = [
        shift
        for shift, signup in mine
        if signup.status == "signed_up"
        and shift.cancelled_at is None
        and shift.activity_status == "approved"
        and shift.station_id != scene.station_id
        and shift.starts_at - rule.body.early <= scene.at
    ]
    served = shifts_served(session, scene, [shift.id for shift in soon])
    missing = next((shift for shift in soon if shift.id not in served), None)
    if missing is not None:
        raise Rejected("checkin.wrong_station", station=missing.station_name)


def _is_full(session: Session, scene: Scene, shift: ShiftView, rule: Rule) -> bool:
    """Whether the shift is full, counting sign-ups and arrivals. Locked, so that the last place is given only once."""
    center_id = scene.actor.center_id
    if shift.capacity is None or not shift.walk_in or not shift.starts_at - rule.body.early <= scene.at < shift.ends_at:
        return False
    session.execute(
        sa.select(_shift.c.id).where(_shift.c.center_id == center_id, _shift.c.id == shift.id).with_for_update()
    )
    came = sa.select(_attendance.c.volunteer_id).where(
        _attendance.c.center_id == center_id, _attendance.c.shift_id == shift.id, _attendance.c.status != "VOID"
    )
    promised = sa.select(_signup.c.volunteer_id).where(
        _signup.c.center_id == center_id, _signup.c.shift_id == shift.id, _signup.c.status == "signed_up"
    )
    taken = set(session.scalars(came.union(promised)))
    return len(taken) >= shift.capacity and scene.person.volunteer_id not in taken


def _find_ended(session: Session, scene: Scene) -> EndedVisit | None:
    """The person's last attendance at this station, if it ended within a few hours."""
    parameters = {
        "center": scene.actor.center_id,
        "volunteer": scene.person.volunteer_id,
        "station": scene.station_id,
        "opened_since": scene.at - TODAY - timedelta(days=1),
        "closed_since": scene.at - TODAY,
    }
    rows = _ENDED.rows(session, parameters)
    if not rows:
        return None
    [(attendance_id, shift_id, closed_at, status, review_reason, out_scan_id)] = rows
    forgotten = status == "PENDING" and review_reason == "AUTO_CLOSED" and out_scan_id is None
    return EndedVisit(attendance_id, shift_id, closed_at, forgotten)
