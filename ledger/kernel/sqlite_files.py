"""A SQLite database is several files, which belong together: the main file, its write-ahead log, what indexes that.

Everybody who opens it shares a lock on one more file beside it, so that a restore can prove that it is alone, whatever
state the database is in.
"""

import fcntl
import logging
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from ledger.kernel.errors import Unavailable
from ledger.kernel.private_files import make_private, sync_folder
from ledger.kernel.settings import SettingsError

_log = logging.getLogger(__name__)
_SUFFIXES = ("", "-wal", "-shm", "-journal")
_LOCK = "-lock"
_INCOMING = ".incoming-"
_OLD = ".before-restore-"
# The bytes that SQLite locks, in the main file whatever it contains: PENDING_BYTE, RESERVED_BYTE, the shared range.
_LOCKED_FROM, _LOCKED_BYTES = 0x40000000, 512


def file_of(url: str | sa.URL) -> Path:
    """The main file. SQLite puts the others beside what a symbolic link leads to."""
    return Path(sa.make_url(url).database or "").resolve()


def files_of(database: Path) -> tuple[Path, ...]:
    """All files that a database can have, whether they are there or not; the main file is first."""
    return tuple(database.with_name(database.name + suffix) for suffix in _SUFFIXES)


def incoming_of(database: Path, stamp: str) -> Path:
    """The name of a complete, checked copy that waits to become the database."""
    return database.with_name(f"{database.name}{_INCOMING}{stamp}")


def old_of(database: Path, stamp: str) -> Path:
    """The name under which a restore keeps the previous database."""
    return database.with_name(f"{database.name}{_OLD}{stamp}")


def lock_of(database: Path) -> Path:
    """The empty file whose lock all share who have the database open."""
    return database.with_name(database.name + _LOCK)


class Hold:
    """A share in a database's lock, until `end` or until nobody refers to it."""

    def __init__(self, database: Path) -> None:
        """Raises Unavailable("service.restoring") during a restore, OSError if the folder can't be written."""
        self._descriptor = os.open(lock_of(database), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable("service.restoring") from error

    def end(self) -> None:
        """Give the share back. A forked process keeps its own copy of it."""
        # Taken before it is closed: closed by two threads, the number would be another file's the second time.
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self.end()


def open_for_use(database: Path) -> Hold:
    """Prepare to connect: finish an interrupted restore, close the files to others, and share the lock.

    Raises Unavailable("service.restoring"), OSError; FileNotFoundError names the database or its folder.
    """
    try:
        said = finish_restore(database)
    except SettingsError as error:
        raise Unavailable("service.restoring") from error
    if said is not None:
        _log.warning(said)
    if not database.exists():
        raise FileNotFoundError(2, "there is no database yet", str(database))
    hold = Hold(database)
    for file in files_of(database):
        make_private(file)
    return hold


@contextmanager
def alone_with(database: Path) -> Iterator[None]:
    """Keep everybody else from a database. Raises SettingsError while anybody has it open."""
    with locked(database), refused_to_sqlite(database):
        yield


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Keep our own services and commands from a database. Raises SettingsError while one has it open."""
    descriptor = os.open(lock_of(database), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _in_use(database) from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def refused_to_sqlite(file: Path) -> Iterator[None]:
    """Lock a file as SQLite does, which any program that uses it respects. Raises SettingsError if one has it open."""
    if not file.is_file():
        yield
        return
    descriptor = os.open(file, os.O_RDWR if os.access(file, os.W_OK) else os.O_RDONLY)
    try:
        writable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_RDWR
        try:
            if writable:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _LOCKED_FROM)
            elif _is_locked(descriptor):
                raise BlockingIOError
        except (BlockingIOError, PermissionError) as error:
            raise _in_use(file) from error
        yield
    finally:
        os.close(descriptor)


def switch(database: Path, stamp: str) -> Path | None:
    """Put the database's files aside and the waiting copy in their place; returns where the old main file is.

    Begun again after a kill, it goes on where it was. Once the main file is gone there is only this way to go, and
    before that the old database is untouched; so one of the two is whole at each moment.
    """
    old = old_of(database, stamp)
    for file, aside in zip(files_of(database), files_of(old), strict=True):
        if file.exists() or file.is_symlink():
            file.rename(aside)
            make_private(aside)
    sync_folder(database.parent)
    incoming_of(database, stamp).rename(database)
    sync_folder(database.parent)
    return old if any(file.exists() for file in files_of(old)) else None


def finish_restore(database: Path) -> str | None:
    """Finish or drop a restore that was killed; returns what an operator should know, None if there was none.

    Raises SettingsError while somebody else is at it.
    """
    waiting = _waiting(database)
    if not waiting:
        return None
    with alone_with(database):
        waiting = _waiting(database)
        if not waiting:
            return None
        if database.exists():
            for file in waiting:
                file.unlink()
            return "A restore was stopped before it changed anything: the database is the old one. Run it again."
        old = switch(database, waiting[-1].name.rpartition(_INCOMING)[2])
        kept = f" The previous database is kept as {old}." if old is not None else ""
        return f"A restore was stopped half-way and is finished now: the database is the restored one.{kept}"


def _waiting(database: Path) -> list[Path]:
    return sorted(database.parent.glob(f"{_escaped(database.name)}{_INCOMING}*"))


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _in_use(file: Path) -> SettingsError:
    return SettingsError(f"{file} is in use: stop the service first, and every other program that has it open")


def _is_locked(descriptor: int) -> bool:
    """Whether another process holds a lock there; asks without taking one, for a file that can't be written."""
    asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, _LOCKED_FROM, _LOCKED_BYTES, 0)
    answer = struct.unpack("hhqqi", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return bool(answer[0] != fcntl.F_UNLCK)
