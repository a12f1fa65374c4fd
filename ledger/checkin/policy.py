"""Pure decisions of check-in: the states of an attendance, and what a scan means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ledger.activities.queries import ShiftView
from ledger.kernel.errors import Conflict, Rejected
from ledger.rules.policy import RuleBody, whole_minutes

Status = Literal["OPEN", "CLOSED", "PENDING", "CONFIRMED", "REJECTED", "VOID"]
Intent = Literal["in", "out", "auto"]
Method = Literal["screen", "paper", "card", "number"]

TRANSITIONS: dict[str, frozenset[str]] = {
    "OPEN": frozenset({"CLOSED", "PENDING", "VOID"}),
    "CLOSED": frozenset({"CONFIRMED", "PENDING"}),
    "PENDING": frozenset({"CONFIRMED", "REJECTED"}),
    "CONFIRMED": frozenset({"VOID"}),
    "REJECTED": frozenset(),
    "VOID": frozenset(),
}


def step(now: str, wanted: Status) -> Status:
    """The wanted state, if it can be reached. Raises Conflict("checkin.wrong_state")."""
    if wanted not in TRANSITIONS[now]:
        raise Conflict("checkin.wrong_state", status=now)
    return wanted


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """The attendance that is open for a person."""

    id: int
    shift: ShiftView
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """A shift that a person may be checked in to, and whether they had signed up for it."""

    shift: ShiftView
    signed_up: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What a scan does: check in to `enter`, check out of the open visit, both (a switch), or neither."""

    reason: Literal["OK_IN", "OK_OUT", "ALREADY_CHECKED_IN", "ALREADY_CHECKED_OUT"]
    leave: bool = False
    enter: Choice | None = None


def decide_out(open_visit: OpenVisit, now: datetime, *, confirmed: Sequence[str], body: RuleBody) -> Decision:
    """A scan out of what is open here. Raises Conflict("checkin.dwell_too_short") until confirmed."""
    stayed = now - open_visit.opened_at
    shortest = timedelta(minutes=body.shortest_stay_minutes)
    if stayed < shortest and "DWELL_TOO_SHORT" not in confirmed:
        raise Conflict(
            "checkin.dwell_too_short",
            minutes=whole_minutes(stayed),
            needed=body.shortest_stay_minutes,
            since=open_visit.opened_at.isoformat(),
        )
    return Decision("OK_OUT", leave=True)


def wants_out(open_visit: OpenVisit | None, station_id: int, intent: Intent, *, now: datetime, body: RuleBody) -> bool:
    """Whether the scan means leaving: said so, or `auto` and open here long enough that it is no double scan."""
    if intent == "out":
        return True
    if intent == "in" or open_visit is None or open_visit.shift.station_id != station_id:
        return False
    return now - open_visit.opened_at >= timedelta(minutes=body.shortest_stay_minutes)


def choose_shift(shifts: Sequence[ShiftView], signups: dict[int, str], *, now: datetime, body: RuleBody) -> Choice:
    """The shift to check in to: one that was signed up for, else one that takes walk-ins, the earlier to end first.

    Raises Rejected with the most telling reason why there is none: sign-up, activity, window, or no shift at all.
    """
    if not shifts:
        raise Rejected("checkin.station_closed")
    usable = [shift for shift in shifts if _refusal(shift, signups.get(shift.id), now, body) is None]
    usable.sort(key=lambda shift: (signups.get(shift.id) != "signed_up", shift.ends_at, shift.id))
    if usable:
        return Choice(usable[0], signups.get(usable[0].id) == "signed_up")
    mine = [shift for shift in shifts if shift.id in signups]
    telling = min(mine or shifts, key=lambda shift: _distance(shift, now))
    code, context = _refusal(telling, signups.get(telling.id), now, body) or ("station_closed", {})
    raise Rejected(f"checkin.{code}", **context)


def _distance(shift: ShiftView, now: datetime) -> timedelta:
    return max(shift.starts_at - now, now - shift.ends_at, timedelta(0))


def _refusal(shift: ShiftView, signup: str | None, now: datetime, body: RuleBody) -> tuple[str, dict[str, Any]] | None:
    """Why this shift can't be checked in to now; None when it can."""
    if shift.cancelled_at is not None or shift.activity_status == "cancelled":
        return "activity_cancelled", {}
    if shift.activity_status != "approved":
        return "activity_not_approved", {}
    if now < shift.starts_at - body.early:
        return "too_early", {"opens": (shift.starts_at - body.early).isoformat(), "now": now.isoformat()}
    if now >= shift.ends_at:
        return "too_late", {"closed": shift.ends_at.isoformat(), "now": now.isoformat()}
    if signup in ("cancelled", "waitlisted"):
        return f"signup_{signup}", {}
    if signup is None and not shift.walk_in:
        return "not_signed_up", {}
    return None
