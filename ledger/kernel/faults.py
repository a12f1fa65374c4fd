"""Classifies database errors for callers: busy, failed storage, or a bug."""

import sqlite3

import sqlalchemy as sa

from ledger.kernel.errors import Conflict, Unavailable

_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_STORAGE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}
_POSTGRES_READ_ONLY = "25006"
_POSTGRES_RERUN = ("40001", "40P01")
# Lock timeout, broken connection, server stopping, starting or read-only: retry.
_POSTGRES_BUSY = ("55P03", "25P03", _POSTGRES_READ_ONLY, "57P", "08", "53")
_POSTGRES_STORAGE = ("53100", "58")
_PRIMARY_CODE = 0xFF
# How many times a unit may lose the race for a unique key.
RACES = 3


def is_lost_race(error: BaseException | None) -> bool:
    """Whether another unit took a unique key first, so that a rerun may take another path."""
    cause = error.orig if isinstance(error, sa.exc.IntegrityError) else None
    unique = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "23505")
    return (getattr(cause, "sqlite_errorcode", None) or getattr(cause, "sqlstate", None)) in unique


def lost_for_good(error: BaseException | None) -> Conflict:
    """The refusal of a unit that lost all of its races."""
    refusal = Conflict("service.conflict")
    refusal.__cause__ = error
    return refusal


def must_rerun(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL ended the transaction because of others: deadlock, serialization failure."""
    return getattr(error.orig, "sqlstate", None) in _POSTGRES_RERUN


def is_write_refused(error: sa.exc.SQLAlchemyError) -> bool:
    """Whether a write hit a read-only database; in a snapshot that is a bug."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    primary = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
    return primary == sqlite3.SQLITE_READONLY or getattr(cause, "sqlstate", None) == _POSTGRES_READ_ONLY


def find_unavailable(error: BaseException | None) -> Unavailable | None:
    """The refusal to raise instead of an error: "service.busy" or "service.storage_failed"; None for other errors."""
    if isinstance(error, sa.exc.TimeoutError):
        return Unavailable("service.busy")
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    if isinstance(error, sa.exc.DBAPIError):
        return _of_postgres(error)
    return None


def _of_sqlite(cause: sqlite3.Error) -> Unavailable | None:
    primary = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if primary in _SQLITE_BUSY:
        return Unavailable("service.busy")
    return Unavailable("service.storage_failed") if primary in _SQLITE_STORAGE else None


def _of_postgres(error: sa.exc.DBAPIError) -> Unavailable | None:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # psycopg has no SQLSTATE if it could not connect or lost the connection.
        gone = error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
        return Unavailable("service.busy") if gone else None
    if state.startswith(_POSTGRES_STORAGE):
        return Unavailable("service.storage_failed")
    return Unavailable("service.busy") if state.startswith(_POSTGRES_BUSY) else None


def origins(error: BaseException) -> list[BaseException]:
    """The error and its causes, root cause last; an error raised twice can be its own cause."""
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or found.__context__
    return chain
