"""SQLite plans with our statistics: every index has some, and an empty book has those of a large one."""

import pytest

from ledger.kernel.database import Database
from ledger.kernel.migrations import upgrade
from ledger.kernel.planning import knows_sizes
from ledger.tables import SHARED, STEADY, metadata

on_sqlite = pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)


def figures(database: Database) -> dict[str, list[int]]:
    """Statistics by index: all rows, and the rows that its columns select."""
    with database.snapshot() as session:
        rows = session.connection().exec_driver_sql("SELECT idx, stat FROM sqlite_stat1").all()
    return {index: [int(part) for part in stat.split() if part.isdigit()] for index, stat in rows}


@on_sqlite
def test_every_index_has_figures(own_database: Database) -> None:
    with own_database.snapshot() as session:
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name <> 'alembic_version'"
        there = set(session.connection().exec_driver_sql(query).scalars())
    assert there <= set(figures(own_database))


@on_sqlite
def test_a_center_has_all_rows_and_a_key_one(own_database: Database) -> None:
    assert figures(own_database)["sqlite_autoindex_transfer_1"] == [1_000_000, 1_000_000, 1]
    assert figures(own_database)["sqlite_autoindex_shop_1"] == [100, 100, 1]
    assert figures(own_database)["ix_attendance_center_id_status_opened_at"] == [1_000_000, 1_000_000, 250_000, 2]
    assert figures(own_database)["ix_lot_ending"] == [10_000, 10_000, 2]


@on_sqlite
def test_a_list_of_keys_is_looked_up_by_the_keys(own_database: Database) -> None:
    """Without statistics SQLite scans the whole center, which it assumes to have ten rows."""
    keys = ", ".join("?" * 40)
    text = f"EXPLAIN QUERY PLAN SELECT id FROM lot WHERE center_id = ? AND transfer_id IN ({keys}) ORDER BY id"
    with own_database.snapshot() as session:
        plan = [row[3] for row in session.connection().exec_driver_sql(text, (1,) * 41)]
    assert plan[0] == "SEARCH lot USING INDEX ix_lot_center_id_transfer_id (center_id=? AND transfer_id=?)"


@on_sqlite
def test_a_figure_is_never_tried_for_each_value_of_its_first_column(own_database: Database) -> None:
    with own_database.snapshot() as session:
        written = session.connection().exec_driver_sql("SELECT stat FROM sqlite_stat1").scalars().all()
    assert {text.rpartition(" ")[2] for text in written} == {"noskipscan"}


@on_sqlite
@pytest.mark.parametrize(
    "lost", ["DELETE FROM sqlite_stat1", "UPDATE sqlite_stat1 SET stat = '10 10'", "DROP TABLE sqlite_stat1"]
)
def test_each_migration_writes_what_is_missing(own_database: Database, lost: str) -> None:
    before = figures(own_database)
    with own_database.writer.begin() as connection:
        assert knows_sizes(connection, steady=STEADY, shared=SHARED)
        connection.exec_driver_sql(lost)
        assert not knows_sizes(connection, steady=STEADY, shared=SHARED)
    own_database.close()
    upgrade(own_database.url)
    assert figures(own_database) == before


@on_sqlite
def test_figures_of_another_version_are_noticed(own_database: Database) -> None:
    with own_database.writer.begin() as connection:
        assert not knows_sizes(connection, steady={*STEADY} - {"shop"}, shared=SHARED)
        assert not knows_sizes(connection, steady=STEADY, shared={*SHARED} - {"status"})


@pytest.mark.parametrize("own_database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_postgresql_is_asked_for_none(own_database: Database) -> None:
    with own_database.writer.begin() as connection:
        assert knows_sizes(connection, steady=STEADY, shared=SHARED)


def test_steady_tables_are_tables() -> None:
    assert set(STEADY) <= set(metadata.tables)
