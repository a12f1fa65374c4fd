"""One statement for both databases: compiled for SQLite, it equals SQLAlchemy's own insert for SQLite."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.upserts import insert_or_ignore, insert_or_update
from tests.source import package

COUNTER = sa.Table(
    "counter",
    sa.MetaData(),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("last", sa.Integer),
)
CHANGES = {"last": COUNTER.c.last + 1}


def text(statement: sa.Insert, dialect: sa.Dialect) -> str:
    return " ".join(str(statement.compile(dialect=dialect)).split())


@pytest.mark.parametrize(
    ("ours", "of_sqlite"),
    [
        (insert_or_ignore(COUNTER), sqlite.insert(COUNTER).on_conflict_do_nothing()),
        (
            insert_or_ignore(COUNTER, columns=["name"]),
            sqlite.insert(COUNTER).on_conflict_do_nothing(index_elements=["name"]),
        ),
        (
            insert_or_update(COUNTER, CHANGES, columns=["name"]),
            sqlite.insert(COUNTER).on_conflict_do_update(index_elements=["name"], set_=CHANGES),
        ),
        (
            insert_or_update(COUNTER, CHANGES, columns=["name"], where=COUNTER.c.last < 3),
            sqlite.insert(COUNTER).on_conflict_do_update(
                index_elements=["name"], set_=CHANGES, where=COUNTER.c.last < 3
            ),
        ),
    ],
)
def test_sqlite_reads_its_own_words(ours: sa.Insert, of_sqlite: sa.Insert) -> None:
    assert text(ours, sqlite.dialect()) == text(of_sqlite, sqlite.dialect())
    assert "ON CONFLICT" in text(ours, postgresql.dialect())


def test_a_row_that_is_there_is_left_or_changed(database: Database) -> None:
    def count(session: Session) -> list[list[int]]:
        connection = session.connection()
        connection.execute(sa.schema.CreateTable(COUNTER, if_not_exists=True))
        returned = [
            list(connection.scalars(statement.returning(COUNTER.c.last), rows))
            for statement, rows in (
                (insert_or_ignore(COUNTER), [{"name": "a", "last": 1}, {"name": "b", "last": 5}]),
                (insert_or_ignore(COUNTER), [{"name": "a", "last": 2}, {"name": "c", "last": 7}]),
                (insert_or_update(COUNTER, CHANGES, columns=["name"]), [{"name": "a", "last": 9}]),
                (insert_or_update(COUNTER, CHANGES, columns=["name"]), [{"name": "d", "last": 3}]),
            )
        ]
        connection.execute(sa.schema.DropTable(COUNTER))
        return returned

    assert in_transaction(count) == [[1, 5], [7], [2], [3]]


def test_nobody_else_says_on_conflict() -> None:
    own = [each.path for each in package() if "on_conflict_do" in each.text and each.path != "ledger/kernel/upserts.py"]
    assert not own, f"use ledger.kernel.upserts: {own}"
