"""Concurrent sealers and postings: one leaf per batch, and no posting waits for the sealer."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from ledger.kernel.db import in_transaction
from ledger.points.sealing.service import seal
from tests.at_once import LONGEST_SECONDS, at_once
from tests.points.books import member
from tests.points.logs import Log, assert_whole, award
from tests.points.test_races import Pair
from tests.runtimes import use_database

MOMENT = datetime(2026, 6, 3, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def pair(own_database_url: str) -> Iterator[Pair]:
    """Two services on a database of their own."""
    both = Pair(own_database_url)
    yield both
    for database in both.databases:
        database.close()


@pytest.mark.parametrize("own_database_url", ["postgresql"], indirect=True)
def test_a_batch_that_commits_late_is_sealed_late_and_nobody_waits(pair: Pair) -> None:
    """SQLite has one writer, so nobody can commit in between."""
    books, log = pair.books, Log(pair.books.center_id)
    taken, sealed = threading.Event(), threading.Event()
    first = books.award(1).batch_id
    log.seal()

    def slow(session: Session) -> int:
        posted = books.post_in(session, award(2))
        taken.set()
        assert sealed.wait(LONGEST_SECONDS)
        return posted.batch_id

    def quick() -> int:
        use_database(pair.databases[1])
        assert taken.wait(LONGEST_SECONDS)
        try:
            return books.award(5).batch_id if log.seal() == 0 else 0
        finally:
            assert log.seal() == 1
            sealed.set()

    late, batch = at_once([lambda: in_transaction(slow), quick])

    assert late < batch
    assert log.seal() == 1
    assert [leaf.batch_id for leaf in log.leaves] == [first, batch, late]
    assert_whole(log)


@pytest.mark.parametrize("own_database_url", ["postgresql"], indirect=True)
def test_a_posting_does_not_wait_for_the_sealer(pair: Pair) -> None:
    books, sealed, posted = pair.books, threading.Event(), threading.Event()
    books.award(500)

    def slow(session: Session) -> int:
        number = seal(session, books.center_id)
        sealed.set()
        assert posted.wait(LONGEST_SECONDS)
        return number

    def post() -> None:
        use_database(pair.databases[1])
        assert sealed.wait(LONGEST_SECONDS)
        books.award(7)
        books.spend(3)
        books.resolve(books.hold(2), "post")
        posted.set()

    assert at_once([lambda: in_transaction(slow), post]) == [1, None]
    assert_whole(Log(books.center_id))


def test_two_sealers_give_each_batch_one_leaf(pair: Pair) -> None:
    log = Log(pair.books.center_id)
    for number in range(60):
        pair.books.award(number + 1)

    outcomes = pair.race(15, *[lambda _round: log.seal(limit=3)] * 2)

    assert sum(sum(outcome) for outcome in outcomes) == 60
    assert_whole(log)


def test_sealers_and_writers_at_once_leave_nothing_out(pair: Pair) -> None:
    books, log, each = pair.books, Log(pair.books.center_id), 25
    books.award(1_000)

    def write(number: int) -> None:
        use_database(pair.databases[number % 2])
        for _ in range(each):
            books.award(3, member(number))
            books.spend(1, member(number))

    def seal_often(number: int) -> int:
        use_database(pair.databases[number % 2])
        return sum(log.seal(limit=5) for _ in range(each))

    writers = [lambda number=number: write(number) for number in range(4)]
    sealers = [lambda number=number: seal_often(number) for number in range(2)]
    outcomes = at_once([*writers, *sealers])

    assert outcomes[:4] == [None] * 4
    assert sum(outcomes[4:]) == len(log.leaves)
    while log.seal():
        assert_whole(log)
    assert log.waiting == []
    assert_whole(log)
