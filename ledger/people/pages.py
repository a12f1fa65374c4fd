"""Registers all pages of people on their shared blueprint."""

from ledger.people.access import (
    attempt_pages,
    blocking_pages,
    contact_pages,
    event_pages,
    factor_pages,
    household_pages,
    lost_factor_pages,
    own_pages,
    revoking_pages,
    staff_household_pages,
    staff_pages,
)
from ledger.people.access import pages as access_pages
from ledger.people.blueprint import bp
from ledger.people.volunteers import pages as volunteer_pages

__all__ = [
    "access_pages",
    "attempt_pages",
    "blocking_pages",
    "bp",
    "contact_pages",
    "event_pages",
    "factor_pages",
    "household_pages",
    "lost_factor_pages",
    "own_pages",
    "revoking_pages",
    "staff_household_pages",
    "staff_pages",
    "volunteer_pages",
]
