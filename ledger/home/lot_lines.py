"""The lots behind an event of the history, summed up by the two days that matter to their owner."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from ledger.kernel import clock
from ledger.points.lots.parts import Change, LotPart


@dataclass(frozen=True, slots=True)
class LotLine:
    """Points with the same local day earned and last good day, None if they never expire; `amount` in minor units."""

    change: Change
    earned_on: date
    expires_on: date | None
    put_off: bool
    amount: int


def sum_up(parts: Iterable[LotPart], zone: ZoneInfo) -> list[LotLine]:
    """One line per pair of days in the order of use: soonest to expire first, never expiring last."""
    lines: dict[LotLine, int] = {}
    for part in parts:
        line = LotLine(part.change, clock.local_day(part.earned_at, zone), part.expires_on, part.put_off, 0)
        lines[line] = lines.get(line, 0) + part.amount
    found = [replace(line, amount=amount) for line, amount in lines.items()]
    return sorted(found, key=lambda line: (line.change, line.expires_on or date.max, line.earned_on))
