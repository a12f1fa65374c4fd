"""The list of who came, as the page shows it and as the file holds it: the same columns, the same words."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import get_timezone
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.checkin.blueprint import attendance_state
from ledger.checkin.queries import AttendanceView
from ledger.kernel.actor import Actor
from ledger.kernel.permissions import Permission
from ledger.people import queries as people
from ledger.points.policy import POINT_SCALE
from ledger.web.formats import local_time, time_range


@dataclass(frozen=True, slots=True)
class Row:
    """An attendance and the name by which the reader may know the person."""

    attendance: AttendanceView
    name: str


def rows(session: Session, views: Iterable[AttendanceView], actor: Actor) -> list[Row]:
    """Attendances with full names for who manages volunteers at their station, masked ones for others."""
    found = list(views)
    names = people.display_names(session, [view.volunteer_id for view in found], actor.center_id)
    return [
        Row(view, names[view.volunteer_id][0 if actor.may(Permission.MANAGE_VOLUNTEERS, view.station_path) else 1])
        for view in found
    ]


def headings() -> list[str]:
    """The columns of the file, in the reader's language."""
    return [_("日期"), _("姓名"), _("活动"), _("班次"), _("签到"), _("签退"), _("分钟"), _("积分"), _("现在")]


def cells(row: Row) -> list[Any]:
    """A line of the file."""
    visit, zone = row.attendance, get_timezone()
    return [
        visit.opened_at.astimezone(zone).date().isoformat(),
        row.name,
        visit.activity_name,
        time_range(visit.shift_starts_at, visit.shift_ends_at, zone=zone),
        local_time(visit.opened_at, zone=zone),
        local_time(visit.closed_at, zone=zone) if visit.closed_at is not None else "",
        visit.minutes,
        Decimal(visit.points).scaleb(-POINT_SCALE),
        attendance_state(visit.status)[0],
    ]
