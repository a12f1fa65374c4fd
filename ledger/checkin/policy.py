"""Pure decisions of check-in: the states of an attendance, and what a scan means."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ledger.activities.policy import ShiftView
from ledger.kernel.errors import Conflict, Rejected
from ledger.rules.policy import RuleBody, whole_minutes

Status = Literal["OPEN", "CLOSED", "PENDING", "CONFIRMED", "REJECTED", "VOID"]
Intent = Literal["in", "out", "auto"]
Method = Literal["screen", "paper", "card", "number"]

# A second tap this soon after a scan is the same tap.
DOUBLE_TAP = timedelta(seconds=60)
# A code is exchanged for a ticket when it is opened; the scan may arrive this much later, after a slow log-in.
TICKET_LIFE = timedelta(seconds=300)

# Shifts, visits and scans this near to now are of today, also for a shift over midnight.
TODAY = timedelta(hours=12)

TRANSITIONS: dict[str, frozenset[str]] = {
    # A check-out is settled in the same unit of work, which skips CLOSED.
    "OPEN": frozenset({"CLOSED", "CONFIRMED", "PENDING", "VOID"}),
    "CLOSED": frozenset({"CONFIRMED", "PENDING"}),
    "PENDING": frozenset({"CONFIRMED", "REJECTED"}),
    # A correction by two people keeps the state: the next revision is confirmed, too.
    "CONFIRMED": frozenset({"VOID"}),
    "REJECTED": frozenset(),
    "VOID": frozenset(),
}


def step(now: str, wanted: Status) -> Status:
    """The wanted state, if it is reachable. Raises Conflict("checkin.wrong_state")."""
    if wanted not in TRANSITIONS[now]:
        raise Conflict("checkin.wrong_state", status=now)
    return wanted


@dataclass(frozen=True, slots=True)
class Shown:
    """What a screen's code says of itself: its 30-second step, and which of the step's serials it is, from 0."""

    step: int
    serial: int


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A person's open attendance; `then` are the shifts that they have gone on into since without leaving."""

    id: int
    shift: ShiftView
    opened_at: datetime
    then: tuple[ShiftView, ...] = ()

    @property
    def status(self) -> Status:
        """Its state; a closed attendance is never an open visit."""
        return "OPEN"

    @property
    def last(self) -> ShiftView:
        """The shift they are in by now."""
        return self.then[-1] if self.then else self.shift

    def is_of(self, shift_id: int | None) -> bool:
        """Whether it is in this shift; None stands for any."""
        return shift_id in (None, self.shift.id, *(shift.id for shift in self.then))


@dataclass(frozen=True, slots=True)
class Choice:
    """A shift that a person may check in to, and whether they signed up for it."""

    shift: ShiftView
    signed_up: bool


