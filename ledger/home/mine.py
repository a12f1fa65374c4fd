"""A volunteer's home page: points to spend, points held, today's shift, progress to the next star."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ledger.activities import queries as activities
from ledger.activities.policy import ShiftView
from ledger.checkin import queries as checkin
from ledger.checkin.queries import AttendanceFilter, AttendanceView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.paging import PageRequest
from ledger.people.volunteers import queries as people
from ledger.people.volunteers.full_names import find_last_look
from ledger.points.book import queries as points
from ledger.points.lots.listing import DatedPoints, find_next_ending
from ledger.points.policy import MINUTE, POINT, AccountKey, Balance
from ledger.rules import queries as rules
from ledger.rules.policy import RuleBody, stars

_MOST_TODAY = 20


@dataclass(frozen=True, slots=True)
class Today:
    """The volunteer's status today: present, expected, done, pending review, or nothing scheduled."""

    state: Literal["open", "expected", "done", "pending", "nothing"]
    shift: ShiftView | None = None
    attendance: AttendanceView | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StarLine:
    """Minutes served, stars earned, and the next star; `stars` draws the line as {minutes, got}, the goal last."""

    minutes: int
    got: int
    to_next: int
    stars: list[dict[str, int | bool]]


@dataclass(frozen=True, slots=True)
class Mine:
    """Contents of the page: `debt` is repaid from the next awards, `ending` are the points that expire next.

    `in_grace` means that their last day is over; `looked_at` is when somebody last read the full name.
    """

    name: str
    number: str
    points: Balance
    debt: int
    ending: DatedPoints | None
    in_grace: bool
    today: Today
    star: StarLine
    looked_at: datetime | None


def mine_of(session: Session, actor: Actor, zone: ZoneInfo) -> Mine:
    """The home page of the volunteer who is logged in. Raises NotFound("people.volunteer_not_found")."""
    volunteer = people.get_volunteer(session, actor.volunteer_id or 0, actor.center_id)
    keys = [AccountKey(unit, "member", volunteer.id) for unit in (POINT, MINUTE)]
    debt = AccountKey(POINT, "debt", volunteer.id)
    balances = points.balances(session, [*keys, debt], actor.center_id)
    ending = find_next_ending(session, volunteer.id, actor.center_id)
    versions = rules.all_rules(session, actor.center_id)
    body = next((rule.body for rule in versions if rule.effective_from <= clock.now()), RuleBody())
    return Mine(
        name=volunteer.name,
        number=volunteer.number,
        points=balances[keys[0]],
        debt=-balances[debt].balance,
        ending=ending,
        in_grace=ending is not None and (ending.expires_on or date.max) < clock.local_day(clock.now(), zone),
        today=_today(session, volunteer.id, actor.center_id, zone, body),
        star=star_line(balances[keys[1]].balance, body),
        looked_at=find_last_look(session, volunteer.id, actor.center_id),
    )


def star_line(minutes: int, body: RuleBody) -> StarLine:
    """Progress to the next star: the last star earned and the goal, on a line from zero."""
    got = stars(minutes, body)
    shown = body.star_hours[max(0, got - 1) : got + 1] if got < len(body.star_hours) else body.star_hours[-2:]
    goal = body.star_hours[got] * 60 if got < len(body.star_hours) else 0
    return StarLine(
        minutes=minutes,
        got=got,
        to_next=max(0, goal - minutes),
        stars=[{"minutes": hours * 60, "got": minutes >= hours * 60} for hours in shown],
    )


def _today(session: Session, volunteer_id: int, center_id: int, zone: ZoneInfo, body: RuleBody) -> Today:
    now = clock.now()
    visit = checkin.find_open_visit(session, volunteer_id, center_id)
    if visit is not None:
        view = checkin.get_attendance(session, visit.id, center_id)
        return Today("open", visit.shift, view, visit.shift.ends_at + body.late)
    start = datetime.combine(clock.local_day(now, zone), time(), tzinfo=zone)
    end = start + timedelta(days=1)
    chosen = AttendanceFilter(volunteer_id=volunteer_id, since=start, until=end)
    found = checkin.list_attendances(session, center_id, chosen, request=PageRequest(_MOST_TODAY)).items
    served = [view for view in found if view.status in ("CONFIRMED", "PENDING")]
    shift = _next_shift(session, volunteer_id, center_id, end, {view.shift_id for view in served})
    if shift is not None:
        return Today("expected", shift, until=shift.starts_at - body.early)
    if served:
        return Today("done" if served[0].status == "CONFIRMED" else "pending", attendance=served[0])
    return Today("nothing")


def _next_shift(
    session: Session, volunteer_id: int, center_id: int, before: datetime, served: set[int]
) -> ShiftView | None:
    """The next shift at which the volunteer is still expected today."""
    for shift, signup in activities.shifts_of_volunteer(session, volunteer_id, center_id, now=clock.now()):
        off = shift.cancelled_at is not None or shift.activity_status != "approved"
        if signup.status == "signed_up" and not off and shift.starts_at < before and shift.id not in served:
            return shift
    return None
