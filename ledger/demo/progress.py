"""Progress of the demonstration, reported by tenths and after a silence."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ledger.kernel import clock

Say = Callable[[str], None]
_SILENT_SECONDS = 15.0


@dataclass(slots=True)
class Progress:
    """Reports how much of the time from `opened` to `now` has been played."""

    opened: datetime
    now: datetime
    say: Say
    _tenths: int = 0
    _said: float = field(default_factory=time.monotonic)

    def reach(self, at: datetime) -> None:
        """Report that the story has reached this instant."""
        share = (at - self.opened) / (self.now - self.opened)
        silent = time.monotonic() - self._said
        if share * 10 >= self._tenths + 1 or silent > _SILENT_SECONDS:
            self._tenths, self._said = int(share * 10), time.monotonic()
            self.say(f"    {at.astimezone(clock.zone()):%Y-%m}  {share * 100:3.0f} %")


@dataclass(slots=True)
class Recomputing:
    """Reports progress of the final verification if it takes long."""

    say: Say
    said_at: float = field(default_factory=time.monotonic)

    def __call__(self, step: str, done: int, total: int) -> None:
        """Report progress of a step; `total` is 0 if unknown."""
        now = time.monotonic()
        if now - self.said_at > _SILENT_SECONDS:
            self.said_at = now
            self.say(f"    recomputing {step}: {done:,}" + (f" of {total:,}" if total else ""))
