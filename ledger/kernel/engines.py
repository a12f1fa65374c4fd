"""Engines for the two databases; sets every option that safety depends on and reads it back."""

import sqlite3
from typing import Any

import sqlalchemy as sa

from ledger.kernel.dialects import with_our_dialect
from ledger.kernel.postgres_lock import NAME

_SQLITE_SWITCHES = {
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    "recursive_triggers": ("ON", 1),
    "busy_timeout": ("30000", 30000),
}
_POSTGRES_WAIT = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"


def is_sqlite(url: str | sa.URL) -> bool:
    """Whether the URL names a SQLite file."""
    return sa.make_url(url).get_backend_name() == "sqlite"


def writer_engine(url: str) -> sa.Engine:
    """The engine that units write through: one connection on SQLite, a pool on PostgreSQL.

    Errors don't show a statement's values, because logs must not contain personal data.
    """
    if is_sqlite(url):
        return _sqlite_engine(url, begin="BEGIN IMMEDIATE", query_only=False)
    return sa.create_engine(
        with_our_dialect(url),
        pool_size=20,
        max_overflow=20,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={"options": _POSTGRES_WAIT, "application_name": NAME},
    )


def tool_engine(url: str) -> sa.Engine:
    """An engine for migrations and looks at the schema: without a pool, so that nothing stays open."""
    if is_sqlite(url):
        return sa.create_engine(with_our_dialect(url), poolclass=sa.pool.NullPool, hide_parameters=True)
    return sa.create_engine(
        with_our_dialect(url),
        poolclass=sa.pool.NullPool,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={"application_name": NAME},
    )


def reader_engine(url: str, writer: sa.Engine) -> sa.Engine:
    """The engine for reading snapshots; writes fail."""
    if is_sqlite(url):
        return _sqlite_engine(url, begin="BEGIN", query_only=True)
    return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite_engine(url: str, *, begin: str, query_only: bool) -> sa.Engine:
    engine = sa.create_engine(
        with_our_dialect(url),
        poolclass=sa.pool.QueuePool,
        pool_size=1 if not query_only else 16,
        max_overflow=0 if not query_only else 64,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 30},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        try:
            _set_switches(connection, query_only=query_only)
        except sqlite3.Error:
            # Nobody else would close it: a file that is no database must not be taken for one in use.
            connection.close()
            raise

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _set_switches(connection: sqlite3.Connection, *, query_only: bool) -> None:
    # The driver must not open transactions of its own: we send BEGIN with the kind we need.
    connection.isolation_level = None
    for name, (value, expected) in _SQLITE_SWITCHES.items():
        connection.execute(f"PRAGMA {name}={value}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != expected:
            raise _not_to_be_had(f"SQLite answers {found!r} for {name}, which must be {value}")
    connection.execute(f"PRAGMA query_only={'ON' if query_only else 'OFF'}")


def _not_to_be_had(why: str) -> sqlite3.Error:
    """As SQLite says it of a file that it can't write, which it also is where it keeps no write-ahead log."""
    error = sqlite3.OperationalError(why)
    error.sqlite_errorcode = sqlite3.SQLITE_READONLY
    return error
