"""The only source of the current time, always aware UTC; and calendar days in the application's zone.

An application has one clock and one zone; a context (a test, a rehearsal, the demonstration) may override the clock
with an instant.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger.kernel import runtime

_instant: ContextVar[datetime | None] = ContextVar("instant", default=None)
# By how much the clocks of two machines may differ; what is later than that was dated by a clock that was wrong.
MAY_DIFFER = timedelta(minutes=1)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _instant.get() or runtime.current().clock.now()


def latest() -> datetime:
    """The latest moment that a right clock can have written by now: what is dated later counts as over.

    Otherwise what was made while the clock was fast would last longer by as much, once it is put right.
    """
    return now() + MAY_DIFFER


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Within the block, `now()` is `instant`, for this context only, not for other threads."""
    token = _instant.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _instant.reset(token)


def zone() -> ZoneInfo:
    """The people's time zone: days, months and registers follow it, whatever a phone says."""
    return runtime.current().zone


def today() -> date:
    """The current calendar day in the people's zone."""
    return local_day(now(), zone())


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of `instant` in the people's zone: limits and registers count by it."""
    return instant.astimezone(zone).date()
