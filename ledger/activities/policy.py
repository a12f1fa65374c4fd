"""Pure decisions about activities: valid names and times, and who gets a place in a shift."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import ledger.activities.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.characters import settle
from ledger.kernel.errors import Rejected

STATUSES = DRAFT, APPROVED, CANCELLED = "draft", "approved", "cancelled"
SIGNED_UP, WAITLISTED, SIGNUP_CANCELLED = "signed_up", "waitlisted", "cancelled"
# A scan only considers shifts that began within this time before it, so it never reads years of old shifts.
LONGEST_SHIFT = timedelta(hours=24)
NAME_LENGTH, CATEGORY_LENGTH = 80, 20
MOST_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class ShiftView:
    """A shift, with what a scan needs to know about its activity and station."""

    id: int
    activity_id: int
    activity_name: str
    activity_status: str
    category: str
    station_id: int
    station_name: str
    station_path: str
    starts_at: datetime
    ends_at: datetime
    capacity: int | None
    walk_in: bool
    cancelled_at: datetime | None


def clean_name(text: str) -> str:
    """An activity's name without stray spaces. Raises Rejected("activities.name_invalid")."""
    return _clean(text, "activities.name_invalid", NAME_LENGTH)


def clean_category(text: str) -> str:
    """A category (社区服务, 助老…) without stray spaces. Raises Rejected("activities.category_invalid")."""
    return _clean(text, "activities.category_invalid", CATEGORY_LENGTH)


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    """Raises Rejected("activities.times_invalid") unless the end comes after the start and within a day."""
    if not timedelta(0) < ends_at - starts_at <= LONGEST_SHIFT:
        raise Rejected("activities.times_invalid", most_hours=int(LONGEST_SHIFT / timedelta(hours=1)))


def check_capacity(capacity: int | None) -> None:
    """Raises Rejected("activities.capacity_invalid") unless it is None or within bounds."""
    if capacity is not None and not 0 < capacity <= MOST_PEOPLE:
        raise Rejected("activities.capacity_invalid")


def status_for(taken: int, capacity: int | None) -> str:
    """The status of the next sign-up if `taken` places are taken."""
    return SIGNED_UP if capacity is None or taken < capacity else WAITLISTED


def _clean(text: str, code: str, most: int) -> str:
    cleaned = settle(text)
    if not 1 <= len(cleaned) <= most or not cleaned.isprintable():
        raise Rejected(code, most=most)
    return cleaned
