"""How many people each step of a station's code has let in, and so which serial of it the screen shows.

Whoever passes a code on lets in a few people at most: the screen leaves a serial as soon as it is full. It counts
people: whoever annuls their visit and comes again takes no second place from the others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin.codes import STEP_SECONDS, end_of
from ledger.checkin.models import CodeUse, ScanEvent
from ledger.checkin.policy import Shown
from ledger.kernel.errors import Rejected
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.kernel.upserts import insert_or_update

_use, _scan = table_of(CodeUse), table_of(ScanEvent)
_OF_STEP = (
    _use.c.center_id == sa.bindparam("of_center"),
    _use.c.step == sa.bindparam("of_step"),
    _use.c.station_id == sa.bindparam("of_station"),
)
_SINCE = Prepared(
    sa.select(_use.c.step, _use.c.station_id, _use.c.let_in).where(
        _use.c.center_id == sa.bindparam("of_center"), _use.c.step >= sa.bindparam("of_step")
    )
)
_FOUND = Prepared(sa.select(_use.c.let_in, _use.c.moved_at).where(*_OF_STEP))
# One statement counts the person and asks whether the serial is in force: of two at once the second waits for the row.
_IN_FORCE = _use.c.let_in.between(sa.bindparam("first"), sa.bindparam("last"))
# The screen's code let them in here in this step already, whatever has become of that visit.
_COUNTED = sa.exists().where(
    _scan.c.center_id == sa.bindparam("of_center"),
    _scan.c.volunteer_id == sa.bindparam("of_volunteer"),
    _scan.c.received_at >= sa.bindparam("since", type_=_scan.c.received_at.type),
    _scan.c.station_id == sa.bindparam("of_station"),
    _scan.c.method == sa.literal_column("'screen'"),
    _scan.c.reason == sa.literal_column("'OK_IN'"),
)
_MORE = {
    "let_in": _use.c.let_in + sa.case((_COUNTED, sa.literal_column("0")), else_=sa.literal_column("1")),
    "moved_at": sa.case(
        (
            sa.and_(_use.c.let_in == sa.bindparam("last"), sa.not_(_COUNTED)),
            sa.bindparam("now", type_=_use.c.moved_at.type),
        ),
        else_=_use.c.moved_at,
    ),
}
# A screen's code is taken up to a step before its own, where clocks differ.
_EARLIEST = timedelta(seconds=2 * STEP_SECONDS)
_TAKE = Prepared(sa.update(_use).where(*_OF_STEP, _IN_FORCE).values(_MORE).returning(_use.c.let_in))
_TAKE_FIRST = Prepared(
    insert_or_update(_use, _MORE, columns=["center_id", "step", "station_id"], where=_IN_FORCE).returning(_use.c.let_in)
)


@dataclass(frozen=True, slots=True)
class Use:
    """How many people a step has let in, and when the serial now in force came."""

    let_in: int = 0
    moved_at: datetime | None = None

    def serial(self, people: int) -> int:
        """The serial in force, if each lets in so many people."""
        return self.let_in // people


def find_use(session: Session, station_id: int, step: int, center_id: int) -> Use:
    """The use of a station's step so far."""
    rows = _FOUND.rows(session, {"of_center": center_id, "of_station": station_id, "of_step": step})
    return Use(*rows[0]) if rows else Use()


def let_in_since(session: Session, center_id: int, step: int) -> dict[tuple[int, int], int]:
    """How many were let in since a step, by step and station, for all stations of a center."""
    rows = _SINCE.rows(session, {"of_center": center_id, "of_step": step})
    return {(step, station_id): count for step, station_id, count in rows}


def let_in(
    session: Session, shown: Shown, station_id: int, center_id: int, *, volunteer_id: int, people: int, now: datetime
) -> int:
    """Count the person whom this serial lets in, once in a step; returns how many its step has let in by now.

    Raises Rejected("checkin.code_full") with `left_at`, since when the screen shows another, or
    Rejected("checkin.code_from_future") if no screen shows the serial yet.
    """
    first = shown.serial * people
    limits = {"first": first, "last": first + people - 1, "now": now}
    since = end_of(shown.step) - _EARLIEST
    known = {"of_center": center_id, "of_station": station_id, "of_volunteer": volunteer_id, "since": since} | limits
    if shown.serial:
        rows = _TAKE.rows(session, known | {"of_step": shown.step})
    else:
        row = {"center_id": center_id, "step": shown.step, "station_id": station_id, "let_in": 1}
        rows = _TAKE_FIRST.rows(session, row | known | {"moved_at": now if people == 1 else None})
    if rows:
        return int(rows[0][0])
    used = find_use(session, station_id, shown.step, center_id)
    if used.let_in < first + people or used.moved_at is None:
        raise Rejected("checkin.code_from_future")
    raise Rejected("checkin.code_full", left_at=used.moved_at.isoformat())
