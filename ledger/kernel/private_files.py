"""Files that only their owner can read: whatever holds the book, a key or a log-in is written here."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


def make_folder(folder: Path) -> None:
    """Make a folder and the missing ones above it, for the owner alone; those already there keep their mode."""
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(_FOLDER_MODE, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))


def make_file(path: Path) -> None:
    """Make an empty file; does nothing if it is there. Raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, _FILE_MODE))


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that must not exist yet; it is on the disk when the block ends. Raises OSError with its name."""
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE_MODE), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that gets its name only once it is complete and on the disk; replaces a file of that name.

    Raises OSError, also for a name that is no file's: renaming onto a device would destroy it.
    """
    if path.exists() and not path.is_file():
        raise OSError(22, "Not a regular file", str(path))
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with new_file(part) as file:
            yield file
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def make_private(path: Path) -> None:
    """Take a file's permissions from everybody but its owner, if it is ours and there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077 and found.st_uid == os.geteuid():
        path.chmod(_FILE_MODE)


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