@dataclass(frozen=True, slots=True)
class EndedVisit:
    """A person's last attendance at a station, now over; `forgotten` until its check-out is scanned late."""

    id: int
    shift_id: int
    closed_at: datetime
    forgotten: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Effect of a scan: check in to `enter`, check out of the open visit, both (a switch), or neither.

    `about` is the attendance that the answer describes if nothing is entered or left.
    """

    reason: Literal["OK_IN", "OK_OUT", "ALREADY_CHECKED_IN", "ALREADY_CHECKED_OUT", "AUTO_CLOSED"]
    leave: bool = False
    enter: Choice | None = None
    about: int | None = None


def is_forgotten(open_visit: OpenVisit, now: datetime, body: RuleBody) -> bool:
    """Whether the time to check out has passed."""
    return now > open_visit.last.ends_at + body.late


def scan_moment(method: str, scanned_at: datetime, received_at: datetime) -> datetime:
    """When a stored scan happened: when its code was opened here, as long as the ticket for it lived; else its arrival.

    What a device said about its own clock was once stored as `scanned_at` and is no evidence.
    """
    vouched = method in ("screen", "paper") and timedelta(0) <= received_at - scanned_at <= TICKET_LIFE
    return scanned_at if vouched else received_at


def goes_on(left: ShiftView, entered: ShiftView, body: RuleBody) -> bool:
    """Whether a shift is the next one for whoever is still there when `left` ends."""
    on = entered.cancelled_at is None and entered.activity_status == "approved"
    return (
        on
        and entered.id != left.id
        and entered.station_id == left.station_id
        and entered.starts_at <= left.ends_at + body.late
        and entered.ends_at > left.ends_at
    )


def answer_after_end(ended: EndedVisit | None, now: datetime, body: RuleBody) -> Decision | None:
    """The answer to a scan right after a visit ended: a double scan must not check in again.

    A late check-out is reported once; after that a scan has its usual meaning.
    """
    if ended is None:
        return None
    if ended.forgotten:
        return Decision("AUTO_CLOSED", about=ended.id)
    if now - ended.closed_at < timedelta(minutes=body.shortest_stay_minutes):
        return Decision("ALREADY_CHECKED_OUT", about=ended.id)
    return None


def boundary(left: ShiftView, entered: ShiftView, now: datetime) -> datetime:
    """When a switch ends the first visit and begins the second.

    That is the time of the scan, or the end of the first shift for whoever stayed at the station, so that back-to-back
    shifts are credited in full.
    """
    return min(now, left.ends_at) if left.station_id == entered.station_id else now


def minutes_by_day(start: datetime, end: datetime, zone: ZoneInfo) -> dict[date, int]:
    """Whole minutes of a period per local day; they sum to the whole minutes of the period."""
    days: dict[date, int] = {}
    counted, day = 0, start.astimezone(zone).date()
    while start < end and day <= end.astimezone(zone).date():
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
        until = whole_minutes(min(end, midnight) - start)
        days[day] = until - counted
        counted, day = until, day + timedelta(days=1)
    return days


def decide_out(open_visit: OpenVisit, now: datetime, *, confirmed: Sequence[str], body: RuleBody) -> Decision:
    """Check out of the visit that is open here. Raises Conflict("checkin.dwell_too_short") until confirmed."""
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
    """Whether the scan means leaving: explicit, or `auto` and open here long enough not to be a double scan."""
    if intent == "out":
        return True
    if intent == "in" or open_visit is None or open_visit.shift.station_id != station_id:
        return False
    return now - open_visit.opened_at >= timedelta(minutes=body.shortest_stay_minutes)


def choose_shift(
    shifts: Sequence[ShiftView],
    signups: dict[int, str],
    *,
    full: Collection[int] = (),
    now: datetime,
    body: RuleBody,
) -> Choice:
    """The shift to check in to: one signed up for, else one that takes walk-ins; the earliest to end first.

    `full` are the shifts without a place for people who have not signed up. Raises Rejected with the most helpful
    reason if there is none: sign-up, activity, window, or no shift at all.
    """
    if not shifts:
        raise Rejected("checkin.station_closed")
    refusals = {shift.id: _refusal(shift, signups.get(shift.id), full=full, now=now, body=body) for shift in shifts}
    usable = [shift for shift in shifts if refusals[shift.id] is None]
    usable.sort(key=lambda shift: (signups.get(shift.id) != "signed_up", shift.ends_at, shift.id))
    if usable:
        return Choice(usable[0], signups.get(usable[0].id) == "signed_up")
    mine = [shift for shift in shifts if shift.id in signups]
    telling = min(mine or shifts, key=lambda shift: _distance(shift, now))
    code, context = refusals[telling.id] or ("station_closed", {})
    raise Rejected(f"checkin.{code}", activity=telling.activity_name, **context)


def _distance(shift: ShiftView, now: datetime) -> timedelta:
    return max(shift.starts_at - now, now - shift.ends_at, timedelta(0))


def _refusal(
    shift: ShiftView, signup: str | None, *, full: Collection[int], now: datetime, body: RuleBody
) -> tuple[str, dict[str, Any]] | None:
    """Why this shift can't be checked in to now; None if it can."""
    if shift.cancelled_at is not None or shift.activity_status == "cancelled":
        return "activity_cancelled", {}
    if shift.activity_status != "approved":
        return "activity_not_approved", {}
    window = {"opens": (shift.starts_at - body.early).isoformat(), "closed": shift.ends_at.isoformat()}
    if now < shift.starts_at - body.early:
        return "too_early", window | {"now": now.isoformat()}
    if now >= shift.ends_at:
        return "too_late", window | {"now": now.isoformat()}
    if signup in ("cancelled", "waitlisted"):
        return f"signup_{signup}", {}
    if signup is None and not shift.walk_in:
        return "not_signed_up", {}
    if signup is None and shift.id in full:
        return "capacity_full", {}
    return None
