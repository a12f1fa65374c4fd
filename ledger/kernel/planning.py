"""Table statistics for SQLite, so that it uses selective indexes instead of scanning a center.

Without statistics SQLite assumes that an index's first column selects ten rows. Our indexes begin with the center,
which selects them all. The statistics describe a large book whatever its size, so that plans of small and large books
are the same and never change by themselves.
"""

import re
from collections.abc import Collection

import sqlalchemy as sa

_ROWS_OF_A_LONG_BOOK = 1_000_000
_ROWS_OF_A_STEADY_TABLE = 100
# Distinct values of a shared column; rows per key in a table of events.
_VALUES, _ROWS_OF_ONE = 4, 20
_ROWS_OF_A_MOMENT = 2
# Each condition of a partial index keeps one row in this many.
_LEFT_BY_A_CONDITION = 10
_SCOPE = "center_id"


def tell_sizes(connection: sa.Connection, *, steady: Collection[str], shared: Collection[str]) -> None:
    """Write SQLite's statistics: for each index, how many rows its columns select.

    `steady` tables stay small, all others grow. `shared` columns have few values, each with a share of all rows.
    """
    # Analyses no table of ours: it creates the statistics table and reads nothing.
    connection.exec_driver_sql("ANALYZE sqlite_schema")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    for table in sa.inspect(connection).get_table_names():
        rows = _ROWS_OF_A_STEADY_TABLE if table in steady else _ROWS_OF_A_LONG_BOOK
        for _, index, unique, _, partial in connection.exec_driver_sql(f"PRAGMA index_list({table})").fetchall():
            columns = [row[2] for row in connection.exec_driver_sql(f"PRAGMA index_info({index})")]
            kept = rows // _LEFT_BY_A_CONDITION ** _conditions(connection, index) if partial else rows
            # noskipscan: never skip a leading column with few values by trying each value.
            figures = " ".join(map(str, [kept, *_led_to(kept, columns, bool(unique), shared)])) + " noskipscan"
            connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, index, figures))


def _conditions(connection: sa.Connection, index: str) -> int:
    text = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).scalar_one()
    return 1 + len(re.findall(r" AND ", str(text).partition("WHERE")[2]))


def _led_to(rows: int, columns: list[str], unique: bool, shared: Collection[str]) -> list[int]:
    """How many rows share the first column, the first two, and so on."""
    found = []
    for column in columns:
        if column in shared and column != _SCOPE:
            rows = max(1, rows // _VALUES)
        elif column.endswith(("_at", "_on")):
            rows = min(rows, _ROWS_OF_A_MOMENT)
        elif column != _SCOPE:
            rows = min(rows, _ROWS_OF_ONE)
        found.append(rows)
    return [*found[:-1], 1] if unique else found
