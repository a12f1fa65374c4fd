"""Table statistics for SQLite, so that it uses selective indexes instead of scanning a center.

Without statistics SQLite assumes that an index's first column selects ten rows. Our indexes begin with the center,
which selects them all. The statistics describe a large book whatever its size, so that plans of small and large books
are the same and never change by themselves.
"""

import re
from collections.abc import Collection, Iterator

import sqlalchemy as sa

_ROWS_OF_A_LONG_BOOK = 1_000_000
_ROWS_OF_A_STEADY_TABLE = 100
# Distinct values of a shared column; rows per key in a table of events.
_VALUES, _ROWS_OF_ONE = 4, 20
_ROWS_OF_A_MOMENT = 2
# Each condition of a partial index keeps one row in this many.
_LEFT_BY_A_CONDITION = 10
_SCOPE = "center_id"
# One statement, because readiness asks it again and again.
_INDEXES = """
    SELECT made.tbl_name, made.name, listed."unique", made.sql, part.name
    FROM sqlite_schema AS made JOIN pragma_index_list(made.tbl_name) AS listed ON listed.name = made.name
    JOIN pragma_index_info(made.name) AS part
    WHERE made.type = 'index' ORDER BY made.tbl_name, made.name, part.seqno
"""


def tell_sizes(connection: sa.Connection, *, steady: Collection[str], shared: Collection[str]) -> None:
    """Write SQLite's statistics: for each index, how many rows its columns select.

    `steady` tables stay small, all others grow. `shared` columns have few values, each with a share of all rows.
    """
    # Analyses no table of ours: it creates the statistics table and reads nothing.
    connection.exec_driver_sql("ANALYZE sqlite_schema")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    rows = sorted(_figures(connection, steady, shared))
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", rows)


def knows_sizes(connection: sa.Connection, *, steady: Collection[str], shared: Collection[str]) -> bool:
    """Whether the statistics are those that `tell_sizes` would write now; PostgreSQL keeps its own."""
    if connection.dialect.name != "sqlite":
        return True
    if not sa.inspect(connection).has_table("sqlite_stat1"):
        return False
    there = connection.exec_driver_sql("SELECT tbl, idx, stat FROM sqlite_stat1").fetchall()
    return sorted(map(tuple, there)) == sorted(_figures(connection, steady, shared))


def _figures(
    connection: sa.Connection, steady: Collection[str], shared: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Of each index its table, its name and its statistics, as SQLite writes them."""
    for (table, index, unique, conditions), columns in _indexes(connection).items():
        rows = _ROWS_OF_A_STEADY_TABLE if table in steady else _ROWS_OF_A_LONG_BOOK
        kept = rows // _LEFT_BY_A_CONDITION**conditions
        # noskipscan: never skip a leading column with few values by trying each value.
        yield table, index, " ".join(map(str, [kept, *_led_to(kept, columns, unique, shared), "noskipscan"]))


def _indexes(connection: sa.Connection) -> dict[tuple[str, str, bool, int], list[str]]:
    """The columns of each index, by its table, its name, whether it is unique, and how many conditions it has."""
    found: dict[tuple[str, str, bool, int], list[str]] = {}
    for table, index, unique, text, column in connection.exec_driver_sql(_INDEXES):
        conditions = len(re.findall(r"WHERE | AND ", text or ""))
        found.setdefault((table, index, bool(unique), conditions), []).append(column)
    return found


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
