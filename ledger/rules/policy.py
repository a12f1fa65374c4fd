"""What a deed earns, as pure arithmetic over a Deed and a version's body.

Minutes are the time actually served (民政部令第67号 §7): the overlap of presence and shift. Points are
floor(minutes × rate / 60) and never affect the minutes.
"""

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache

from ledger.kernel.errors import Rejected
from ledger.rules import expiry_policy

MOST_MINUTES = 1_440
MOST_POINTS_PER_HOUR = 1_000_000
MOST_STARS, MOST_STAR_HOURS = 10, 100_000
MOST_PEOPLE_PER_CODE = 1_000


@dataclass(frozen=True, slots=True)
class RuleBody:
    """A center's policy. Times in minutes, points in minor units (100 = 1.00); see expiry_policy.py."""

    points_per_hour: int = 100
    early_minutes: int = 30
    late_minutes: int = 30
    shortest_stay_minutes: int = 10
    automatic_minutes_per_day: int = 480
    points_for_forgotten_check_out: int = 0
    annul_minutes: int = 15
    people_per_code: int = 3
    points_expire: str = expiry_policy.USUAL
    star_hours: tuple[int, ...] = (100, 300, 600, 1000, 1500)

    @property
    def early(self) -> timedelta:
        """How long before a shift's start check-in opens."""
        return timedelta(minutes=self.early_minutes)

    @property
    def late(self) -> timedelta:
        """How long after a shift's end check-out stays open."""
        return timedelta(minutes=self.late_minutes)


@dataclass(frozen=True, slots=True)
class Deed:
    """One stretch of service: times of presence and of the shift."""

    came_at: datetime
    left_at: datetime
    shift_starts_at: datetime
    shift_ends_at: datetime


@dataclass(frozen=True, slots=True)
class Award:
    """Result for a deed: whole minutes within the shift, points in minor units, and minutes outside the shift."""

    minutes: int
    points: int
    minutes_present: int


def award(deed: Deed, body: RuleBody) -> Award:
    """Compute the minutes of overlap of presence and shift, rounded down, and their points."""
    started = max(deed.came_at, deed.shift_starts_at)
    ended = min(deed.left_at, deed.shift_ends_at)
    minutes = max(0, whole_minutes(ended - started))
    return Award(
        minutes=minutes,
        points=minutes * body.points_per_hour // 60,
        minutes_present=whole_minutes(deed.left_at - deed.came_at),
    )


def whole_minutes(duration: timedelta) -> int:
    """Full minutes of a duration."""
    return int(duration.total_seconds() // 60)


def write_body(body: RuleBody) -> str:
    """Serialise the body as JSON with sorted keys."""
    return json.dumps(asdict(body), sort_keys=True)


@lru_cache(maxsize=256)
def read_body(text: str) -> RuleBody:
    """Parse the body; members added by later versions of the program take their defaults."""
    values = json.loads(text)
    known = {field.name: values[field.name] for field in fields(RuleBody) if field.name in values}
    return RuleBody(**known | {"star_hours": tuple(known.get("star_hours", RuleBody().star_hours))})


def check_body(body: RuleBody) -> None:
    """Raises Rejected("rules.body_invalid") for a value out of range."""
    for field in fields(RuleBody):
        value = getattr(body, field.name)
        if isinstance(value, str):
            continue
        numbers = value if isinstance(value, tuple) else (value,)
        if any(number < 0 or number > 1_000_000 for number in numbers):
            raise Rejected("rules.body_invalid", field=field.name)
    if not 1 <= body.people_per_code <= MOST_PEOPLE_PER_CODE:
        raise Rejected("rules.body_invalid", field="people_per_code")
    expiry_policy.check(body.points_expire)
    check_star_hours(body.star_hours)


def check_star_hours(hours: tuple[int, ...]) -> None:
    """Raises Rejected("rules.body_invalid") unless each star takes more hours than the one before."""
    if not hours or list(hours) != sorted(set(hours)):
        raise Rejected("rules.body_invalid", field="star_hours")


def stars(minutes: int, body: RuleBody) -> int:
    """Number of stars for the confirmed minutes."""
    return sum(1 for hours in body.star_hours if minutes >= hours * 60)
