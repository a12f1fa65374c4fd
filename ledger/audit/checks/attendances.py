"""Check every attendance against its scans, its rule and its postings."""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities.models import Shift
from ledger.audit.checks.finding import Advance, Difference, source_chunks
from ledger.audit.checks.postings import Postings, postings_of
from ledger.audit.checks.scope import Scope
from ledger.checkin.models import Attendance, ScanEvent
from ledger.checkin.policy import boundary, scan_moment
from ledger.kernel.types import table_of
from ledger.points.corrections.standing import Standing, standings
from ledger.points.policy import MINUTE, POINT
from ledger.rules import queries as rules
from ledger.rules.policy import Deed, RuleBody, award

_attendance, _shift, _scan = table_of(Attendance), table_of(Shift), table_of(ScanEvent)
_in_scan, _out_scan = _scan.alias("in_scan"), _scan.alias("out_scan")
NOTHING = Postings()


def check_attendances(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find attendances that earned too much or too little."""
    center_id = scope.center_id
    bodies = {rule.id: rule.body for rule in rules.all_rules(session, center_id)}
    for chunk in source_chunks(session, scope, _query(center_id), "attendance", _attendance.c.id):
        posted = postings_of(session, center_id, "attendance", [row.id for row in chunk])
        # What a claw-back took before is no posting of the attendance, and nothing is taken twice.
        void = [row.id for row in chunk if row.status == "VOID" and row.id in posted]
        standing = standings(session, "attendance", void, center_id)
        for row in chunk:
            yield from _check_scans(session, row, center_id)
            yield from _check_rule(row, bodies.get(row.rule_id))
            yield from _check_postings(row, posted.get(row.id, NOTHING), standing.get(row.id))
        advance(len(chunk))


def _check_scans(session: Session, row: Any, center_id: int) -> Iterator[Difference]:
    """The volunteer and the times must match the scans: the scan itself, or the boundary where it switches shifts."""
    if row.in_volunteer != row.volunteer_id:
        yield Difference("scan_differs", "attendance", row.id, row.volunteer_id, row.in_volunteer)
    else:
        came_at = scan_moment(row.in_method, row.in_scanned, row.in_received)
        before = [] if row.opened_at == came_at else _others_of_scan(session, row, center_id, ended_by=row.in_scan_id)
        if row.opened_at not in (came_at, *(boundary(other, row, came_at) for other in before)):
            yield Difference("came_at", "attendance", row.id, came_at, row.opened_at)
    if row.out_scan_id is None:
        return
    if row.out_volunteer != row.volunteer_id:
        yield Difference("scan_differs", "attendance", row.id, row.volunteer_id, row.out_volunteer)
    elif row.review_reason is None:
        left_at = scan_moment(row.out_method, row.out_scanned, row.out_received)
        after = [] if row.closed_at == left_at else _others_of_scan(session, row, center_id, begun_by=row.out_scan_id)
        ends = (max(row.opened_at, boundary(row, other, left_at)) for other in after)
        if row.closed_at not in (left_at, *ends):
            yield Difference("left_at", "attendance", row.id, left_at, row.closed_at)


def _others_of_scan(
    session: Session, row: Any, center_id: int, *, ended_by: int | None = None, begun_by: int | None = None
) -> list[Any]:
    """The other shifts of a scan that ended visits of the volunteer or began them; a long stay goes through several."""
    a = _attendance.c
    query = (
        sa.select(_shift.c.station_id, _shift.c.starts_at, _shift.c.ends_at)
        .join(_attendance, sa.and_(a.center_id == _shift.c.center_id, a.shift_id == _shift.c.id))
        .where(a.center_id == center_id, a.volunteer_id == row.volunteer_id, a.id != row.id)
    )
    which = a.out_scan_id == ended_by if ended_by is not None else a.in_scan_id == begun_by
    return list(session.connection().execute(query.where(which)))


def _check_rule(row: Any, body: RuleBody | None) -> Iterator[Difference]:
    """Confirmed minutes and points must be what the rule grants for the time attended."""
    if row.status != "CONFIRMED":
        return
    if body is None or row.closed_at is None:
        yield Difference("rule_missing", "attendance", row.id)
        return
    earned = award(Deed(row.opened_at, row.closed_at, row.starts_at, row.ends_at), body)
    unpaid = row.review_reason == "AUTO_CLOSED" and not body.points_for_forgotten_check_out
    if row.minutes != earned.minutes:
        yield Difference("minutes_by_rule", "attendance", row.id, earned.minutes, row.minutes, MINUTE)
    if row.points != (0 if unpaid else earned.points):
        yield Difference("points_by_rule", "attendance", row.id, 0 if unpaid else earned.points, row.points, POINT)


def _check_postings(row: Any, posted: Postings, standing: Standing | None) -> Iterator[Difference]:
    confirmed = row.status == "CONFIRMED"
    expected = {MINUTE: row.minutes if confirmed else 0, POINT: row.points if confirmed else 0}
    found: dict[str, int] = dict.fromkeys(expected, 0)
    for key, amount in posted.gained.items():
        # A debt is repaid from the award before the member receives the rest; what expired is taken back from breakage.
        if key.kind == "breakage" or (key.owner_id == row.volunteer_id and key.kind in ("member", "debt")):
            found[key.unit] = found.get(key.unit, 0) + amount
        elif key.kind in ("member", "debt") and amount:
            yield Difference("attendance_posted", "attendance", row.id, 0, amount, key.unit)
    if standing is not None:
        found |= {MINUTE: standing.minutes, POINT: standing.points}
    for unit in sorted(found):
        if found[unit] != expected.get(unit, 0):
            yield Difference("attendance_posted", "attendance", row.id, expected.get(unit, 0), found[unit], unit)
    if confirmed and (row.minutes or row.points) and f"award:{row.revision}" not in posted.steps:
        yield Difference("award_missing", "attendance", row.id, f"award:{row.revision}", ", ".join(posted.steps))
    elif (newest := _newest_revision(posted.steps)) > row.revision:
        yield Difference("award_missing", "attendance", row.id, f"award:{row.revision}", f"award:{newest}")


def _newest_revision(steps: Iterable[str]) -> int:
    """The last revision that these steps award, or that begins where they reverse the one before."""
    parts = (step.partition(":") for step in steps)
    return max((int(number) + (name == "reverse") for name, _, number in parts if number.isdecimal()), default=0)


def _query(center_id: int) -> "sa.Select[Any]":
    own = ("id", "volunteer_id", "station_id", "status", "opened_at", "closed_at", "in_scan_id", "out_scan_id",
           "minutes", "points", "rule_id", "revision", "review_reason")  # fmt: skip
    a = _attendance.c
    return (
        sa.select(
            *(a[name] for name in own),
            _shift.c.starts_at,
            _shift.c.ends_at,
            _in_scan.c.volunteer_id.label("in_volunteer"),
            _in_scan.c.method.label("in_method"),
            _in_scan.c.received_at.label("in_received"),
            _in_scan.c.scanned_at.label("in_scanned"),
            _out_scan.c.volunteer_id.label("out_volunteer"),
            _out_scan.c.method.label("out_method"),
            _out_scan.c.received_at.label("out_received"),
            _out_scan.c.scanned_at.label("out_scanned"),
        )
        .join(_shift, sa.and_(_shift.c.center_id == a.center_id, _shift.c.id == a.shift_id))
        .outerjoin(_in_scan, sa.and_(_in_scan.c.center_id == a.center_id, _in_scan.c.id == a.in_scan_id))
        .outerjoin(_out_scan, sa.and_(_out_scan.c.center_id == a.center_id, _out_scan.c.id == a.out_scan_id))
        .where(a.center_id == center_id)
        .order_by(a.id)
    )
