"""What a posting costs in a long book compared with a short one."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.book import Book, open_book
from bench.long_book import long_book, long_book_on_postgres
from bench.measuring import Figure, Timed, bytes_of, cpu_seconds, in_turns, wall_seconds
from tests.databases import PostgresServer, drop_postgres_database


def growth(folder: Path, books: Path, lengths: tuple[int, int], *, times: int, rounds: int) -> Iterator[Figure]:
    """A posting in the long book over the same in the short one: processor time, and bytes handed to the system."""
    grown = [copy_of(long_book(books, transfers), folder) for transfers in lengths]
    for name, unit, ratios in _ratios(grown, {"CPU": cpu_seconds, "bytes": bytes_of}, times, rounds):
        yield Figure(f"G8 {name}, {unit}", _what(lengths), ratios, at_most=1.10)
    for book in grown:
        book.database.close()
        Path(book.database.url.removeprefix("sqlite:///")).unlink()


def growth_on_postgres(
    server: PostgresServer, lengths: tuple[int, int], *, times: int, rounds: int
) -> Iterator[Figure]:
    """The same on PostgreSQL, by the clock: another process does most of the work."""
    grown = [long_book_on_postgres(server, transfers) for transfers in lengths]
    for name, unit, ratios in _ratios(grown, {"PostgreSQL, clock": wall_seconds}, times, rounds):
        yield Figure(f"G8 {name}, {unit}", _what(lengths), ratios, at_most=1.10)
    for book in grown:
        book.database.close()
        drop_postgres_database(server, book.database.url)


def copy_of(book: Book, folder: Path) -> Book:
    """Copy the book to another file: the kept one must stay unchanged for the next run."""
    book.database.close()
    kept = Path(book.database.url.removeprefix("sqlite:///"))
    copy = folder / f"grown-{kept.name}"
    shutil.copyfile(kept, copy)
    return open_book(f"sqlite:///{copy}", members=book.members)


def _what(lengths: tuple[int, int]) -> str:
    return f"{lengths[1]:,} / {lengths[0]:,} transfers"


def _ratios(
    books: list[Book], units: dict[str, Callable[[Callable[[], object]], float]], times: int, rounds: int
) -> Iterator[tuple[str, str, tuple[float, ...]]]:
    for book in books:
        book.prepare()
    for name, work in (("award", _awards), ("hold and confirm", _sales), ("raw transfer", _raw)):
        for unit, measure in units.items():
            one, other = (_timed(measure, work, book, times) for book in books)
            yield name, unit, in_turns(one, other, rounds=rounds)


def _timed(
    measure: Callable[[Callable[[], object]], float], work: Callable[[Book, int], None], book: Book, times: int
) -> Timed:
    return lambda: measure(lambda: work(book, times))


def _awards(book: Book, times: int) -> None:
    for _ in range(times):
        book.award()


def _sales(book: Book, times: int) -> None:
    for _ in range(times):
        book.hold()
        book.confirm()


def _raw(book: Book, times: int) -> None:
    for _ in range(times):
        book.chain(1)
