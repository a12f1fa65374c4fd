"""What a statement reads, judged by its plan: a walk reads rows whose number grows with the book.

SQLite plans by the statement and our fixed statistics, so small and large books have the same plans. PostgreSQL plans
by its own statistics, so a transaction that is rolled back tells it that each table has a million rows of one center.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.engines import is_sqlite
from ledger.tables import SHARED, STEADY, metadata

GROWING = set(metadata.tables) - set(STEADY)
# The lengths of lists; SQLite's plan depends on them.
LENGTHS = (1, 3, 40)
_LIST = re.compile(r"(\w+) IN \((?:\?, )*\?\)")
_ALIAS = re.compile(r"\b(\w+) AS (\w+)")
# The number of transfers made, counted once at the end of a demonstration.
COUNTED = "SELECT count(*) AS count_1 \nFROM transfer"
_SEEN = ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")


@dataclass(frozen=True, slots=True)
class Walk:
    """A step that reads all rows of a growing table, or all of a center's.

    If it follows an index in the wanted order and stops at a limit, `passed` are the columns by which it skips
    rows on the way; otherwise None.
    """

    table: str
    step: str
    passed: frozenset[str] | None


class Sent:
    """The distinct statements sent to an engine, each with its first values; lists of any length count as one."""

    def __init__(self) -> None:
        self.statements: dict[str, tuple[str, Any]] = {}
        self.names: list[str] = []

    def hear(self, _connection: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
        """Record a statement as sent now."""
        many = isinstance(values, list) and values and isinstance(values[0], list | tuple | dict)
        row = values[0] if many else values
        name = _LIST.sub(r"\1 IN (?)", text)
        self.statements.setdefault(name, (text, row))
        self.names.append(name)

    def taken(self) -> list[str]:
        """The statements sent since the last call."""
        names, self.names = self.names, []
        return names


@contextmanager
def sent_to(engine: sa.Engine) -> Iterator[Sent]:
    """Record what the engine is sent within the block."""
    sent = Sent()
    sa.event.listen(engine, "before_cursor_execute", sent.hear)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", sent.hear)


@contextmanager
def explaining(database: Database) -> Iterator[Session]:
    """A session for `walks`; PostgreSQL is told that the book is long."""
    with database.snapshot() as session:
        if is_sqlite(database.url):
            yield session
            return
    with Session(database.writer) as session:
        session.execute(sa.text(_LONG_BOOK), {"steady": list(STEADY)})
        session.execute(sa.text(f"DELETE FROM pg_statistic WHERE starelid IN ({_OURS})"))
        session.execute(sa.text(_FIGURES), {"shared": list(SHARED)})
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        yield session
        session.rollback()


# PostgreSQL multiplies a table's rows per page by the pages of its file.
_OURS = "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_LONG_BOOK = """
    UPDATE pg_class SET relpages = greatest(1, pg_relation_size(oid) / 8192),
        reltuples = CASE WHEN relname = ANY (:steady) THEN 100 ELSE 1000000 END
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
"""
# One center, four values of a shared column, twenty rows for any other value, two for a moment.
_FIGURES = f"""
    INSERT INTO pg_statistic (starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct,
        stakind1, stakind2, stakind3, stakind4, stakind5, staop1, staop2, staop3, staop4, staop5,
        stacoll1, stacoll2, stacoll3, stacoll4, stacoll5)
    SELECT attrelid, attnum, false, 0, 8,
        CASE WHEN attname = 'center_id' THEN 1 WHEN attname = ANY (:shared) THEN 4
            WHEN attname LIKE '%\\_at' OR attname LIKE '%\\_on' THEN -0.5 ELSE -0.05 END,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM pg_attribute WHERE attrelid IN ({_OURS}) AND attnum > 0 AND NOT attisdropped
