"""The lots behind a line of the history, summed up by the two days that mean something to their owner."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from ledger.kernel import clock
from ledger.points.lots.parts import Change, LotPart


@dataclass(frozen=True, slots=True)
class LotLine:
    """Points earned on one local day with the same last good day, None for ever; `amount` in minor units."""

    change: Change
    earned_on: date
    expires_on: date | None
    put_off: bool
    amount: int


def sum_up(parts: Iterable[LotPart], zone: ZoneInfo) -> list[LotLine]:
    """A line for each pair of days, soonest to end first, for ever last: as the points are used up."""
    lines: dict[LotLine, int] = {}
    for part in parts:
        line = LotLine(part.change, clock.local_day(part.earned_at, zone), part.expires_on, part.put_off, 0)
        lines[line] = lines.get(line, 0) + part.amount
    found = [replace(line, amount=amount) for line, amount in lines.items()]
    return sorted(found, key=lambda line: (line.change, line.expires_on or date.max, line.earned_on))
