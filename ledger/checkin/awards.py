"""From the end of a visit to the book: minutes by overlap with the shift, points by the rule, posted in one batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from ledger.checkin import queries
from ledger.checkin.models import Attendance
from ledger.checkin.policy import OpenVisit, Status, minutes_by_day, step
from ledger.checkin.queries import AttendanceView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.clock import local_day
from ledger.kernel.errors import Conflict
from ledger.kernel.state_change import StateChange
from ledger.kernel.types import table_of
from ledger.points.book import service as points
from ledger.points.closing import periods
from ledger.points.corrections import clawback
from ledger.points.policy import MINUTE, POINT, AccountKey, Movement, Source
from ledger.rules import queries as rules
from ledger.rules.expiry_policy import good_until
from ledger.rules.policy import Award, Deed, award
from ledger.rules.queries import Rule

_attendance = table_of(Attendance)
_CHANGE = StateChange(_attendance, *queries.FACTS_COLUMNS)


@dataclass(frozen=True, slots=True)
class Closing:
    """A visit about to end."""

    visit: OpenVisit
    volunteer_id: int
    left_at: datetime
    out_scan_id: int
    actor: Actor
    blocked: bool = False


def close(session: Session, closing: Closing, rule: Rule) -> dict[str, Any]:
    """Close a visit and post its award, or leave it for review: over the day's limit, or blocked meanwhile."""
    visit, left_at = closing.visit, closing.left_at
    shift = visit.shift
    earned = award(Deed(visit.opened_at, left_at, shift.starts_at, shift.ends_at), rule.body)
    to: Status = "CONFIRMED"
    values: dict[str, Any] = {
        "closed_at": left_at,
        "out_scan_id": closing.out_scan_id,
        "minutes": earned.minutes,
        "points": earned.points,
        "rule_id": rule.id,
    }
    doubt = _doubt(session, closing, rule)
    if doubt is not None:
        to = "PENDING"
        values |= {"review_reason": doubt, "points": 0}
    row = change(session, visit, closing.actor.center_id, to=to, values=values)
    facts = queries.facts_of_row(session, row, closing.actor.center_id, shift=shift)
    if to == "CONFIRMED":
        facts |= {"balances": post(session, facts, earned, rule, actor=closing.actor, reason="check-out")}
    return facts


def confirm_reviewed(session: Session, attendance: AttendanceView, ended_at: datetime, *, actor: Actor) -> None:
    """Post a reviewed visit: minutes up to the real end, points only if the rule grants them."""
    rule = rules.get_rule(session, attendance.rule_id or 0, actor.center_id)
    deed = Deed(attendance.opened_at, ended_at, attendance.shift_starts_at, attendance.shift_ends_at)
    earned = without_withheld(award(deed, rule.body), attendance.review_reason, rule)
    values = {"closed_at": ended_at, "minutes": earned.minutes, "points": earned.points}
    row = change(session, attendance, actor.center_id, to="CONFIRMED", values=values)
    facts = queries.facts_of_row(session, row, actor.center_id)
    post(session, facts, earned, rule, actor=actor, reason="review")


def without_withheld(earned: Award, review_reason: str | None, rule: Rule) -> Award:
    """What is earned, without the points if the rule grants none for a forgotten check-out."""
    if review_reason == "AUTO_CLOSED" and not rule.body.points_for_forgotten_check_out:
        return Award(earned.minutes, 0, earned.minutes_present)
    return earned


def post(
    session: Session, facts: dict[str, Any], earned: Award, rule: Rule, *, actor: Actor, reason: str
) -> dict[str, int]:
    """Post minutes and points of an attendance in one batch; nothing if nothing was earned.

    Returns the member's new balance of each unit that moved, in minor units; a debt that was repaid as `debt`, below
    zero.
    """
    member, closed_at = facts["volunteer_id"], datetime.fromisoformat(facts["closed_at"])
    movements = []
    if earned.minutes:
        movements.append(
            Movement(AccountKey(MINUTE, "service"), AccountKey(MINUTE, "member", member), earned.minutes, "hours")
        )
    if earned.points:
        movements.append(
            Movement(
                AccountKey(POINT, "issuance"),
                AccountKey(POINT, "member", member),
                earned.points,
                "award",
                good_until=good_until(rule.body.points_expire, local_day(closed_at, clock.zone())),
            )
        )
    if not movements:
        return {}
    posted = points.post(
        session,
        clawback.pay_debt_first(session, movements, actor=actor),
        source=Source("attendance", str(facts["id"]), f"award:{facts['revision']}"),
        actor=actor,
        reason=reason,
        # If the month was closed meanwhile, post into the open one; the evidence keeps the real time.
        effective_at=periods.open_moment(session, closed_at, actor.center_id),
        evidence={**facts, "rule_number": rule.number, "minutes_present": earned.minutes_present},
    )
    return {"debt" if key.kind == "debt" else key.unit: after.balance for key, after in posted.balances.items()}


def change(
    session: Session,
    attendance: OpenVisit | AttendanceView,
    center_id: int,
    *,
    to: Status,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Sequence[Any]:
    """Change an attendance that is still in the state it was read in; its row for `queries.facts_of_row`.

    Raises Conflict("checkin.wrong_state") if the transition is not allowed or somebody else made one first.
    """
    wanted = step(attendance.status, to)
    changed = {"status": wanted, **values}
    rows = _CHANGE.rows(session, attendance.id, center_id, status=attendance.status, values=changed)
    if not rows:
        raise Conflict("checkin.wrong_state", status=attendance.status)
    return rows[0]


def revise(session: Session, attendance: AttendanceView, center_id: int, values: Mapping[str, Any]) -> Sequence[Any]:
    """Write the next revision of a confirmed attendance; its row for `queries.facts_of_row`.

    Raises Conflict("checkin.wrong_state").
    """
    rows = _CHANGE.rows(session, attendance.id, center_id, status="CONFIRMED", values=values)
    if not rows:
        raise Conflict("checkin.wrong_state", status=attendance.status)
    return rows[0]


def keep_late_scan(session: Session, attendance_id: int, scan_id: int, center_id: int) -> None:
    """Attach a late check-out scan to the attendance that waits for its real end.

    Raises Conflict("checkin.wrong_state") if it has been decided meanwhile.
    """
    late = {"out_scan_id": scan_id}
    if not _CHANGE.rows(session, attendance_id, center_id, status="PENDING", values=late):
        raise Conflict("checkin.wrong_state", status="PENDING")


def _doubt(session: Session, closing: Closing, rule: Rule) -> str | None:
    """Why the visit waits for review."""
    if closing.blocked:
        return "PERSON_BLOCKED"
    return "DAILY_LIMIT_REVIEW" if _is_over_the_day(session, closing, rule) else None


def _is_over_the_day(session: Session, closing: Closing, rule: Rule) -> bool:
    """Whether the visit takes one of its (at most two) local days over the limit that needs no review."""
    shift = closing.visit.shift
    start, end = max(closing.visit.opened_at, shift.starts_at), min(closing.left_at, shift.ends_at)
    added = minutes_by_day(start, end, clock.zone())
    earlier = queries.confirmed_spans(session, closing.volunteer_id, closing.actor.center_id, start=start, end=end)
    for span in earlier:
        for day, minutes in minutes_by_day(*span, clock.zone()).items():
            if day in added:
                added[day] += minutes
    return any(minutes > rule.body.automatic_minutes_per_day for minutes in added.values())
