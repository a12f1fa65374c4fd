"""Triggers that refuse changes and deletions of facts, and the check that they exist.

SQLite's REPLACE bypasses DELETE triggers unless recursive_triggers is on, which every connection asserts. Triggers
use RAISE(ABORT), because RAISE(ROLLBACK) would end a whole group of units.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

_BODY = """
BEGIN
    RAISE EXCEPTION '%% is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END """
_FUNCTION = f"CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$"
# What a guard looks like to SQLite and to PostgreSQL: it can do nothing but refuse.
_SQLITE_GUARD = re.compile(
    r"CREATE TRIGGER (\w+)_no_(?:update|delete) BEFORE (?:UPDATE(?: OF [\w, ]+)?|DELETE) ON \1 "
    r"BEGIN SELECT RAISE\(ABORT, '\1 is append only'\); END"
)
_POSTGRES_GUARD = (
    r"^CREATE TRIGGER \w+_no_(?:change|truncate) BEFORE [A-Z]+(?: OR [A-Z]+)?(?: OF [\w, ]+)? ON (?:public\.)?\w+ "
    r"FOR EACH (?:ROW|STATEMENT) EXECUTE FUNCTION (?:public\.)?refuse_change\(\)$"
)
_POSTGRES_BODY = " ".join(_BODY.replace("%%", "%").split())
# What runs by itself in a PostgreSQL database and is none of ours: triggers, functions, rules.
POSTGRES_STRANGE = """
SELECT 'trigger ' || quote_ident(tgname) || ' on ' || tgrelid::regclass AS name FROM pg_trigger
WHERE NOT tgisinternal AND pg_get_triggerdef(oid) !~ 'GUARD'
UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
AND NOT (proname = 'refuse_change' AND trim(regexp_replace(prosrc, '\\s+', ' ', 'g')) = 'BODY')
UNION ALL SELECT 'rule ' || quote_ident(rulename) || ' on ' || quote_ident(tablename) FROM pg_rules
WHERE schemaname = 'public'
""".replace("GUARD", _POSTGRES_GUARD).replace("BODY", _POSTGRES_BODY.replace("'", "''"))
_SQLITE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


def create_guards(connection: sa.Connection, tables: Iterable[str], *, columns: Sequence[str] = ()) -> None:
    """Create the triggers of each table; for migrations, including those whose batch mode on SQLite dropped them.

    With `columns`, other columns may change; rows can never be deleted.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION)
    for table in tables:
        for name, when in _guards(connection.dialect.name, table, columns).items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {when}")


def missing_guards(connection: sa.Connection, tables: Iterable[str]) -> list[str]:
    """Names of the triggers that should exist but don't; the service doesn't start if any is missing."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        found = connection.exec_driver_sql(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        )
    there = {name for (name,) in found}
    return sorted({name for table in tables for name in _guards(dialect, table, ())} - there)


def strange_code(connection: sa.Connection) -> list[str]:
    """What runs by itself in the database and is none of ours, each as it follows DROP: "trigger … on …", "rule …"."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return strange_triggers(driver)
    return sorted(name for (name,) in driver.cursor().execute(POSTGRES_STRANGE).fetchall())


def strange_triggers(connection: sqlite3.Connection) -> list[str]:
    """The triggers of a SQLite database that are none of ours."""
    found = connection.execute(_SQLITE_TRIGGERS)
    return sorted(f"trigger {name}" for name, definition in found if not _SQLITE_GUARD.fullmatch(definition))


def _guards(dialect: str, table: str, columns: Sequence[str]) -> dict[str, str]:
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    if dialect == "postgresql":
        call = "EXECUTE FUNCTION refuse_change()"
        return {
            f"{table}_no_change": f"BEFORE {update} OR DELETE ON {table} FOR EACH ROW {call}",
            f"{table}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
        }
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
    return {
        f"{table}_no_update": f"BEFORE {update} ON {table} {refuse}",
        f"{table}_no_delete": f"BEFORE DELETE ON {table} {refuse}",
    }
