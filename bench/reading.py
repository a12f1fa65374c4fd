"""What a read costs in a long book compared with a short one: a receipt's lots, a statement, a member's history."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from bench.book import Book
from bench.growth import copy_of
from bench.long_book import long_book
from bench.measuring import Figure, cpu_seconds, in_turns
from ledger.home import history
from ledger.home.history import HistoryFilter
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import PageRequest
from ledger.points.book import entries
from ledger.points.book.queries import accounts_by_key
from ledger.points.lots.listing import used_by_holds
from ledger.points.policy import POINT, AccountKey
from tests.runtimes import ZONE, use_database

PAGE = 20
# The reader has as many entries in both books, so they don't count towards growth.
_OWN_SALES = 5


class _Reader:
    """A member who reads their own entries after other members have bought something too."""

    def __init__(self, book: Book, sales: int) -> None:
        self.book = book
        book.prepare()
        for _ in range(sales):
            book.hold()
            book.confirm()
        for _ in range(_OWN_SALES):
            book.hold()
        self.holds = book.held[-1]
        book.confirm()
        key = AccountKey(POINT, "member", 1)
        self.account_id = in_snapshot(accounts_by_key, [key], book.center_id)[key].id
        self.actor = Actor(1, book.center_id, frozenset(), volunteer_id=1)

    def receipt(self, session: Session) -> None:
        """The lots that a sale of three lines used up."""
        used_by_holds(session, self.holds, self.book.center_id)

    def statement(self, session: Session) -> None:
        """The newest entries of an account."""
        entries.statement(session, self.account_id, self.book.center_id, request=PageRequest(PAGE))

    def history(self, session: Session) -> None:
        """The newest entries of the history."""
        history.list_happenings(session, self.actor, HistoryFilter(), ZONE, request=PageRequest(PAGE))

    def look(self, how: Callable[["_Reader", Session], None], times: int) -> float:
        """Processor seconds for `times` reads."""
        use_database(self.book.database)
        return cpu_seconds(lambda: [in_snapshot(lambda session: how(self, session)) for _ in range(times)])


def reading(
    folder: Path, books: Path, lengths: tuple[int, int], *, sales: tuple[int, int], times: int, rounds: int
) -> Iterator[Figure]:
    """A read in the long book over the same in the short one, on SQLite."""
    small, large = (
        _Reader(copy_of(long_book(books, transfers), folder), sold)
        for transfers, sold in zip(lengths, sales, strict=True)
    )
    what = f"{lengths[1]:,} transfers, {sales[1]:,} sales / {lengths[0]:,}, {sales[0]:,} (SQLite, CPU)"
    for name, how in (
        ("receipt's lots", _Reader.receipt),
        ("statement", _Reader.statement),
        ("history", _Reader.history),
    ):
        ratios = in_turns(lambda: small.look(how, times), lambda: large.look(how, times), rounds=rounds)  # noqa: B023
        yield Figure(f"G8 {name}", what, ratios, at_most=1.10)
    for reader in (small, large):
        reader.book.database.close()
