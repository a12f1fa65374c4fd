"""What can say the time: the machine's own clock, and one that a file sets."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


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


def parse_instant(text: str) -> datetime:
    """Read ISO 8601 with an offset; ValueError without one, because a wall time alone names no instant."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset: write for example 2026-06-03T08:52:00+08:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside of the calendar") from error
