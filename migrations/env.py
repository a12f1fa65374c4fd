"""Alembic's entry: all migrations that are lacking in one transaction, so that a failed one leaves nothing behind."""

from typing import Any

import sqlalchemy as sa
from alembic import context

from ledger.kernel import founding
from ledger.kernel.engines import is_sqlite, tool_engine
from ledger.kernel.planning import tell_sizes
from ledger.tables import SHARED, STEADY, metadata

LOCK_NUMBER = 727001

url = context.config.attributes["url"]
installation = context.config.attributes["installation"]
engine = tool_engine(url)

if is_sqlite(url):

    @sa.event.listens_for(engine, "connect")
    def _leave_begin_to_us(connection: Any, _record: Any) -> None:
        # Left alone, the driver opens a transaction before INSERT but not before CREATE TABLE, and half a schema stays.
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # At once as a writer, so that of two processes the second sees what the first has done.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def refuse_orphans(connection: sa.Connection) -> None:
    """Foreign keys are off while tables are made again on SQLite; a row that lost its parent must not get through."""
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise RuntimeError(f"the migration leaves {len(orphans)} rows without their parent, first: {orphans[0]}")


with engine.begin() as connection:
    if not is_sqlite(url):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
    if installation is not None:
        founding.refuse_stranger(connection, installation)
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=is_sqlite(url), compare_type=True
    )
    before = context.get_context().get_current_heads()
    context.run_migrations()
    if is_sqlite(url):
        if context.get_context().get_current_heads() != before:
            refuse_orphans(connection)
        # Each time: the code may tell other sizes than before though the schema is the same.
        tell_sizes(connection, steady=STEADY, shared=SHARED)
