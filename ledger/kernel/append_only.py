"""Triggers that refuse changes and deletions of facts, and the check that they exist.

SQLite's REPLACE bypasses DELETE triggers unless recursive_triggers is on, which every connection asserts. Triggers
use RAISE(ABORT), because RAISE(ROLLBACK) would end a whole group of units.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%% is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


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
