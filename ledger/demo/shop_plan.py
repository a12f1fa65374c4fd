"""Plans when people come to the shops of the demonstration, and how each visit ends."""

from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from ledger.demo.shopping import Ending, Visit
from ledger.demo.sizes import Size

_ENDINGS: tuple[tuple[Ending, int], ...] = (
    ("confirmed", 900), ("voided", 26), ("cancelled", 26), ("left-in-cart", 14), ("hold-ran-out", 16),
    ("late-code", 10), ("too-dear", 12),
)  # fmt: skip
_SAVED_UP_AFTER_DAYS = 45
_DEMO_VISITS = 7


def make_visits(rng: Random, size: Size, now: datetime, zone: ZoneInfo) -> list[tuple[datetime, Visit]]:
    """Visits in opening hours, more frequent as points accumulate; a few are by the demonstration's volunteer."""
    names, weights = zip(*_ENDINGS, strict=True)
    visits = []
    for _ in range(size.visits * size.years):
        shop = 0 if size.shops == 1 or rng.random() < size.home_visits else rng.randrange(1, size.shops)
        share = rng.random() ** 0.6
        ending: Any = rng.choices(names, weights)[0]
        visits.append((_opening_hour(rng, size, now, zone, share), Visit(shop, ending)))
    # In a village, chance might leave out one of the endings.
    visits += [
        (_opening_hour(rng, size, now, zone, rng.uniform(0.7, 0.95)), Visit(0, ending))
        for ending in names
        for _ in "12"
    ]
    for number in range(_DEMO_VISITS):
        share = 0.45 + number * 0.08
        visits.append((_opening_hour(rng, size, now, zone, share), Visit(0, "confirmed", by_demo=True)))
    return visits


def _opening_hour(rng: Random, size: Size, now: datetime, zone: ZoneInfo, share: float) -> datetime:
    days = _SAVED_UP_AFTER_DAYS + (size.days - 1 - _SAVED_UP_AFTER_DAYS) * share
    day = (now - timedelta(days=size.days - days)).astimezone(zone)
    minute, second = rng.randrange(8 * 60), rng.randrange(60)
    return day.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(minutes=minute, seconds=second)
