"""Expiry policies of a rule: `never`, `rolling:<months>`, `fixed:<MM-DD>+<years>`.

`rolling:24` ends with the month 24 months after the one the points were earned in; `fixed:12-31+1` on 31 December of
the next year. The last day is inclusive.
"""

import calendar
import re
from datetime import date

from ledger.kernel.errors import Rejected

USUAL = "fixed:12-31+1"
NEVER = "never"
_ROLLING = re.compile(r"rolling:([1-9][0-9]{0,2})")
_FIXED = re.compile(r"fixed:([0-9]{2})-([0-9]{2})\+([0-9]{1,2})")
_LEAP_YEAR = 2024


def good_until(policy: str, earned_on: date) -> date | None:
    """The last local day on which points earned that day are good; None if they never end.

    Raises Rejected("rules.body_invalid") for an invalid policy.
    """
    if policy == NEVER:
        return None
    if rolling := _ROLLING.fullmatch(policy):
        years, month = divmod(earned_on.month - 1 + int(rolling[1]), 12)
        return _day(earned_on.year + years, month + 1, 31)
    if fixed := _FIXED.fullmatch(policy):
        month, day, years = (int(part) for part in fixed.groups())
        if 1 <= month <= 12 and 1 <= day <= calendar.monthrange(_LEAP_YEAR, month)[1]:
            last = _day(earned_on.year + years, month, day)
            # Earned after this year's day: without added years, the points would end before they are earned.
            return last if last >= earned_on else _day(last.year + 1, month, day)
    raise Rejected("rules.body_invalid", field="points_expire")


def check(policy: str) -> None:
    """Raises Rejected("rules.body_invalid") for an invalid policy."""
    good_until(policy, date(2026, 1, 1))


def is_policy(text: str) -> bool:
    """Whether a text is a valid policy."""
    try:
        check(text)
    except Rejected:
        return False
    return True


def parts(policy: str) -> tuple[str, tuple[int, ...]]:
    """The kind of a valid policy and its numbers: months; or month, day, years."""
    kind, _, rest = policy.partition(":")
    return kind, tuple(int(number) for number in re.findall(r"\d+", rest))


def _day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
