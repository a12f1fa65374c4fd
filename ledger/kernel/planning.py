"""What SQLite is told of the sizes of tables, so that it looks for a few rows where it would walk over a center.

Without figures SQLite takes what an index leads to by its first column for ten rows. Ours begin with the center, which
has all of them. The figures are those of a long book whatever there is, so the plan of a small book is that of a large
one, and never changes by itself.
"""

import re
from collections.abc import Collection

import sqlalchemy as sa

_ROWS_OF_A_LONG_BOOK = 1_000_000
_ROWS_OF_A_STEADY_TABLE = 100
# So many values of a shared column there are; so many rows one thing has in a table of what happened to it.
_VALUES, _ROWS_OF_ONE = 4, 20
_ROWS_OF_A_MOMENT = 2
# Of ten rows one is left by a condition of an index.
_LEFT_BY_A_CONDITION = 10
_SCOPE = "center_id"


def tell_sizes(connection: sa.Connection, *, steady: Collection[str], shared: Collection[str]) -> None:
    """Write what SQLite plans by: for each index, how many rows its columns lead to.

    `steady` tables stay small, all others grow. `shared` columns have a few values, a share of all rows for each.
    """
    # Of a table that is not in the schema: it makes the table for the figures and reads nothing.
    connection.exec_driver_sql("ANALYZE sqlite_schema")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    for table in sa.inspect(connection).get_table_names():
        rows = _ROWS_OF_A_STEADY_TABLE if table in steady else _ROWS_OF_A_LONG_BOOK
        for _, index, unique, _, partial in connection.exec_driver_sql(f"PRAGMA index_list({table})").fetchall():
            columns = [row[2] for row in connection.exec_driver_sql(f"PRAGMA index_info({index})")]
            kept = rows // _LEFT_BY_A_CONDITION ** _conditions(connection, index) if partial else rows
            # One column of few values before another is sought by itself, never gone through value by value.
            figures = " ".join(map(str, [kept, *_led_to(kept, columns, bool(unique), shared)])) + " noskipscan"
            connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, index, figures))


def _conditions(connection: sa.Connection, index: str) -> int:
    text = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).scalar_one()
    return 1 + len(re.findall(r" AND ", str(text).partition("WHERE")[2]))


def _led_to(rows: int, columns: list[str], unique: bool, shared: Collection[str]) -> list[int]:
    """How many rows have the same first column, the same first two, and so on."""
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
