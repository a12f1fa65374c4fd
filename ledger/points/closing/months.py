"""Calendar months as the books keep them, pure: a month is of the people's zone and is written as 2026-05."""

import re
from datetime import datetime

from ledger.kernel.clock import BUSINESS_ZONE
from ledger.kernel.errors import Rejected

_WRITTEN = re.compile(r"(20\d\d|21\d\d)-(0[1-9]|1[0-2])")


def month_of(instant: datetime) -> str:
    """The month into which an instant falls."""
    return instant.astimezone(BUSINESS_ZONE).strftime("%Y-%m")


def month_start(month: str) -> datetime:
    """The first instant of a month. Raises Rejected("points.period_invalid")."""
    written = _WRITTEN.fullmatch(month)
    if written is None:
        raise Rejected("points.period_invalid")
    return datetime(int(written[1]), int(written[2]), 1, tzinfo=BUSINESS_ZONE)


def month_end(month: str) -> datetime:
    """The first instant after a month."""
    return month_start(following(month))


def following(month: str) -> str:
    """The month after a month."""
    start = month_start(month)
    return f"{start.year + start.month // 12:04}-{start.month % 12 + 1:02}"


def preceding(month: str) -> str:
    """The month before a month."""
    start = month_start(month)
    return f"{start.year - (start.month == 1):04}-{(start.month - 2) % 12 + 1:02}"


def months_between(first: str, last: str) -> list[str]:
    """All months from the first to the last, both included."""
    found = []
    while first <= last:
        found.append(first)
        first = following(first)
    return found


def this_month_start(now: datetime) -> datetime:
    """The first instant of the present month."""
    return now.astimezone(BUSINESS_ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
