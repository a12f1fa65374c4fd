"""Decisions on doubtful attendances, always by somebody who neither recorded them nor gains from them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import awards, queries
from ledger.checkin.commands import ReviewCommand
from ledger.checkin.models import ReviewDecision
from ledger.checkin.policy import step
from ledger.checkin.queries import AttendanceView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.people.households.together import one_household

_decision = table_of(ReviewDecision)


def review(session: Session, command: ReviewCommand, *, actor: Actor) -> dict[str, Any]:
    """Decide on a pending attendance.

    Raises NotFound("checkin.attendance_not_found"), Forbidden("access.denied" | "checkin.four_eyes_required" |
    "checkin.same_household"), Rejected("checkin.end_needed" | "checkin.end_out_of_range" | "checkin.overlap" |
    "checkin.note_needed"), Conflict("checkin.wrong_state").
    """
    attendance = queries.get_attendance(session, command.attendance_id, actor.center_id, lock=True)
    actor.need(Permission.REVIEW, attendance.station_path)
    code = why_not(session, attendance, actor, lock=True)
    if code is not None:
        raise Forbidden(code)
    step(attendance.status, "CONFIRMED" if command.approve else "REJECTED")
    ended_at = None
    if command.approve:
        ended_at = _approve(session, attendance, command.ended_at, actor)
    else:
        _reject(session, attendance, command.note, actor)
    _store_decision(session, command, attendance, ended_at=ended_at, actor=actor)
    return queries.attendance_facts(session, attendance.id, actor.center_id)


def why_not(session: Session, attendance: AttendanceView, actor: Actor, *, lock: bool = False) -> str | None:
    """The code of why the actor may not decide, None if they may; `lock` keeps that true until the unit of work ends.

    The volunteer may not, nor the people who made its scans, nor anybody in their households.
    """
    scanned_by = {scan.scanned_by for scan in queries.scans_of(session, attendance, actor.center_id)}
    involved = scanned_by | {attendance.identity_id, attendance.opened_by}
    if actor.identity_id in involved:
        return "checkin.four_eyes_required"
    near = one_household(session, actor.identity_id, actor.center_id, identities=involved, lock=lock)
    return "checkin.same_household" if near else None


def _approve(session: Session, attendance: AttendanceView, wanted: datetime | None, actor: Actor) -> datetime:
    """Post the attendance up to its real end; returns that end."""
    ended_at = wanted or (attendance.closed_at if attendance.review_reason != "AUTO_CLOSED" else None)
    if ended_at is None:
        raise Rejected("checkin.end_needed")
    if not attendance.opened_at <= ended_at <= clock.now():
        raise Rejected("checkin.end_out_of_range")
    if queries.find_overlapping(session, attendance, ended_at, actor.center_id) is not None:
        raise Rejected("checkin.overlap")
    awards.confirm_reviewed(session, attendance, ended_at, actor=actor)
    return ended_at


def _reject(session: Session, attendance: AttendanceView, note: str, actor: Actor) -> None:
    if not note.strip():
        raise Rejected("checkin.note_needed")
    awards.change(session, attendance, actor.center_id, to="REJECTED")


def _store_decision(
    session: Session, command: ReviewCommand, attendance: AttendanceView, *, ended_at: datetime | None, actor: Actor
) -> None:
    row = {
        "center_id": actor.center_id,
        "id": new_id(),
        "attendance_id": attendance.id,
        "revision": attendance.revision,
        "decision": "approve" if command.approve else "reject",
        "ended_at": ended_at,
        "decided_by": actor.identity_id,
        "decided_at": clock.now(),
        "note": command.note,
    }
    session.connection().execute(sa.insert(_decision), row)
