"""Closed months, which take no back-dated postings.

Months are closed in order and only the last one can be reopened, so a single instant describes the closed period.
A posting dated in the current month, which can't be closed, skips the check.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.errors import Rejected
from ledger.kernel.types import table_of
from ledger.places.models import Center
from ledger.points.closing.models import Period
from ledger.points.closing.months import following, month_of, months_between, newest_month_start
from ledger.points.models import Batch

_center, _period, _batch = table_of(Center), table_of(Period), table_of(Batch)
_LAST = (
    sa.select(_period).where(_period.c.center_id == sa.bindparam("center")).order_by(_period.c.number.desc()).limit(1)
)
# A posting into a month that may be closed holds a shared lock on the center's row until the commit; closing an
# exclusive one.
_HOLD = sa.select(_center.c.id).where(_center.c.id == sa.bindparam("center"))
_SHARED, _ALONE = _HOLD.with_for_update(read=True, key_share=True), _HOLD.with_for_update()


@dataclass(frozen=True, slots=True)
class Turn:
    """A closing or reopening of a month, with its proposal and the person who decided."""

    number: int
    month: str
    event: str
    closed_until: datetime
    happened_at: datetime
    proposal_id: int
    decided_by: int

    @property
    def first_open(self) -> str:
        """The first month that is open from then on."""
        return following(self.month) if self.event == "closed" else self.month


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month of the book: `state` is "current", "over" or "closed"; `turns` has the oldest first."""

    month: str
    state: str
    turns: list[Turn]


@dataclass(frozen=True, slots=True)
class Periods:
    """All months since the book began, newest first; which can be closed and reopened next, if any."""

    months: list[MonthView]
    to_close: str | None
    to_reopen: str | None


def refuse_closed(session: Session, effective_at: datetime | None, center_id: int) -> None:
    """Raises Rejected("points.period_locked") for a posting dated into a closed month."""
    until = _closed_until(session, effective_at, center_id)
    if until is not None and effective_at is not None:
        raise Rejected(
            "points.period_locked", month=month_of(effective_at, clock.zone()), open_from_moment=until.isoformat()
        )


def open_moment(session: Session, happened_at: datetime, center_id: int) -> datetime:
    """The effective time for a posting that must be booked: when it happened, or the start of the open period.

    An event with its own evidence of its time (an attendance) is not refused because its month has been closed.
    """
    return _closed_until(session, happened_at, center_id) or happened_at


def _closed_until(session: Session, at: datetime | None, center_id: int) -> datetime | None:
    """The end of the closed period if `at` lies before it; runs no query for the current month.

    Months were closed in the zone of their time, which the setting may no longer name: the stored instant alone counts.
    """
    if at is None or at >= newest_month_start(clock.now()):
        return None
    session.connection().execute(_SHARED, {"center": center_id}).all()
    last = find_last(session, center_id)
    return last.closed_until if last is not None and at < last.closed_until else None


def wait_for_postings(session: Session, center_id: int) -> None:
    """Wait for postings into past months to commit, and block new ones until the commit."""
    session.connection().execute(_ALONE, {"center": center_id}).all()


def find_last(session: Session, center_id: int) -> Turn | None:
    """The last closing or reopening of a center."""
    row = session.connection().execute(_LAST, {"center": center_id}).one_or_none()
    return None if row is None else _turn(row)


def periods(session: Session, center_id: int) -> Periods:
    """Every month since the book began, and what can be done next."""
    turns = [_turn(row) for row in session.connection().execute(_all_turns(center_id))]
    zone = clock.zone()
    now = month_of(clock.now(), zone)
    began = session.execute(sa.select(sa.func.min(_batch.c.recorded_at)).where(_batch.c.center_id == center_id))
    begun = [month_of(at, zone) for at in began.scalars() if at is not None]
    first = min([*begun, *(turn.month for turn in turns), now])
    closed = turns[-1].first_open if turns else first
    months = [
        MonthView(
            month=month,
            state="current" if month == now else "closed" if turns and month < closed else "over",
            turns=[turn for turn in turns if turn.month == month],
        )
        for month in reversed(months_between(first, now))
    ]
    over = [each.month for each in months if each.state == "over"]
    shut = [each.month for each in months if each.state == "closed"]
    return Periods(months, to_close=min(over, default=None), to_reopen=max(shut, default=None))


def _all_turns(center_id: int) -> "sa.Select[Any]":
    return sa.select(_period).where(_period.c.center_id == center_id).order_by(_period.c.number)


def _turn(row: Any) -> Turn:
    return Turn(**{name: getattr(row, name) for name in Turn.__slots__})
