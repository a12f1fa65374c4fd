"""Long books, with the rows that the product would write, built once by set statements and kept.

Members visit in turn, and each visit has hours, points and their lot. Each posting is its own source, so that
verification finds nothing.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench.book import Book, new_book, open_book
from ledger.kernel.engines import is_sqlite
from ledger.kernel.migrations import upgrade
from tests.databases import PostgresServer, fresh_postgres_database

# Members have equally many lots in every book, so that only its length differs.
TRANSFERS_PER_MEMBER = 50
# Everything is recorded in one minute, so that all batches wait for their leaf equally long; keys come from the number.
BEGAN = datetime(2026, 6, 3, 8, tzinfo=UTC)
AFTERWARDS = BEGAN + timedelta(minutes=5)
_ON_SQLITE = {
    "at": "printf('2026-06-03T08:%02d:%02d.%06dZ', n / 60000000, n / 1000000 % 60, n % 1000000)",
    "began": "'2026-06-03T08:00:00.000000Z'",
    "hash": "printf('%064d', n)",
    "day": "'2027-12-31'",
    "yes": "1",
    "no": "0",
}
_ON_POSTGRES = {
    "at": "TIMESTAMPTZ '2026-06-03 08:00Z' + n * INTERVAL '1 microsecond'",
    "began": "TIMESTAMPTZ '2026-06-03 08:00Z'",
    "hash": "lpad(CAST(n AS TEXT), 64, '0')",
    "day": "DATE '2027-12-31'",
    "yes": "true",
    "no": "false",
}
_VISITS = "WITH RECURSIVE visit(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM visit WHERE n + 1 < {visits})"
_HOURS, _POINTS = "n % {members}", "n % {members} + {members}"
_STATEMENTS = (
    """INSERT INTO account (center_id, id, unit, kind, owner_id, counted, in_lots, overdraft, debits_pending,
        debits_posted, credits_pending, credits_posted, version, opened_at, last_recorded_at)
    WITH RECURSIVE member(m) AS (SELECT 0 UNION ALL SELECT m + 1 FROM member WHERE m + 1 < 2 * {members}),
        last(m, n) AS (SELECT m, m % {members} + ({each} - 1) * {members} FROM member)
    SELECT {center}, 10 + m, CASE WHEN m < {members} THEN 'minute' ELSE 'point' END, 'member', 1 + m % {members}, {yes},
        m >= {members}, {no}, 0, 0, 0, CASE WHEN m < {members} THEN 120 ELSE 20000 END * {each}, {each}, {began}, {at}
    FROM last""",
    """INSERT INTO account (center_id, id, unit, kind, owner_id, counted, in_lots, overdraft, debits_pending,
        debits_posted, credits_pending, credits_posted, version, opened_at)
    VALUES ({center}, 1, 'minute', 'service', 0, {no}, {no}, {no}, 0, 0, 0, 0, 0, {began}),
        ({center}, 2, 'point', 'issuance', 0, {no}, {no}, {no}, 0, 0, 0, 0, 0, {began})""",
    f"""INSERT INTO batch (center_id, id, source_type, source_ref, step, effective_at, recorded_at, actor_id, reason,
        evidence_hash)
    {_VISITS} SELECT {{center}}, 1 + n, 'transfer', CAST(1 + 2 * n AS TEXT), 'award:1', {{at}}, {{at}}, 1, 'bench',
        {{hash}} FROM visit""",
    f"""INSERT INTO unsealed (center_id, batch_id) {_VISITS} SELECT {{center}}, 1 + n FROM visit""",
    f"""INSERT INTO transfer (center_id, id, batch_id, unit, debit_account_id, credit_account_id, amount, code, kind,
        credit_version, credit_balance_after, credit_held_after, recorded_at)
    {_VISITS} SELECT {{center}}, 1 + 2 * n, 1 + n, 'minute', 1, 10 + {_HOURS}, 120, 'hours', 'posted',
        1 + n / {{members}}, 120 * (1 + n / {{members}}), 0, {{at}} FROM visit""",
    f"""INSERT INTO transfer (center_id, id, batch_id, unit, debit_account_id, credit_account_id, amount, code, kind,
        credit_version, credit_balance_after, credit_held_after, recorded_at)
    {_VISITS} SELECT {{center}}, 2 + 2 * n, 1 + n, 'point', 2, 10 + {_POINTS}, 20000, 'award', 'posted',
        1 + n / {{members}}, 20000 * (1 + n / {{members}}), 0, {{at}} FROM visit""",
    f"""INSERT INTO lot (center_id, id, account_id, transfer_id, amount, earned_at, expires_on, remaining, held)
    {_VISITS} SELECT {{center}}, 1 + n, 10 + {_POINTS}, 2 + 2 * n, 20000, {{at}}, {{day}}, 20000, 0 FROM visit""",
)


def long_book(folder: Path, transfers: int) -> Book:
    """A book of `transfers` transfers in a SQLite file, built if it is missing."""
    path = folder / f"visits-{transfers}.sqlite3"
    url = f"sqlite:///{path}"
    if path.exists():
        upgrade(url)
    else:
        making = path.with_suffix(".making")
        making.unlink(missing_ok=True)
        _fill(f"sqlite:///{making}", transfers)
        making.rename(path)
    return open_book(url, members=transfers // TRANSFERS_PER_MEMBER)


def long_book_on_postgres(server: PostgresServer, transfers: int) -> Book:
    """The same in a new PostgreSQL database."""
    url = fresh_postgres_database(server)
    _fill(url, transfers)
    return open_book(url, members=transfers // TRANSFERS_PER_MEMBER)


def _fill(url: str, transfers: int) -> None:
    book = new_book(url, members=0)
    book.database.close()
    members, visits = transfers // TRANSFERS_PER_MEMBER, transfers // 2
    words = _ON_SQLITE if is_sqlite(url) else _ON_POSTGRES
    values = {"center": book.center_id, "visits": visits, "members": members, "each": visits // members}
    # By the bare driver, because SQLAlchemy would read the colons in times as parameters.
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        # Skip foreign key lookups: the statements write only valid references.
        quickly = "PRAGMA synchronous=OFF" if is_sqlite(url) else "SET session_replication_role = replica"
        connection.exec_driver_sql(quickly)
        for statement in _STATEMENTS:
            cursor = connection.connection.cursor()
            cursor.execute(statement.format(**{**words, **values}))
        if not is_sqlite(url):
            # The server does this by itself within minutes; until then it plans for empty tables.
            connection.exec_driver_sql("VACUUM ANALYZE")
