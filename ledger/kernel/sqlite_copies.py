"""Copies of a SQLite database: a backup beside the running service, and its way back, checked before it is used."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ledger.kernel.founding import Founded, Installation, refuse_founded
from ledger.kernel.migrations import refuse_newer
from ledger.kernel.private_files import make_file, make_private, new_file, sync_file, sync_folder
from ledger.kernel.settings import SettingsError
from ledger.kernel.sqlite_files import (
    alone_with,
    files_of,
    finish_restore,
    incoming_of,
    open_for_use,
    refused_to_sqlite,
    switch,
)


def copy_database(database: Path, copy: Path) -> None:
    """Write a consistent, checked copy, one file alone. Raises SettingsError, sqlite3.Error, OSError."""
    hold = open_for_use(database)
    try:
        make_file(copy)
        with _open(database) as source, _open(copy) as target:
            # All pages in one step: one snapshot, which neither blocks writers nor is disturbed by them.
            source.backup(target, pages=-1)
            _make_single_file(target)
    finally:
        hold.end()
    _refuse_unsound(copy, called=database)
    sync_file(copy)


def restore(database: Path, source: Path, *, here: Installation, stamp: str, force: bool) -> Path | None:
    """Put a copy in the place of the database, whose files are kept under names with the stamp, however damaged.

    Raises SettingsError, sqlite3.Error, OSError.
    """
    if not database.parent.is_dir():
        raise SettingsError(f"there is no folder {database.parent}: make it first")
    finish_restore(database)
    with alone_with(database):
        there = [file for file in files_of(database) if file.exists()]
        if there and not force:
            raise SettingsError(f"{there[0]} is there already; --force keeps it under another name and goes on")
        _receive(source, database, stamp, here)
        return switch(database, stamp)


def founded_in(database: Path) -> Founded | None:
    """What a database was founded as, read from its main file alone and without a trace; None if that can't be read."""
    if not database.is_file():
        return None
    connection = sqlite3.connect(f"file:{quote(str(database))}?mode=ro&immutable=1", uri=True)
    try:
        return _founded(connection)
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def _receive(source: Path, database: Path, stamp: str, here: Installation) -> None:
    """Make a complete, checked copy of the source under a name that it gets only then.

    The source may be a database with a log beside it, or lie on a disk that can't be written.
    """
    partial = database.with_name(f"{database.name}.partial")
    _remove(partial)
    try:
        with refused_to_sqlite(source):
            for file, copy in zip(files_of(source), files_of(partial), strict=True):
                if file.is_file() and not file.name.endswith("-shm"):
                    _copy_file(file, copy)
        _refuse_unsound(partial, called=source)
        with _open(partial) as connection:
            refuse_newer(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
            refuse_founded(_founded(connection), here, called=source, name=_sealed_name(connection))
            _make_single_file(connection)
        sync_file(partial)
        partial.rename(incoming_of(database, stamp))
        sync_folder(database.parent)
    finally:
        _remove(partial)


def _copy_file(source: Path, copy: Path) -> None:
    with source.open("rb") as content, new_file(copy) as file:
        shutil.copyfileobj(content, file, 1 << 20)


def _remove(database: Path) -> None:
    for file in files_of(database):
        file.unlink(missing_ok=True)


def _make_single_file(connection: sqlite3.Connection) -> None:
    """Fold the write-ahead log into the file, and keep none from now on: the copy is one file, wherever it goes."""
    connection.execute("PRAGMA journal_mode=DELETE")


def _founded(connection: sqlite3.Connection) -> Founded | None:
    if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'founding'").fetchone():
        return None
    row = connection.execute("SELECT founded_as, zone, salt, check_value FROM founding").fetchone()
    return None if row is None else Founded(*row)


def _sealed_name(connection: sqlite3.Connection) -> bytes | None:
    row = connection.execute("SELECT name FROM identity ORDER BY id LIMIT 1").fetchone()
    return None if row is None else row[0]


def _refuse_unsound(file: Path, *, called: Path) -> None:
    with _open(file) as connection:
        try:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            migrated = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone() if migrated else None
        except sqlite3.DatabaseError as error:
            raise SettingsError(f"{called} is no database that can be read: {error}") from error
    if verdict != "ok":
        raise SettingsError(f"{called} is damaged: {verdict}")
    if not tables:
        raise SettingsError(f"{called} holds no tables yet: run ningxin migrate")
    if revision is None:
        raise SettingsError(f"{called} holds a database of something else")


@contextmanager
def _open(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, isolation_level=None, timeout=5)
    try:
        yield connection
    finally:
        connection.close()
        for each in files_of(file):
            make_private(each)
