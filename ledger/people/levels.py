"""Levels in a center: 0 volunteer, 1 any role, 2 who decides or audits. Credentials end when a person's level rises."""

from collections.abc import Iterable
from datetime import timedelta

from ledger.kernel.permissions import Permission
from ledger.people.policy import counting

VOLUNTEER, STAFF, DECIDER = 0, 1, 2
DECIDES = frozenset({Permission.PROPOSE, Permission.DECIDE, Permission.RELEASE_AS_ADMIN, Permission.MANAGE_STAFF})
AUDITS = frozenset({Permission.READ_BOOKS, Permission.RELEASE_AS_AUDITOR})
# A code that lets somebody decide or audit lies about for a day at most.
CODE_LASTS = {VOLUNTEER: timedelta(days=7), STAFF: timedelta(days=7), DECIDER: timedelta(hours=24)}


def level_of(roles: Iterable[tuple[str, str]]) -> int:
    """The level of somebody with these roles in force, as (role, place path): what does not count there adds none."""
    return max((_level(role, place_path) for role, place_path in roles), default=VOLUNTEER)


def _level(role: str, place_path: str) -> int:
    return DECIDER if counting(role, place_path) & (DECIDES | AUDITS) else STAFF
