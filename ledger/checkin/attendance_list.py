"""The attendance list with the same columns and words on the page and in the file."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.checkin import stored_scans
from ledger.checkin.blueprint import attendance_state, changes_in_words
from ledger.checkin.presenter import is_question, short_ref
from ledger.checkin.queries import AttendanceView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.people.volunteers import queries as people
from ledger.places.queries import PlaceView
from ledger.points.corrections.standing import Standing, standings
from ledger.points.policy import POINT_SCALE
from ledger.web.formats import local_time, time_range
from ledger.web.problem import words


@dataclass(frozen=True, slots=True)
class Row:
    """An attendance with the person's name as the reader may see it, and what still stands of its posting."""

    attendance: AttendanceView
    name: str
    standing: Standing | None = None

    @property
    def number(self) -> str:
        """The number that the volunteer reads out, as shown on their own page."""
        return short_ref(self.attendance.id)

    @property
    def left_at(self) -> datetime | None:
        """When the person left, None if unknown."""
        return left_at(self.attendance)

    @property
    def minutes(self) -> int:
        """The minutes that count now."""
        return self.attendance.minutes if self.standing is None else self.standing.minutes

    @property
    def points(self) -> int:
        """The points that count now, in minor units."""
        return self.attendance.points if self.standing is None else self.standing.points

    @property
    def was_changed(self) -> bool:
        """Whether its posting was changed later."""
        return self.standing is not None and bool(self.standing.changes)


@dataclass(frozen=True, slots=True)
class Refused:
    """A scan refused at the station: whose it was, if known, and why, in the reader's language."""

    at: datetime
    name: str
    why: str
    number: str


def left_at(view: AttendanceView) -> datetime | None:
    """When the person left; None while they are present, or until a forgotten check-out is decided."""
    waits = view.status in ("PENDING", "REJECTED") and view.review_reason == "AUTO_CLOSED"
    return None if waits else view.closed_at


def rows(session: Session, views: Iterable[AttendanceView], actor: Actor) -> list[Row]:
    """Attendances with the names that the actor may read."""
    found = list(views)
    names = people.names_for(session, [view.volunteer_id for view in found], actor)
    standing = standings(session, "attendance", [view.id for view in found], actor.center_id)
    return [Row(view, names[view.volunteer_id], standing.get(view.id)) for view in found]


def refusals(session: Session, station: PlaceView, actor: Actor, since: datetime) -> list[Refused]:
    """The last scans refused at the station, for staff who are asked about them."""
    found = stored_scans.refused_at(session, station.id, actor.center_id, since=since)
    known = [scan.volunteer_id for scan in found if scan.volunteer_id is not None]
    names = people.names_for(session, known, actor)
    return [
        Refused(
            at=scan.at,
            name=names.get(scan.volunteer_id or 0, ""),
            why=words(scan.refusal)[0],
            number=short_ref(scan.scan_id),
        )
        for scan in found
        if not is_question(scan.refusal)
    ]


def headings() -> list[str]:
    """Column headings of the file, in the reader's language."""
    return [
        _("日期"),
        _("姓名"),
        _("活动"),
        _("班次"),
        _("签到"),
        _("签退"),
        _("分钟"),
        _("积分"),
        _("现在"),
        _("后来改过"),
        _("凭证号"),
    ]


def cells(row: Row) -> list[Any]:
    """A row of the file."""
    visit, zone, gone = row.attendance, clock.zone(), row.left_at
    return [
        visit.opened_at.astimezone(zone).date().isoformat(),
        row.name,
        visit.activity_name,
        time_range(visit.shift_starts_at, visit.shift_ends_at, zone=zone),
        local_time(visit.opened_at, zone=zone),
        local_time(gone, zone=zone) if gone is not None else "",
        row.minutes,
        Decimal(row.points).scaleb(-POINT_SCALE),
        attendance_state(visit.status)[0],
        changes_in_words(row.standing),
        row.number,
    ]
