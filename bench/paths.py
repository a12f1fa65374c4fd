"""Each path of a posting against raw SQL: the product's own statements, replayed by the bare driver.

The product's statements are recorded while it posts. A copy of the earlier database then gets the same
statements with the same values and ends with the same rows; the replay decides nothing and makes no keys.
Recording counts as the product's time.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from bench.book import Book, new_book, sqlite_book
from bench.measuring import Figure, cpu_seconds, wall_seconds
from bench.recording import Recorder, Sent, replay_unit, sqlite_driver
from ledger.kernel.engines import is_sqlite
from tests.databases import PostgresServer, drop_postgres_database, fresh_postgres_database


@dataclass(frozen=True)
class Work:
    """The amount of work in each round."""

    members: int
    times: int
    chain: int
    rounds: int


def _record(book: Book, step: Callable[[], None], times: int) -> tuple[float, Recorder]:
    recorder = Recorder(book.database.writer)

    def work() -> None:
        for _ in range(times):
            step()

    measure = cpu_seconds if is_sqlite(book.database.url) else wall_seconds
    with recorder.listening():
        return measure(work), recorder


def _replay_sqlite(path: Path, units: list[list[Sent]]) -> float:
    with closing(sqlite_driver(path)) as driver:
        return cpu_seconds(lambda: [replay_unit(driver, unit) for unit in units])


def _replay_postgres(url: str, units: list[list[Sent]]) -> float:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as driver, driver.cursor() as cursor:

        def work() -> None:
            for unit in units:
                cursor.execute("BEGIN")
                for text, values, many in unit:
                    (cursor.executemany if many else cursor.execute)(sql.SQL(text), values)  # type: ignore[arg-type]
                cursor.execute("COMMIT")

        return wall_seconds(work)


@contextmanager
def _copy_of(book: Book, folder: Path, server: PostgresServer | None) -> Iterator[Callable[[list[list[Sent]]], float]]:
    """Copy the book as it is now; returns a function that replays units on the copy."""
    book.database.close()
    if server is None:
        copy = folder / "copy.sqlite3"
        for name in ("copy.sqlite3-wal", "copy.sqlite3-shm"):
            (folder / name).unlink(missing_ok=True)
        shutil.copyfile(book.database.url.removeprefix("sqlite:///"), copy)
        yield lambda units: _replay_sqlite(copy, units)
        return
    url = fresh_postgres_database(server, template=book.database.url.rpartition("/")[2])
    yield lambda units: _replay_postgres(url, units)
    drop_postgres_database(server, url)


def _paths(book: Book, work: Work) -> list[tuple[str, Callable[[], None], int]]:
    return [
        ("award at a check-out", book.award, work.times),
        ("hold of 3 lines", book.hold, work.times),
        ("confirm of 3 lines", book.confirm, work.times),
        ("raw transfer", lambda: book.chain(1), work.times),
        (f"raw chain of {work.chain}", lambda: book.chain(work.chain), max(1, work.times // 50)),
    ]


def _figures(book: Book, folder: Path, server: PostgresServer | None, work: Work) -> Iterator[Figure]:
    kind = "SQLite, CPU" if server is None else "PostgreSQL, clock"
    ratios: dict[str, list[float]] = {}
    for round_ in range(work.rounds + 1):
        for name, step, number in _paths(book, work):
            with _copy_of(book, folder, server) as replay:
                ours, recorder = _record(book, step, number)
                ratio = replay(recorder.units) / ours
            if round_:
                ratios.setdefault(name, []).append(ratio)
    for name, found in ratios.items():
        yield Figure(f"G5 {name}", f"raw SQL / product ({kind})", tuple(found), at_least=0.6)


def on_sqlite(folder: Path, work: Work) -> Iterator[Figure]:
    """The paths on a SQLite file, in processor time, because both use the disk equally."""
    with sqlite_book(folder, members=work.members) as book:
        yield from _figures(book, folder, None, work)


def on_postgres(folder: Path, server: PostgresServer, work: Work) -> Iterator[Figure]:
    """The paths on PostgreSQL, by the clock: another process does most of the work."""
    url = fresh_postgres_database(server)
    book = new_book(url, members=work.members)
    yield from _figures(book, folder, server, work)
    book.database.close()
    drop_postgres_database(server, url)
