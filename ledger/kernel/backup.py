"""Backup and restore of the whole database.

SQLite: a consistent copy while the service runs, checked before use. PostgreSQL: its own pg_dump and pg_restore.
"""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from ledger.kernel.clocks import SystemClock
from ledger.kernel.engines import is_sqlite
from ledger.kernel.settings import SettingsError


def back_up(url: str, target: Path) -> None:
    """Write a copy of the database to a new file. Raises SettingsError if it can't be written or isn't sound."""
    if target.exists():
        raise SettingsError(f"{target} is there already; name a new file")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        if is_sqlite(url):
            _copy_sqlite(_sqlite_file(url), partial)
        else:
            _run_postgres_tool("pg_dump", url, "--format=custom", "--no-owner", f"--file={partial}")
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"the backup could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, source: Path, *, force: bool) -> Path | None:
    """Replace the database by a copy; returns the path at which the old one is kept, None if there was none.

    Raises SettingsError if the copy isn't sound, if there is a database and not `force`, or while it is in use.
    """
    if not source.is_file():
        raise SettingsError(f"there is no file {source}")
    try:
        return (
            _restore_sqlite(_sqlite_file(url), source, force) if is_sqlite(url) else _restore_dump(url, source, force)
        )
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"the backup could not be restored: {error}") from error


def _copy_sqlite(database: Path, copy: Path) -> None:
    if not database.is_file():
        raise SettingsError(f"there is no database at {database} yet")
    with _open(database) as source, _open(copy) as target:
        # All pages in one step: one snapshot, which neither blocks writers nor is disturbed by them.
        source.backup(target, pages=-1)
    _refuse_unsound(copy)


def _restore_sqlite(database: Path, source: Path, force: bool) -> Path | None:
    _refuse_unsound(source)
    old = None
    if database.exists():
        if not force:
            raise SettingsError(f"{database} is there already; --force keeps it under another name and goes on")
        _make_single_file(database)
        old = _name_for_old(database)
    incoming = database.with_name(database.name + ".incoming")
    with _open(source) as copy, _open(incoming) as target:
        copy.backup(target, pages=-1)
    _refuse_unsound(incoming)
    if old is not None:
        database.rename(old)
    incoming.rename(database)
    return old


def _make_single_file(database: Path) -> None:
    """Fold the write-ahead log into the file; SQLite refuses this while another connection is open."""
    with _open(database) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise SettingsError("the database is in use: stop the service first") from error


def _refuse_unsound(file: Path) -> None:
    with _open(file) as connection:
        try:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            migrated = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchone()
        except sqlite3.DatabaseError as error:
            raise SettingsError(f"{file} is no database that can be read: {error}") from error
    if verdict != "ok":
        raise SettingsError(f"{file} is damaged: {verdict}")
    if not migrated[0]:
        raise SettingsError(f"{file} holds a database of something else")


def _restore_dump(url: str, source: Path, force: bool) -> Path | None:
    engine = sa.create_engine(url, hide_parameters=True)
    occupied = sa.inspect(engine).has_table("alembic_version")
    engine.dispose()
    old = None
    if occupied:
        if not force:
            raise SettingsError("the database holds tables already; --force dumps them to a file first and goes on")
        old = _name_for_old(source)
        back_up(url, old)
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
    _run_postgres_tool("pg_restore", url, *options, str(source))
    return old


def _run_postgres_tool(tool: str, url: str, *arguments: str) -> None:
    program = shutil.which(tool)
    if program is None:
        raise SettingsError(f"{tool} is not on the PATH: install PostgreSQL's client programs (postgresql-client)")
    with _connection_text(url) as target:
        done = subprocess.run(  # noqa: S603 - the tool that was looked up, with arguments of our own
            [program, f"--dbname={target}", *arguments], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it did not say why"]
        raise SettingsError(f"{tool} failed: {said[0]}")


@contextmanager
def _connection_text(url: str) -> Iterator[str]:
    """The connection string for libpq, with the password in a private file instead of the arguments."""
    parts = sa.make_url(url)
    words = {"host": parts.host, "port": parts.port, "user": parts.username, "dbname": parts.database}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as passwords:
        if parts.password:
            secret = str(parts.password).replace("\\", "\\\\").replace(":", "\\:")
            passwords.write(f"*:*:*:*:{secret}\n")
            passwords.flush()
            words["passfile"] = passwords.name
        yield " ".join(f"{name}={_quoted(value)}" for name, value in words.items() if value)


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _name_for_old(file: Path) -> Path:
    return file.with_name(f"{file.name}.before-restore-{SystemClock().now():%Y%m%dT%H%M%S%f}")


def _sqlite_file(url: str) -> Path:
    return Path(sa.make_url(url).database or "")


@contextmanager
def _open(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, isolation_level=None, timeout=5)
    try:
        yield connection
    finally:
        connection.close()
