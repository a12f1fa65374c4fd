"""How far the demonstration is, told by tenths and whenever nothing was said for a while."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ledger.kernel import clock

Say = Callable[[str], None]
_SILENT_SECONDS = 15.0


@dataclass(slots=True)
class Progress:
    """From the first day to now; what happened since the last line is counted in days of the story."""

    opened: datetime
    now: datetime
    say: Say
    _tenths: int = 0
    _said: float = field(default_factory=time.monotonic)

    def reach(self, at: datetime) -> None:
        """The story has come to this instant."""
        share = (at - self.opened) / (self.now - self.opened)
        silent = time.monotonic() - self._said
        if share * 10 >= self._tenths + 1 or silent > _SILENT_SECONDS:
            self._tenths, self._said = int(share * 10), time.monotonic()
            self.say(f"    {at.astimezone(clock.zone()):%Y-%m}  {share * 100:3.0f} %")


@dataclass(slots=True)
class Recomputing:
    """The verification at the end, of which a line is said where it takes long."""

    say: Say
    said_at: float = field(default_factory=time.monotonic)

    def __call__(self, step: str, done: int, total: int) -> None:
        """So much of a step is done; `total` is 0 where nobody knows it beforehand."""
        now = time.monotonic()
        if now - self.said_at > _SILENT_SECONDS:
            self.said_at = now
            self.say(f"    recomputing {step}: {done:,}" + (f" of {total:,}" if total else ""))
