"""Corrects confirmed hours: takes them back whole, or sets the real end. One person proposes, another decides.

Hours are reversed and posted anew, as the attendance's next revision. Of the points only the difference moves: too many
are taken back as a claw-back does, too few are awarded. So what was spent or has expired meanwhile stays as it is.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ledger.approvals.desk import Subject, Values
from ledger.approvals.queries import ProposalView
from ledger.checkin import awards, queries
from ledger.checkin.queries import AttendanceView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.ids import public_id
from ledger.points.book import entries, service
from ledger.points.book.entries import TransferView
from ledger.points.corrections import clawback
from ledger.points.corrections.standing import find_standing
from ledger.points.policy import MINUTE, POINT, AccountKey, Movement, Source
from ledger.rules import queries as rules
from ledger.rules.policy import Award, Deed, award

NAME = "checkin.hours"
CORRECTED, TAKEN_BACK = "hours_corrected", "hours_taken_back"


def check(session: Session, values: Values, actor: Actor) -> Subject:
    """Check a proposal to correct an attendance. Returns its subject. Raises what `execute` raises."""
    attendance = queries.get_attendance(session, values["attendance_id"], actor.center_id)
    foresee(session, attendance, values["ended_at"], actor.center_id)
    return Subject(str(attendance.id), member_id=attendance.volunteer_id)


def foresee(session: Session, attendance: AttendanceView, ended_at: datetime | None, center_id: int) -> Award:
    """What the attendance would earn with this end; nothing without one. Nothing moves.

    Raises Conflict("checkin.wrong_state" | "checkin.points_taken_back"), Rejected("checkin.end_out_of_range" |
    "checkin.overlap" | "checkin.nothing_to_correct").
    """
    if attendance.status != "CONFIRMED":
        raise Conflict("checkin.wrong_state", status=attendance.status)
    if ended_at is None:
        return Award(0, 0, 0)
    if not attendance.opened_at <= ended_at <= clock.now():
        raise Rejected("checkin.end_out_of_range")
    if queries.find_overlapping(session, attendance, ended_at, center_id) is not None:
        raise Rejected("checkin.overlap")
    _refuse_half_taken_back(session, attendance, center_id)
    rule = rules.get_rule(session, attendance.rule_id or 0, center_id)
    deed = Deed(attendance.opened_at, ended_at, attendance.shift_starts_at, attendance.shift_ends_at)
    earned = awards.without_withheld(award(deed, rule.body), attendance.review_reason, rule)
    if (earned.minutes, earned.points) == (attendance.minutes, attendance.points):
        raise Rejected("checkin.nothing_to_correct")
    return earned


def _refuse_half_taken_back(session: Session, attendance: AttendanceView, center_id: int) -> None:
    """Points that were taken back as a wrong award are not given again by way of the hours."""
    standing = find_standing(session, "attendance", attendance.id, center_id)
    if standing is not None and standing.points != attendance.points:
        raise Conflict("checkin.points_taken_back")


def execute(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    """Correct the attendance as proposed. Returns it as the result.

    Raises NotFound("checkin.attendance_not_found") and what `foresee` raises.
    """
    attendance = queries.get_attendance(session, values["attendance_id"], actor.center_id, lock=True)
    ended_at = values["ended_at"]
    earned = foresee(session, attendance, ended_at, actor.center_id)
    evidence: dict[str, object] = {
        "proposal": proposal.id,
        "payload": proposal.payload,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
        "decided_by": actor.identity_id,
    }
    reason = TAKEN_BACK if ended_at is None else CORRECTED
    _take_back(session, attendance, earned.points, actor=actor, reason=reason, evidence=evidence)
    changed = {"minutes": earned.minutes, "points": earned.points, "revision": attendance.revision + 1}
    if ended_at is None:
        awards.change(session, attendance, actor.center_id, to="VOID", values=changed)
    else:
        again = {"closed_at": ended_at, "review_reason": attendance.review_reason or "CORRECTED"}
        _post_again(session, attendance, changed | again, earned, actor=actor)
    return f"attendance:{public_id(attendance.id)}"


def _post_again(
    session: Session, attendance: AttendanceView, changed: dict[str, Any], earned: Award, *, actor: Actor
) -> None:
    rule = rules.get_rule(session, attendance.rule_id or 0, actor.center_id)
    row = awards.revise(session, attendance, actor.center_id, changed)
    facts = queries.facts_of_row(session, row, actor.center_id)
    added = replace(earned, points=max(0, earned.points - attendance.points))
    awards.post(session, facts, added, rule, actor=actor, reason=CORRECTED)


def _take_back(
    session: Session,
    attendance: AttendanceView,
    still_earned: int,
    *,
    actor: Actor,
    reason: str,
    evidence: dict[str, object],
) -> None:
    """Take back the revision's hours, and the points beyond those still earned, less what was taken already."""
    batches = entries.batches_of(session, "attendance", str(attendance.id), actor.center_id)
    hours = [
        _reversal(session, each, actor.center_id)
        for batch in batches
        if batch.step == f"award:{attendance.revision}"
        for each in batch.transfers
        if each.unit == MINUTE
    ]
    posted = [each for batch in batches for each in batch.transfers if each.unit == POINT]
    too_many = max(0, attendance.points - still_earned)
    movements = hours + _points_back(session, posted, too_many, actor.center_id)
    if movements:
        source = Source("attendance", str(attendance.id), f"reverse:{attendance.revision}")
        service.post(session, movements, source=source, actor=actor, reason=reason, evidence=evidence)


def _reversal(session: Session, transfer: TransferView, center_id: int) -> Movement:
    keys = entries.account_keys(session, [transfer.debit_account_id, transfer.credit_account_id], center_id)
    giver, taker = keys[transfer.debit_account_id], keys[transfer.credit_account_id]
    return Movement(taker, giver, transfer.amount, transfer.code, reverses_id=transfer.id)


def _points_back(session: Session, posted: list[TransferView], amount: int, center_id: int) -> list[Movement]:
    """Take back from the attendance's awards, the newest first; what paid a debt is owed again last.

    A payment itself is never reversed, so what is owed again names none.
    """
    awards = [each.id for each in reversed(posted) if each.code == "award"]
    movements = clawback.back(session, awards, amount, center_id=center_id)
    payments = [each for each in posted if each.code == "debt_paid"]
    owed_again = sum(each.amount for each in posted if each.code == "clawback" and each.refund_of is None)
    paid = sum(each.amount for each in payments) - owed_again
    if part := min(paid, amount - sum(move.amount for move in movements)):
        debt_id = payments[0].credit_account_id
        debt = entries.account_keys(session, [debt_id], center_id)[debt_id]
        movements.append(Movement(debt, AccountKey(POINT, "clawback"), part, "clawback"))
    return movements
