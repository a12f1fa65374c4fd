"""Says to an operator why a database can't be used, in one sentence with what to do; clients hear only "busy"."""

import sqlite3
from pathlib import Path

import psycopg
import sqlalchemy as sa

from ledger.kernel.engines import is_sqlite
from ledger.kernel.faults import origins
from ledger.kernel.sqlite_files import file_of, lock_of

_LONGEST = 300
_UNMIGRATED = ("no such table", "no such column")
_POSTGRES_UNMIGRATED = ("42P01", "42703")
_PRIMARY_CODE = 0xFF


def cause_of(error: BaseException, url: str) -> str | None:
    """What is wrong with the database at `url`, never with its password; None if the error says nothing of it."""
    chain = origins(error)
    if is_sqlite(url) and any(_is_missing(found, file_of(url)) for found in chain):
        return missing(file_of(url))
    for found in reversed(chain):
        if isinstance(found, sqlite3.Error):
            return _of_sqlite(found, file_of(url))
        if isinstance(found, psycopg.Error):
            return _of_postgres(found, sa.make_url(url))
        if isinstance(found, sa.exc.TimeoutError):
            return f"{named(url)} has no free connection: too many requests run at once"
    return None


def named(url: str | sa.URL) -> str:
    """The database at a URL, for people: never with the password."""
    parts = sa.make_url(url)
    if is_sqlite(parts):
        return f"the database {file_of(parts)}"
    host = f"{parts.host or 'this machine'}:{parts.port or 5432}"
    return f"the PostgreSQL database {parts.database!r} at {host} for user {parts.username!r}"


def _is_missing(error: BaseException, database: Path) -> bool:
    return isinstance(error, FileNotFoundError) and error.filename in (str(database), str(lock_of(database)))


def missing(database: Path) -> str:
    """What to do where there is no SQLite file."""
    if not database.parent.is_dir():
        return f"there is no folder {database.parent}: make it, or set LEDGER_DATABASE_URL to a file in another"
    return f"there is no database at {database} yet: run ningxin migrate, or init for a new center, or restore a backup"


def _of_sqlite(error: sqlite3.Error, database: Path) -> str:
    primary = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        what = "is damaged, or no database: restore --force brings a backup back and keeps this file under another name"
    elif primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        what = "can't be opened or written: it and its folder must belong to the user who runs this"
    elif primary in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        what = "can't be written: make room on the disk, or look at its health"
    elif primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        what = "is locked by another program: end it, or try again"
    elif str(error).startswith(_UNMIGRATED):
        what = "lacks tables: run ningxin migrate"
    else:
        what = "can't be used"
    return f"the database {database} {what} ({_first_line(error)})"


def _of_postgres(error: psycopg.Error, url: sa.URL) -> str:
    said = _first_line(error)
    if url.password:
        said = said.replace(str(url.password), "…")
    todo = ""
    if error.sqlstate in _POSTGRES_UNMIGRATED:
        todo = "; run ningxin migrate"
    elif error.sqlstate is None:
        todo = "; check LEDGER_DATABASE_URL, and that PostgreSQL runs there"
    return f"{named(url)} can't be used: {said}{todo}"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:_LONGEST] if lines else type(error).__name__
