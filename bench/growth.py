"""What a posting costs in a long book against a short one. Long books are made by set statements, once, and kept.

The book is as the product would have written it: a visit of each member in turn, with hours, points and their lot.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.book import Book, new_book, open_book
from bench.measuring import Figure, cpu_seconds, in_turns, written_bytes

# So that a member has as many lots in every book, and only its length differs.
TRANSFERS_PER_MEMBER = 50
# All of it is of one minute, so that "waits for its leaf since then" has one answer; its key comes from the number.
BEGAN = datetime(2026, 6, 3, 8, tzinfo=UTC)
AFTERWARDS = BEGAN + timedelta(minutes=5)
_VISITS = "WITH RECURSIVE visit(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM visit WHERE n + 1 < :visits)"
_AT = "printf('2026-06-03T08:%02d:%02d.%06dZ', n / 60000000, n / 1000000 % 60, n % 1000000)"
_HOURS, _POINTS = "n % :members", "n % :members + :members"
_STATEMENTS = (
    f"""INSERT INTO account (center_id, id, unit, kind, owner_id, counted, in_lots, overdraft, debits_pending,
        debits_posted, credits_pending, credits_posted, version, opened_at, last_recorded_at)
    WITH RECURSIVE member(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM member WHERE n + 1 < 2 * :members)
    SELECT :center, 10 + n, CASE WHEN n < :members THEN 'minute' ELSE 'point' END, 'member', 1 + n % :members, 1,
        n >= :members, 0, 0, 0, 0, CASE WHEN n < :members THEN 120 ELSE 20000 END * :each, :each,
        '2026-06-03T08:00:00.000000Z',
        (SELECT {_AT} FROM (SELECT member.n % :members + (:each - 1) * :members AS n))
    FROM member""",
    """INSERT INTO account (center_id, id, unit, kind, owner_id, counted, in_lots, overdraft, debits_pending,
        debits_posted, credits_pending, credits_posted, version, opened_at)
    VALUES (:center, 1, 'minute', 'service', 0, 0, 0, 0, 0, 0, 0, 0, 0, '2026-06-03T08:00:00.000000Z'),
        (:center, 2, 'point', 'issuance', 0, 0, 0, 0, 0, 0, 0, 0, 0, '2026-06-03T08:00:00.000000Z')""",
    f"""INSERT INTO batch (center_id, id, source_type, source_ref, step, effective_at, recorded_at, actor_id, reason,
        evidence_hash)
    {_VISITS} SELECT :center, 1 + n, 'bench', CAST(1 + n AS TEXT), 'award:1', {_AT}, {_AT}, 1, 'bench',
        printf('%064d', n) FROM visit""",
    f"""INSERT INTO unsealed (center_id, batch_id) {_VISITS} SELECT :center, 1 + n FROM visit""",
    f"""INSERT INTO transfer (center_id, id, batch_id, unit, debit_account_id, credit_account_id, amount, code, kind,
        credit_version, credit_balance_after, credit_held_after, recorded_at)
    {_VISITS} SELECT :center, 1 + 2 * n, 1 + n, 'minute', 1, 10 + {_HOURS}, 120, 'hours', 'posted',
        1 + n / :members, 120 * (1 + n / :members), 0, {_AT} FROM visit""",
    f"""INSERT INTO transfer (center_id, id, batch_id, unit, debit_account_id, credit_account_id, amount, code, kind,
        credit_version, credit_balance_after, credit_held_after, recorded_at)
    {_VISITS} SELECT :center, 2 + 2 * n, 1 + n, 'point', 2, 10 + {_POINTS}, 20000, 'award', 'posted',
        1 + n / :members, 20000 * (1 + n / :members), 0, {_AT} FROM visit""",
    f"""INSERT INTO lot (center_id, id, account_id, transfer_id, amount, earned_at, expires_on, remaining, held)
    {_VISITS} SELECT :center, 1 + n, 10 + {_POINTS}, 2 + 2 * n, 20000, {_AT}, '2027-12-31', 20000, 0 FROM visit""",
)


def long_book(folder: Path, transfers: int) -> Book:
    """A book of so many transfers in a folder, made where it is not there yet."""
    path = folder / f"book-{transfers}.sqlite3"
    url = f"sqlite:///{path}"
    members = transfers // TRANSFERS_PER_MEMBER
    if path.exists():
        return open_book(url, members=members)
    making = path.with_suffix(".making")
    making.unlink(missing_ok=True)
    book = new_book(f"sqlite:///{making}", members=0)
    book.database.close()
    visits = transfers // 2
    values = {"center": book.center_id, "visits": visits, "members": members, "each": visits // members}
    with closing(sqlite3.connect(making, isolation_level=None)) as driver:
        driver.execute("PRAGMA synchronous=OFF")
        for statement in _STATEMENTS:
            driver.execute(statement, values)
    making.rename(path)
    return open_book(url, members=members)


def growth(folder: Path, lengths: tuple[int, int], *, times: int, rounds: int) -> Iterator[Figure]:
    """A posting in the long book over the same in the short one: processor time, and bytes given to the system."""
    books = [long_book(folder, transfers) for transfers in lengths]
    for book in books:
        book.prepare()
    what = f"{lengths[1]:,} / {lengths[0]:,} transfers"
    for name, work in (("award", _awards), ("hold and confirm", _sales), ("raw transfer", _raw)):
        for unit, measure in (("CPU", cpu_seconds), ("bytes", _bytes_of)):
            one, other = (lambda book=book: measure(lambda: work(book, times)) for book in books)  # noqa: B023
            yield Figure(f"G8 {name}, {unit}", what, in_turns(one, other, rounds=rounds), at_most=1.10)
    for book in books:
        book.database.close()


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


def _bytes_of(work: Callable[[], object]) -> float:
    before = written_bytes()
    work()
    return written_bytes() - before
