"""Facts of centers that do not exist, which no center's verification looks at, are named."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.audit.checks.strays import Strays, find_strays
from ledger.kernel import runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.tables import metadata
from tests.audit.small_book import SmallBook, make_small_book
from tests.audit.test_command import own_app, verify
from tests.audit.test_verification import lay_bare, owner_engine
from tests.test_jobs import job
from tests.world import World

__all__ = ["own_app"]
NOBODY = 77
IN_CENTERS = [table.name for table in metadata.sorted_tables if "center_id" in table.columns]


@pytest.fixture
def book(own_app: Flask, own_database: Database) -> SmallBook:
    """A small book in a database of its own."""
    return make_small_book(World(own_database))


def mix(database: Database) -> None:
    """Leave the batches and transfers of another database in this one, as its write-ahead log would."""
    with owner_engine(database.url).connect() as connection:
        off = (
            "PRAGMA foreign_keys = OFF"
            if connection.dialect.name == "sqlite"
            else "SET session_replication_role = replica"
        )
        connection.exec_driver_sql(off)
        for name in ("batch", "transfer"):
            columns = ", ".join(
                f'"{column.name}"' for column in metadata.tables[name].columns if column.name != "center_id"
            )
            connection.exec_driver_sql(
                f"INSERT INTO {name} (center_id, {columns}) SELECT {NOBODY}, {columns} FROM {name}"
            )
        connection.commit()


def test_a_sound_database_has_none(book: SmallBook) -> None:
    World(book.world.database)
    assert in_snapshot(find_strays) == []


def test_every_table_of_a_center_is_looked_at(book: SmallBook) -> None:
    assert len(IN_CENTERS) > 40
    strays = [Strays(table, NOBODY + number, 2) for number, table in enumerate(IN_CENTERS)]
    with owner_engine(book.world.database.url).connect() as connection:
        lay_bare(connection, *IN_CENTERS)
        for each in strays:
            rows = f"({each.center_id}), ({each.center_id})"
            connection.exec_driver_sql(f"INSERT INTO {each.table} (center_id) VALUES {rows}")
        found = find_strays(Session(connection))
        connection.rollback()
    assert found == strays


def test_verify_names_them_and_ends_with_1(own_app: Flask, book: SmallBook) -> None:
    with book.world.database.reader.connect() as connection:
        transfers = connection.execute(sa.text("SELECT count(*) FROM transfer")).scalar_one()
    mix(book.world.database)

    result = verify(own_app)

    assert result.exit_code == 1
    assert "no difference." in result.output
    said = f"DIFFERENT. {transfers} rows of transfer are of the center {public_id(NOBODY)}, which does not exist"
    assert said in result.output
    assert "rows of batch are of the center" in result.output


def test_the_nightly_verification_logs_them(book: SmallBook, caplog: pytest.LogCaptureFixture) -> None:
    mix(book.world.database)
    night = datetime.now(UTC).replace(hour=19, minute=0, second=0, microsecond=0) + timedelta(days=1)

    with caplog.at_level(logging.ERROR):
        jobs.run(runtime.current(), job("verify"), at=night)

    assert [record.message.partition(":")[0] for record in caplog.records if "transfer" in record.message]
