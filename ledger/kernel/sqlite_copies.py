"""Copies of a SQLite database: a backup beside the running service, and its way back, checked before it is used."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from ledger.kernel.append_only import strange_triggers
from ledger.kernel.founding import Founded, Installation, refuse_founded
from ledger.kernel.migrations import NO_TABLES, refuse_newer
from ledger.kernel.private_files import make_file, make_private, new_file, sync_file, sync_folder
from ledger.kernel.restored import BEFORE, Ending, Restored, can_compare, stamp_of
from ledger.kernel.settings import SettingsError
from ledger.kernel.sqlite_files import (
    files_of,
    finish_restore,
    incoming_of,
    locked,
    open_for_use,
    refused_to_sqlite,
    switch,
)

# The rows of each table that `BEFORE` names.
_Before: TypeAlias = dict[str, list[tuple[Any, ...]]]


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


def restore(database: Path, source: Path, *, here: Installation, at: datetime, force: bool) -> Restored:
    """Put a copy in the place of the database, whose files are kept under names with a stamp, however damaged.

    Raises SettingsError, sqlite3.Error, OSError.
    """
    if not database.parent.is_dir():
        raise SettingsError(f"there is no folder {database.parent}: make it first")
    finish_restore(database)
    with locked(database):
        there = [file for file in files_of(database) if file.exists()]
        if there and not force:
            raise SettingsError(f"{there[0]} is there already; --force keeps it under another name and goes on")
        # Before the file is locked as SQLite does: whoever closes it afterwards gives that lock back.
        before = _read_before(database)
        with refused_to_sqlite(database):
            done = _receive(source, database, here=here, at=at, before=before)
            return replace(done, old=switch(database, stamp_of(at)))


def _read_before(database: Path) -> _Before | None:
    """What `BEFORE` asks of the book that is to be replaced; None if it can't be read. Nothing is left beside it."""
    if not database.is_file():
        return None
    compared = database.with_name(f"{database.name}.compared")
    main, *logs = files_of(database)
    try:
        _remove(compared)
        if any(file.is_file() and file.stat().st_size for file in logs):
            # To read them with their log, SQLite would write beside the old files.
            _copy_files(database, compared)
            main = compared
        with closing(sqlite3.connect(_unchanged(main) if main == database else main, uri=main == database)) as old:
            revision = old.execute("SELECT version_num FROM alembic_version").fetchone()
            if revision is None or not can_compare(revision[0]):
                return None
            return {table: old.execute(query).fetchall() for table, query in BEFORE.items()}
    except (sqlite3.Error, OSError):
        return None
    finally:
        _remove(compared)


def founded_in(database: Path) -> Founded | None:
    """What a database was founded as, read from its main file alone and without a trace; None if that can't be read."""
    if not database.is_file():
        return None
    connection = sqlite3.connect(_unchanged(database), uri=True)
    try:
        return _founded(connection)
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def _unchanged(database: Path) -> str:
    """The address by which SQLite reads a main file alone and leaves no trace."""
    return f"file:{quote(str(database))}?mode=ro&immutable=1"


def _receive(source: Path, database: Path, *, here: Installation, at: datetime, before: _Before | None) -> Restored:
    """Make a complete, checked copy of the source under a name that it gets only then; log-ins are ended in it.

    The source may be a database with a log beside it, or lie on a disk that can't be written.
    """
    partial = database.with_name(f"{database.name}.partial")
    _remove(partial)
    try:
        with refused_to_sqlite(source):
            _copy_files(source, partial)
        _refuse_unsound(partial, called=source)
        with _open(partial) as connection:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            refuse_newer(revision)
            refuse_founded(_founded(connection), here, called=source, name=_sealed_name(connection), is_copy=True)
            _refuse_strange_code(connection, called=source)
            _make_single_file(connection)
            ending = Ending(revision, at, "sqlite", compares=before is not None)
            _end(connection, ending, before or {})
            done = ending.report(lambda query: connection.execute(query).fetchall(), here.keyring)
        sync_file(partial)
        partial.rename(incoming_of(database, stamp_of(at)))
        sync_folder(database.parent)
    finally:
        _remove(partial)
    return done


def _end(connection: sqlite3.Connection, ending: Ending, before: _Before) -> None:
    """End what must not come back in a copy that has no name yet, so that half of it is nothing."""
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA synchronous = OFF")
    for table, rows in before.items():
        connection.execute(f"CREATE TEMP TABLE {table}")
        name, marks = table.partition(" ")[0], ", ".join("?" * (table.count(",") + 1))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608 - names of ours
    for statement in ending.statements():
        connection.execute(statement)


def _refuse_strange_code(connection: sqlite3.Connection, *, called: Path) -> None:
    if strange := strange_triggers(connection):
        raise SettingsError(f"{called} has what is none of ours ({', '.join(strange)}): take another backup")


def _copy_files(source: Path, target: Path) -> None:
    """Copy the files of a database, but for what SQLite makes anew from its log."""
    for file, copy in zip(files_of(source), files_of(target), strict=True):
        if file.is_file() and not file.name.endswith("-shm"):
            _copy_file(file, copy)


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
        raise SettingsError(f"{called} {NO_TABLES}")
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
