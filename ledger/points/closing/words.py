"""Months of the book as people read them."""

from ledger.kernel import clock
from ledger.points.closing.months import month_start
from ledger.web.formats import local_month, reader_language


def month_words(month: str) -> str:
    """2026年5月."""
    return local_month(month_start(month, clock.zone()), locale=reader_language())
