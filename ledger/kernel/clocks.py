"""Clocks: the machine's own, and one set by a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant by the machine."""
        return datetime.now(UTC)


class FileClock:
    """A clock that shows the instant in a file and rereads the file whenever it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._instant = datetime.now(UTC)

    def now(self) -> datetime:
        """The instant in the file (ISO 8601 with an offset); raises ValueError if there is none."""
        stat = self._path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._seen:
            self._instant = parse_instant(self._path.read_text(encoding="utf-8").strip())
            self._seen = stamp
        return self._instant


def parse_instant(text: str) -> datetime:
    """Parse ISO 8601 with an offset; raises ValueError without one, because a wall time alone is no instant."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset: write for example 2026-06-03T08:52:00+08:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside of the calendar") from error
