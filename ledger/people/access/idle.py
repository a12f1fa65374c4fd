"""How long a log-in lasts without use, and how often use is noted: staff share computers, a phone is its owner's."""

from datetime import datetime, timedelta

_STAFF_ENDS_AFTER, _VOLUNTEER_ENDS_AFTER = timedelta(hours=12), timedelta(days=30)
_STAFF_NOTED_EVERY, _VOLUNTEER_NOTED_EVERY = timedelta(minutes=15), timedelta(days=1)


def ends_after(*, is_staff: bool) -> timedelta:
    """How long after its last noted use a log-in ends."""
    return _STAFF_ENDS_AFTER if is_staff else _VOLUNTEER_ENDS_AFTER


def is_due(used_at: datetime, now: datetime, *, is_staff: bool) -> bool:
    """Whether a use now is to be noted: the last noted one is long enough ago."""
    return now - used_at >= (_STAFF_NOTED_EVERY if is_staff else _VOLUNTEER_NOTED_EVERY)
