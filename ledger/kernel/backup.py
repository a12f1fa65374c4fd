"""Backup and restore of the whole database.

SQLite: a consistent copy while the service runs, checked before use. PostgreSQL: its own pg_dump and pg_restore.
"""

import sqlite3
from pathlib import Path

from ledger.kernel import postgres_copies, sqlite_copies
from ledger.kernel.clocks import SystemClock
from ledger.kernel.engines import is_sqlite
from ledger.kernel.founding import Installation
from ledger.kernel.private_files import sync_folder
from ledger.kernel.restored import Restored
from ledger.kernel.settings import SettingsError
from ledger.kernel.sqlite_files import file_of


def back_up(url: str, target: Path) -> None:
    """Write a copy of the database to a new file. Raises SettingsError if it isn't sound, psycopg.Error, OSError."""
    if target.exists():
        raise SettingsError(f"{target} is there already; name a new file")
    if not target.parent.is_dir():
        raise SettingsError(f"there is no folder {target.parent}: is the stick plugged in? Or make it")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        if is_sqlite(url):
            sqlite_copies.copy_database(file_of(url), partial)
        else:
            postgres_copies.dump(url, partial)
        partial.replace(target)
        sync_folder(target.parent)
    except sqlite3.Error as error:
        raise SettingsError(f"the backup {target} could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, source: Path, *, installation: Installation, force: bool) -> Restored:
    """Replace the database by a copy in which all log-ins have ended; returns what that meant.

    The old one may be damaged: it is put aside as it is. A restore that is killed leaves the old or the new book.
    Raises SettingsError if the copy isn't sound or not of this installation, if there is a database and not `force`, or
    while it is in use; psycopg.Error, OSError.
    """
    if not source.is_file():
        raise SettingsError(f"there is no file {source}")
    at = SystemClock().now()
    try:
        if is_sqlite(url):
            return sqlite_copies.restore(file_of(url), source.resolve(), here=installation, at=at, force=force)
        return postgres_copies.restore(url, source, here=installation, at=at, force=force)
    except sqlite3.Error as error:
        raise SettingsError(f"the backup could not be restored: {error}") from error
