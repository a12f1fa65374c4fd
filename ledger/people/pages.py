"""All pages of people, by the one blueprint they share."""

from ledger.people.access import pages as access_pages
from ledger.people.access import staff_pages
from ledger.people.blueprint import bp
from ledger.people.volunteers import pages as volunteer_pages

__all__ = ["access_pages", "bp", "staff_pages", "volunteer_pages"]
