"""The one seam through which the time of day comes in, always aware UTC.

A process has one clock; a context (a test, a rehearsal, the demonstration) may put an instant before it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

# Where the people are: days, months and registers are of this zone, whatever a phone says.
BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Anything that can say what time it is."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant by the machine."""
        return datetime.now(UTC)


class FileClock:
    """A clock that shows the instant written in a file and looks again whenever the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._instant = datetime.now(UTC)

    def now(self) -> datetime:
        """The instant in the file (ISO 8601 with an offset); ValueError when it holds none."""
        stat = self._path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._seen:
            self._instant = parse_instant(self._path.read_text(encoding="utf-8").strip())
            self._seen = stamp
        return self._instant


_process_clock: Clock = SystemClock()
_instant: ContextVar[datetime | None] = ContextVar("instant", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _instant.get() or _process_clock.now()


def use(clock: Clock) -> None:
    """Make `clock` the clock of this process."""
    global _process_clock  # noqa: PLW0603 - one process has one clock
    _process_clock = clock


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Within the block, `now()` is `instant`; the context only, other threads are not touched."""
    token = _instant.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _instant.reset(token)


def parse_instant(text: str) -> datetime:
    """Read ISO 8601 with an offset; ValueError without one, because a wall time alone names no instant."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset: write for example 2026-06-03T08:52:00+08:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside of the calendar") from error


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of `instant` where the people are: limits and registers count by it."""
    return instant.astimezone(zone).date()
