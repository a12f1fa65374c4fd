"""Pure calendar months, in the service's time zone, written as 2026-05."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger.kernel.errors import Rejected

_WRITTEN = re.compile(r"(20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])")


def month_of(instant: datetime, zone: ZoneInfo) -> str:
    """The month of an instant."""
    return instant.astimezone(zone).strftime("%Y-%m")


def month_start(month: str, zone: ZoneInfo) -> datetime:
    """The first instant of a month. Raises Rejected("points.period_invalid")."""
    year, number = _read(month)
    return datetime(year, number, 1, tzinfo=zone)


def month_end(month: str, zone: ZoneInfo) -> datetime:
    """The first instant after a month. Raises Rejected("points.period_invalid")."""
    return month_start(following(month), zone)


def following(month: str) -> str:
    """The month after a month. Raises Rejected("points.period_invalid")."""
    year, number = _read(month)
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def preceding(month: str) -> str:
    """The month before a month. Raises Rejected("points.period_invalid")."""
    year, number = _read(month)
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"


def months_between(first: str, last: str) -> list[str]:
    """All months from the first to the last, inclusive."""
    found = []
    while first <= last:
        found.append(first)
        first = following(first)
    return found


def newest_month_start(now: datetime) -> datetime:
    """An instant by which, wherever on earth, every month that has begun by `now` had begun.

    Zones go from 12 hours behind UTC to 14 hours ahead.
    """
    begun = (now + timedelta(hours=14)).astimezone(UTC)
    return begun.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=12)


def _read(month: str) -> tuple[int, int]:
    written = _WRITTEN.fullmatch(month)
    if written is None:
        raise Rejected("points.period_invalid")
    return int(written[1]), int(written[2])
