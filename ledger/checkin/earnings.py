"""What an attendance has earned, explained: minutes, the sum, the rule, the scans behind it, and its public receipt."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import queries
from ledger.checkin.models import ReviewDecision
from ledger.checkin.queries import AttendanceView, ScanView
from ledger.kernel.actor import Actor
from ledger.kernel.errors import NotFound
from ledger.kernel.references import genuine, make_reference, read_reference
from ledger.kernel.types import table_of
from ledger.organisations import queries as organisations
from ledger.people.volunteers import queries as people
from ledger.places.queries import PlaceView
from ledger.rules import queries as rules
from ledger.rules.policy import whole_minutes
from ledger.rules.queries import Rule

PURPOSE = "attendance"
_decision = table_of(ReviewDecision)


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on an attendance in doubt, and why."""

    approved: bool
    decided_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Earning:
    """An attendance as its page explains it.

    `name` is the reader's own, masked for others. `minutes_outside` were spent outside of the shift. `points_withheld`
    says that the minutes count and, by the rule, no points. `reference` is the receipt's, "" before anything is posted.
    """

    attendance: AttendanceView
    name: str
    is_own: bool
    rule: Rule | None
    minutes_outside: int
    points_withheld: bool
    decided: Decided | None
    reference: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt shows to anybody; `stands` is False for what was voided, None while it is not decided."""

    station_name: str
    activity_name: str
    opened_at: datetime
    minutes: int
    points: int
    stands: bool | None
    rule_number: int | None


@dataclass(frozen=True, slots=True)
class Objection:
    """What to say and where to go: the station, and what is above it if the station does not help."""

    attendance: AttendanceView
    scans: list[ScanView]
    places: list[PlaceView]


def earning_of(session: Session, attendance_id: int, actor: Actor) -> Earning:
    """An attendance for who served, or for staff. Raises NotFound("checkin.attendance_not_found")."""
    view = queries.get_attendance_for(session, attendance_id, actor)
    is_own = view.volunteer_id == actor.volunteer_id
    full, masked = people.display_names(session, [view.volunteer_id], actor.center_id)[view.volunteer_id]
    rule = rules.get_rule(session, view.rule_id, actor.center_id) if view.rule_id is not None else None
    present = whole_minutes(view.closed_at - view.opened_at) if view.closed_at is not None else 0
    worth = view.minutes * rule.body.points_per_hour // 60 if rule is not None else 0
    posted = view.status == "CONFIRMED"
    return Earning(
        attendance=view,
        name=full if is_own else masked,
        is_own=is_own,
        rule=rule,
        minutes_outside=max(0, present - view.minutes),
        points_withheld=posted and worth > view.points,
        decided=_decided(session, view, actor.center_id),
        reference=make_reference(PURPOSE, actor.center_id, view.id) if posted else "",
    )


def objection_to(session: Session, attendance_id: int, actor: Actor) -> Objection:
    """How to object to an attendance of one's own. Raises NotFound("checkin.attendance_not_found")."""
    view = queries.get_attendance_for(session, attendance_id, actor)
    places = [organisations.get_place(session, view.station_id, actor.center_id)]
    while (above := places[-1].parent_id) is not None:
        places.append(organisations.get_place(session, above, actor.center_id))
    return Objection(view, queries.scans_of(session, view, actor.center_id), places)


def receipt_of(session: Session, text: str) -> Receipt:
    """What the receipt with this reference shows. Raises NotFound("checkin.receipt_unknown") for what we never made."""
    reference = read_reference(text)
    if reference is None or not genuine(text, reference, purpose=PURPOSE):
        raise NotFound("checkin.receipt_unknown")
    try:
        view = queries.get_attendance(session, reference.key, reference.center_id)
    except NotFound as error:
        raise NotFound("checkin.receipt_unknown") from error
    rule = rules.get_rule(session, view.rule_id, reference.center_id) if view.rule_id is not None else None
    return Receipt(
        station_name=view.station_name,
        activity_name=view.activity_name,
        opened_at=view.opened_at,
        minutes=view.minutes,
        points=view.points,
        stands={"CONFIRMED": True, "VOID": False, "REJECTED": False}.get(view.status),
        rule_number=rule.number if rule is not None else None,
    )


def _decided(session: Session, view: AttendanceView, center_id: int) -> Decided | None:
    query = sa.select(_decision.c.decision, _decision.c.decided_at, _decision.c.note).where(
        _decision.c.center_id == center_id, _decision.c.attendance_id == view.id, _decision.c.revision == view.revision
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Decided(row.decision == "approve", row.decided_at, row.note)
