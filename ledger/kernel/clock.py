"""The one seam through which the time of day comes in, always aware UTC; and the days that the people count by.

An application has one clock and one zone; a context (a test, a rehearsal, the demonstration) may put an instant before
the clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ledger.kernel import runtime

_instant: ContextVar[datetime | None] = ContextVar("instant", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _instant.get() or runtime.current().clock.now()


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Within the block, `now()` is `instant`; the context only, other threads are not touched."""
    token = _instant.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _instant.reset(token)


def zone() -> ZoneInfo:
    """Where the people are: days, months and registers are of this zone, whatever a phone says."""
    return runtime.current().zone


def today() -> date:
    """The present calendar day where the people are."""
    return local_day(now(), zone())


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of `instant` where the people are: limits and registers count by it."""
    return instant.astimezone(zone).date()
