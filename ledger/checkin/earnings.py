"""How an attendance earned its points: minutes, calculation, rule, scans, and its public receipt."""

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
from ledger.points.corrections.standing import Standing, find_standing
from ledger.rules import queries as rules
from ledger.rules.policy import whole_minutes
from ledger.rules.queries import Rule

PURPOSE = "attendance"
_decision = table_of(ReviewDecision)


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision on a doubtful attendance, and its reason."""

    approved: bool
    decided_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Earning:
    """An attendance with the explanation its page shows.

    `name` is full for the reader's own attendance, masked for others. `minutes_outside` were spent outside the shift.
    `points_withheld` means that the minutes count but the rule grants no points. `reference` is the receipt's, "" until
    something is posted; `standing` says what of it was changed since.
    """

    attendance: AttendanceView
    name: str
    is_own: bool
    rule: Rule | None
    minutes_outside: int
    points_withheld: bool
    decided: Decided | None
    reference: str
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt shows to anybody: what counts now, and by `standing` what has changed it since.

    `stands` is False if nothing of it counts any more, None until it is decided.
    """

    station_name: str
    activity_name: str
    opened_at: datetime
    minutes: int
    points: int
    stands: bool | None
    rule_number: int | None
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Objection:
    """How to object: the station, and the place above it if the station does not help."""

    attendance: AttendanceView
    standing: Standing | None
    scans: list[ScanView]
    places: list[PlaceView]


def earning_of(session: Session, attendance_id: int, actor: Actor) -> Earning:
    """An attendance for its volunteer or for staff. Raises NotFound("checkin.attendance_not_found")."""
    view = queries.get_attendance_for(session, attendance_id, actor)
    is_own = view.volunteer_id == actor.volunteer_id
    rule = rules.get_rule(session, view.rule_id, actor.center_id) if view.rule_id is not None else None
    present = whole_minutes(view.closed_at - view.opened_at) if view.closed_at is not None else 0
    worth = view.minutes * rule.body.points_per_hour // 60 if rule is not None else 0
    posted = view.status == "CONFIRMED"
    return Earning(
        attendance=view,
        name=people.names_for(session, [view.volunteer_id], actor)[view.volunteer_id],
        is_own=is_own,
        rule=rule,
        minutes_outside=max(0, present - view.minutes),
        points_withheld=posted and worth > view.points,
        decided=_decided(session, view, actor.center_id),
        reference=make_reference(PURPOSE, actor.center_id, view.id) if posted else "",
        standing=find_standing(session, "attendance", view.id, actor.center_id),
    )


def objection_to(session: Session, attendance_id: int, actor: Actor) -> Objection:
    """How to object to one's own attendance. Raises NotFound("checkin.attendance_not_found")."""
    view = queries.get_attendance_for(session, attendance_id, actor)
    places = [organisations.get_place(session, view.station_id, actor.center_id)]
    while (above := places[-1].parent_id) is not None:
        places.append(organisations.get_place(session, above, actor.center_id))
    standing = find_standing(session, "attendance", view.id, actor.center_id)
    return Objection(view, standing, queries.scans_of(session, view, actor.center_id), places)


def receipt_of(session: Session, text: str) -> Receipt:
    """The receipt with this reference. Raises NotFound("checkin.receipt_unknown") if we never issued it."""
    reference = read_reference(text)
    if reference is None or not genuine(text, reference, purpose=PURPOSE):
        raise NotFound("checkin.receipt_unknown")
    try:
        view = queries.get_attendance(session, reference.key, reference.center_id)
    except NotFound as error:
        raise NotFound("checkin.receipt_unknown") from error
    rule = rules.get_rule(session, view.rule_id, reference.center_id) if view.rule_id is not None else None
    standing = find_standing(session, "attendance", view.id, reference.center_id)
    is_gone = standing is not None and standing.is_gone
    return Receipt(
        station_name=view.station_name,
        activity_name=view.activity_name,
        opened_at=view.opened_at,
        minutes=view.minutes if standing is None else standing.minutes,
        points=view.points if standing is None else standing.points,
        stands=False if is_gone else {"CONFIRMED": True, "VOID": False, "REJECTED": False}.get(view.status),
        rule_number=rule.number if rule is not None else None,
        standing=standing,
    )


def _decided(session: Session, view: AttendanceView, center_id: int) -> Decided | None:
    query = sa.select(_decision.c.decision, _decision.c.decided_at, _decision.c.note).where(
        _decision.c.center_id == center_id, _decision.c.attendance_id == view.id, _decision.c.revision == view.revision
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Decided(row.decision == "approve", row.decided_at, row.note)
