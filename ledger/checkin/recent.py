"""The person's last scan that counted: a second tap, or an older scan sent late, hears what has been done already."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin.models import Attendance, ScanEvent
from ledger.checkin.policy import DOUBLE_TAP, Decision, Intent, scan_moment
from ledger.checkin.scans import Scene
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of

_attendance, _scan = table_of(Attendance), table_of(ScanEvent)
_LAST = Prepared(
    sa.select(
        _scan.c.method, _scan.c.scanned_at, _scan.c.received_at, _scan.c.reason, _attendance.c.id, _attendance.c.status
    )
    .join(
        _attendance,
        sa.and_(_attendance.c.center_id == _scan.c.center_id, _attendance.c.id == _scan.c.attendance_id),
    )
    .where(
        _scan.c.center_id == sa.bindparam("center"),
        _scan.c.volunteer_id == sa.bindparam("volunteer"),
        _scan.c.received_at > sa.bindparam("since"),
        _scan.c.outcome.in_(("ok", "pending")),
        _attendance.c.status != "VOID",
    )
    .order_by(_scan.c.received_at.desc(), _scan.c.id.desc())
    .limit(1)
)


def already(session: Session, scene: Scene, intent: Intent) -> Decision | None:
    """The answer to a scan that is older than the last one that counted, or the same tap once more; else None."""
    parameters = {
        "center": scene.actor.center_id,
        "volunteer": scene.person.volunteer_id,
        "since": scene.at - DOUBLE_TAP,
    }
    rows = _LAST.rows(session, parameters)
    if not rows:
        return None
    [(method, scanned_at, received_at, reason, attendance_id, status)] = rows
    since = scene.at - scan_moment(method, scanned_at, received_at)
    is_late, is_same_tap = since.total_seconds() < 0, intent == "auto" and since < DOUBLE_TAP
    if not is_late and not is_same_tap:
        return None
    if status == "OPEN":
        return Decision("ALREADY_CHECKED_IN", about=attendance_id)
    waits = (reason, status) == ("AUTO_CLOSED", "PENDING")
    return Decision("AUTO_CLOSED" if waits else "ALREADY_CHECKED_OUT", about=attendance_id)