"""


def walks(session: Session, text: str, values: Any) -> set[Walk]:
    """The walks of a statement, for any length of its lists."""
    # A search in an empty list reads nothing, whatever the plan says.
    if not text.startswith(_SEEN) or text == COUNTED or " IN ()" in text or " AND 0 = 1" in text:
        return set()
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        asked = {_with_lists(text, tuple(values), length) for length in LENGTHS}
        return set().union(*(_sqlite_walks(connection, *each) for each in asked))
    return _postgres_walks(connection, text, values)


def is_a_walk(table: str, sought: dict[str, set[str]]) -> bool:
    """Whether a read of a table by these columns and comparisons goes through much of it."""
    if table not in GROWING:
        return False
    own = any("=" in signs for column, signs in sought.items() if column not in SHARED)
    span = any({"<", ">"} <= signs for signs in sought.values())
    return not own and not span


def _sqlite_walks(connection: sa.Connection, text: str, values: tuple[Any, ...]) -> set[Walk]:
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
    names = {alias: table for table, alias in _ALIAS.findall(text)}
    page = "LIMIT" in text and not any(_sorts_all(step, text) for step in plan)
    found = set()
    for step in plan:
        if not step.startswith(("SCAN", "SEARCH")):
            continue
        name = step.split()[1]
        sought = _sqlite_sought(step)
        if is_a_walk(names.get(name, name), sought) and not _is_an_end(connection, text, step):
            found.add(Walk(names.get(name, name), step, _left_to_filter(text, name, sought) if page else None))
    return found


def _is_an_end(connection: sa.Connection, text: str, step: str) -> bool:
    """Whether a step reads only the end of an index, for nothing but a minimum or maximum."""
    name, index = step.split()[1], re.search(r"USING COVERING INDEX (\w+)", step)
    asked = re.search(rf"SELECT (?:\? AS \w+, )?(?:min|max)\({name}\.(\w+)\) AS \w+ \nFROM {name} \nWHERE", text)
    if index is None or asked is None or "GROUP BY" in text:
        return False
    columns = [row[2] for row in connection.exec_driver_sql(f"PRAGMA index_info({index[1]})")]
    return columns[len(_sqlite_sought(step))] == asked[1]


def _sorts_all(step: str, text: str) -> bool:
    """Whether a step sorts all rows; the few of one moment don't count."""
    if "TEMP B-TREE FOR" not in step or "ORDER BY" not in step:
        return False
    return " OF ORDER BY" not in step or re.search(r"ORDER BY \w+\.\w+_(at|on)\b", text) is None


def _with_lists(text: str, values: tuple[Any, ...], length: int) -> tuple[str, tuple[Any, ...]]:
    """The statement with its lists of keys lengthened or shortened, with the same values."""
    left, told, found, last = list(values), [], "", 0
    for match in _LIST.finditer(text):
        before, own = text.count("?", last, match.start()), match[0].count("?")
        wanted = own if match[1] in SHARED else length
        told += left[:before] + [left[before + number % own] for number in range(wanted)]
        del left[: before + own]
        found += f"{text[last : match.start()]}{match[1]} IN ({', '.join('?' * wanted)})"
        last = match.end()
    return found + text[last:], (*told, *left)


def _left_to_filter(text: str, name: str, sought: dict[str, set[str]]) -> frozenset[str]:
    """The columns that a statement compares, without those by which a step seeks."""
    text = text.replace("\n", " ")
    while (inner := re.sub(r"\((?:SELECT|EXISTS)[^()]*(?:\([^()]*\)[^()]*)*\)", "", text)) != text:
        text = inner
    if not re.search(rf"(FROM|JOIN) (\w+ AS )?{name}\b", text):
        # It is read for each row of the rest, so a filter on the rest skips none of its own rows.
        return frozenset()
    # A cursor follows the order and skips nothing.
    text = re.sub(r"\(\w+\.\w+, \w+\.\w+\) [<>]", "", text)
    where = text.rpartition("WHERE ")[2].partition("ORDER BY")[0].partition("GROUP BY")[0]
    compared = set(re.findall(r"\b(\w+\.\w+)\)? (?:[=<>!]|LIKE|NOT LIKE|IN|IS|NOT IN)", where))
    return frozenset(compared - {f"{name}.{column}" for column in sought})


def _sqlite_sought(step: str) -> dict[str, set[str]]:
    if "USING AUTOMATIC" in step:
        # The index is built from all rows for this one statement.
        return {}
    found: dict[str, set[str]] = {}
    for column, sign in re.findall(r"(\w+)([=<>])\?", step):
        found.setdefault(column, set()).add(sign)
    return found


def _postgres_walks(connection: sa.Connection, text: str, values: Any) -> set[Walk]:
    [(plan,)] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}", values)
    nodes = list(_nodes(plan[0]["Plan"], ""))
    kinds = {node["Node Type"] for node in nodes}
    page = "Limit" in kinds and "Sort" not in kinds
    found = set()
    for node in nodes:
        table = node.get("Relation Name", "")
        kind = node["Node Type"]
        if kind == "Bitmap Heap Scan" or not kind.endswith("Scan"):
            continue
        cond = node.get("Index Cond", "")
        sought = _postgres_sought(cond)
        if is_a_walk(table, sought):
            passed = _left_to_filter(text, node.get("Alias", table), sought) if page else None
            found.add(Walk(table, f"{kind} {node.get('Index Name', '')} {cond}".strip(), passed))
    return found


def _nodes(node: dict[str, Any], table: str) -> Iterator[dict[str, Any]]:
    table = node.get("Relation Name", table if node["Node Type"].startswith("Bitmap") else "")
    yield node | {"Relation Name": table}
    for each in node.get("Plans", ()):
        yield from _nodes(each, table)


def _postgres_sought(cond: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for column, sign in re.findall(r"\((?:ROW\()?\"?(\w+)\"?(?:, \w+\))? ([=<>])", cond):
        found.setdefault(column, set()).add(sign)
    return found
