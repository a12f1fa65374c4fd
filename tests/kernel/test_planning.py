"""SQLite plans with our statistics: every index has some, and an empty book has those of a large one."""

import pytest

from ledger.kernel.database import Database
from ledger.tables import STEADY, metadata

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


def test_steady_tables_are_tables() -> None:
    assert set(STEADY) <= set(metadata.tables)
