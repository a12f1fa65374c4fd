"""What it costs to prove the book: recompute it, compute its trial balance, seal it and verify the seals."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.book import Book, sqlite_book
from bench.long_book import AFTERWARDS, long_book, long_book_on_postgres
from bench.measuring import Figure, Timed, cpu_seconds, in_turns, wall_seconds
from ledger.audit.checks.finding import Difference
from ledger.audit.checks.scope import Scope
from ledger.audit.verifying.verify import STEPS
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.engines import is_sqlite
from ledger.points.book import queries
from ledger.points.models import Batch
from ledger.points.sealing.facts import stream_leaves
from ledger.points.sealing.service import seal
from tests.databases import PostgresServer, drop_postgres_database
from tests.runtimes import use_database

Measure = Callable[[Callable[[], object]], float]
_SCAN = sa.text("SELECT sum(amount) FROM transfer NOT INDEXED")
_SCAN_ON_POSTGRES = sa.text("SELECT sum(amount) FROM transfer")
# The rows of the leaves, fetched by the bare driver in the tables' order, a few at a time: the fastest way to read all.
_ROWS = [f"SELECT * FROM {table}" for table in ("leaf", "batch", "transfer", "lot", "lot_use")]
_ROWS_AT_ONCE = 1_024
_SEALS_PER_ROUND = 4


def rederiving(books: Path, *, transfers: int, rounds: int) -> Iterator[Figure]:
    """Trial balance and full verification of a long book over a bare scan that sums its amounts."""
    book = long_book(books, transfers)
    yield from _rederived(book, "SQLite, CPU", cpu_seconds, transfers, rounds)
    book.database.close()


def rederiving_on_postgres(server: PostgresServer, *, transfers: int, rounds: int) -> Iterator[Figure]:
    """The same on PostgreSQL, by the clock."""
    book = long_book_on_postgres(server, transfers)
    yield from _rederived(book, "PostgreSQL, clock", wall_seconds, transfers, rounds)
    book.database.close()
    drop_postgres_database(server, book.database.url)


def _rederived(book: Book, how: str, measure: Measure, transfers: int, rounds: int) -> Iterator[Figure]:
    """Over one scan of the transfers, and over two: an entry is one side of a transfer, so two scans read each once."""
    at_most = 2 if "SQLite" in how else 2.5
    floor = _SCAN if is_sqlite(book.database.url) else _SCAN_ON_POSTGRES

    def scan(session: Session) -> int:
        return int(session.execute(floor).scalar_one())

    def once() -> float:
        return measure(lambda: in_snapshot(scan))

    def twice() -> float:
        return once() + once()

    def balance() -> float:
        return measure(lambda: in_snapshot(queries.trial_balance, book.center_id))

    use_database(book.database)
    for entries, over in ((f"{transfers:,} transfers", once), (f"{2 * transfers:,} entries", twice)):
        ratios = in_turns(over, balance, rounds=rounds)
        yield Figure(f"G9 trial balance ({how})", f"{entries} / sum(amount)", ratios, at_most=at_most)
    yield from _verified(book, how, measure, once, at_most)


def _verified(book: Book, how: str, measure: Measure, scan: Timed, at_most: float) -> Iterator[Figure]:
    """All steps together, and each that takes at least half of a scan, in one round."""
    one = min(scan() for _ in range(3))
    spent: dict[str, float] = {}
    with clock.at(AFTERWARDS), book.database.snapshot() as session:
        scope = Scope(book.center_id, clock.now())
        for name, check, _model in STEPS:
            found: list[Difference] = []
            spent[name] = measure(lambda: found.extend(check(session, scope, lambda _rows: None)))  # noqa: B023
            if found:
                raise RuntimeError(f"a book that does not agree says nothing: {found[0]}")
    whole = (sum(spent.values()) / one,)
    yield Figure(f"G9 full verification ({how})", "all steps / sum(amount)", whole, at_most=at_most)
    for name, seconds in spent.items():
        if seconds >= one / 2:
            yield Figure(f"G9 step {name} ({how})", "step / sum(amount)", (seconds / one,))


def sealing_of(folder: Path, *, batches: int, rounds: int) -> Iterator[Figure]:
    """Sealing over posting, the wait of a batch for its leaf under load, and verification of the seals."""
    with sqlite_book(folder, members=50) as book:
        each = max(1, batches // (rounds + 1))

        def post() -> float:
            return cpu_seconds(lambda: [book.award() for _ in range(each)])

        yield Figure("sealing a batch", "seal / post (CPU)", in_turns(post, lambda: _seal_all(book), rounds=rounds))
        yield Figure("seal lag, sealed after every 50", "seconds, worst", tuple(_lags(book, each, rounds)))
        yield _walking(book, "awards", rounds)
        for _ in range(each):
            book.hold()
            book.confirm()
        _seal_all(book)
        yield _walking(book, "awards, holds and confirms", rounds)


def _walking(book: Book, what: str, rounds: int) -> Figure:
    ratios = in_turns(lambda: _read(book, _leaves), lambda: _read(book, _rows), rounds=rounds)
    return Figure(f"G10 seal verification, {what}", "plain row fetch / stream_leaves (CPU)", ratios, at_least=0.6)


def _seal_all(book: Book) -> float:
    def work() -> None:
        while book.run(seal, book.center_id):
            pass

    return cpu_seconds(work)


def _lags(book: Book, each: int, rounds: int) -> Iterator[float]:
    """Post continuously and seal now and then; the age of the oldest batch when it gets its leaf."""
    for _ in range(rounds):
        worst = 0.0
        for _ in range(_SEALS_PER_ROUND):
            for _ in range(min(50, each)):
                book.award()
            oldest = in_snapshot(_oldest_waiting, book.center_id)
            _seal_all(book)
            worst = max(worst, (clock.now() - oldest).total_seconds())
        yield worst


def _oldest_waiting(session: Session, center_id: int) -> datetime:
    waiting = sa.text("SELECT min(batch_id) FROM unsealed WHERE center_id = :center")
    batch_id = session.execute(waiting, {"center": center_id}).scalar_one()
    query = sa.select(Batch.recorded_at).where(Batch.center_id == center_id, Batch.id == batch_id)
    return session.execute(query).scalar_one()


def _read(book: Book, work: Callable[[Session, int], int]) -> float:
    return cpu_seconds(lambda: in_snapshot(work, book.center_id))


def _leaves(session: Session, center_id: int) -> int:
    leaves = stream_leaves(session, center_id)
    return sum(facts is not None and facts.leaf_hash == hash_ for _, _, hash_, facts in leaves)


def _rows(session: Session, _center_id: int) -> int:
    driver: Any = session.connection().connection.driver_connection
    number = 0
    for query in _ROWS:
        cursor = driver.execute(query)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            number += len(rows)
    return number
