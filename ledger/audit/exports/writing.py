"""Write the book of a center as a journal: header, batches, and finally our balances for checking."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TextIO
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ledger.audit.exports import beancount, hledger
from ledger.audit.exports.book import Book, Event, Holding, events, read_book
from ledger.kernel import clock

Progress = Callable[[int, int], None]
_TELL_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Style:
    """The syntax of a tool; all parts are text that is written unchanged."""

    suffix: str
    opening: Callable[[Book], Iterator[str]]
    entry: Callable[[Event], str]
    assertions: Callable[[date, Iterable[tuple[Holding, int]]], Iterator[str]]


STYLES: dict[str, Style] = {
    "hledger": Style(hledger.SUFFIX, hledger.opening, hledger.entry, hledger.assertions),
    "beancount": Style(beancount.SUFFIX, beancount.opening, beancount.entry, beancount.assertions),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """Numbers of what was written."""

    batches: int
    transfers: int
    accounts: int


def export(
    session: Session,
    center_id: int,
    style: Style,
    file: TextIO,
    *,
    zone: ZoneInfo,
    month_ends: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write a center's book as of the session's snapshot; `progress(done, total)` counts batches.

    With `month_ends` the balances that changed in a month are asserted at its end as well. Raises
    NotFound("organisations.center_not_found").
    """
    book = read_book(session, center_id, zone)
    file.writelines(style.opening(book))
    months = _Months() if month_ends else None
    last_day = book.first_day
    for number, event in enumerate(events(session, center_id, book)):
        if progress is not None and number % _TELL_EVERY == 0:
            progress(number, book.batches)
        if months is not None:
            file.writelines(months.before(event, style))
        file.write(style.entry(event))
        last_day = event.day
    balances = ((holding, holding.balance) for holding in book.holdings.values())
    file.writelines(style.assertions(max(last_day, clock.local_day(book.exported_at, zone)), balances))
    if progress is not None:
        progress(book.batches, book.batches)
    return Exported(book.batches, book.transfers, len(book.holdings))


@dataclass(slots=True)
class _Months:
    """Balances at the end of each month, by the effective day of the batches."""

    first: date | None = None
    balances: dict[int, int] = field(default_factory=dict)
    changed: dict[int, Holding] = field(default_factory=dict)

    def before(self, event: Event, style: Style) -> Iterator[str]:
        """Apply an event; when it begins a new month, first assert the balances of the month before."""
        first = event.day.replace(day=1)
        if self.first is not None and first > self.first and self.changed:
            last_day = (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            yield from style.assertions(last_day, [(each, self.balances[each.id]) for each in self.changed.values()])
            self.changed.clear()
        self.first = first
        for move in event.moves:
            if move.posted:
                for holding, amount in ((move.debit, -move.posted), (move.credit, move.posted)):
                    self.balances[holding.id] = self.balances.get(holding.id, 0) + amount
                    self.changed[holding.id] = holding
