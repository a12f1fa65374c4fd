"""What a fault of the database means to a caller: too busy, a storage that failed, or a mistake of ours."""

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
}
_POSTGRES_READ_ONLY = "25006"
_POSTGRES_RERUN = ("40001", "40P01")
# A lock not had in time, a connection that broke, a server that stops, starts or has turned read-only: ask again.
_POSTGRES_BUSY = ("55P03", "25P03", _POSTGRES_READ_ONLY, "57P", "08", "53")
_POSTGRES_STORAGE = ("53100", "58")
_PRIMARY_CODE = 0xFF
# How often a unit may find that somebody else has taken a key in the meantime.
RACES = 3


def is_lost_race(error: BaseException | None) -> bool:
    """Whether a unique key was taken by somebody else, so that the same work may go another way now."""
    cause = error.orig if isinstance(error, sa.exc.IntegrityError) else None
    unique = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "23505")
    return (getattr(cause, "sqlite_errorcode", None) or getattr(cause, "sqlstate", None)) in unique


def lost_for_good(error: BaseException | None) -> Conflict:
    """The refusal of a unit that has lost each of its races."""
    refusal = Conflict("service.conflict")
    refusal.__cause__ = error
    return refusal


def must_rerun(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL ended a transaction only for the others' sake: deadlock, serialization."""
    return getattr(error.orig, "sqlstate", None) in _POSTGRES_RERUN


def is_write_refused(error: sa.exc.SQLAlchemyError) -> bool:
    """Whether something was to be written where only reading is possible; in a snapshot that is a mistake of ours."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    primary = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
    return primary == sqlite3.SQLITE_READONLY or getattr(cause, "sqlstate", None) == _POSTGRES_READ_ONLY


def find_unavailable(error: BaseException | None) -> Unavailable | None:
    """The refusal to raise in place of a fault: "service.busy" or "service.storage_failed"; None for other faults."""
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
        # psycopg knows no state when it could not connect or lost the connection.
        gone = error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
        return Unavailable("service.busy") if gone else None
    if state.startswith(_POSTGRES_STORAGE):
        return Unavailable("service.storage_failed")
    return Unavailable("service.busy") if state.startswith(_POSTGRES_BUSY) else None
