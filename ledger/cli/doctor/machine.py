"""The PC under the service: room on its disks, and who can read its files."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from ledger.cli.doctor.finding import Finding, ok, warning, wrong
from ledger.kernel.engines import is_sqlite
from ledger.kernel.settings import Settings
from ledger.kernel.sqlite_files import file_of, files_of
from ledger.web.certificates import ROOT_KEY

_MEGABYTE = 1_000_000
# Below it SQLite may fail in the middle of a day.
_LEAST_FREE = 200 * _MEGABYTE
# A restore and some migrations write the whole database once more, beside the old one.
_EASY_FREE, _COPIES = 1_000 * _MEGABYTE, 2
_FOR_OTHERS, _CHANGED_BY_OTHERS = 0o077, 0o022
# As config.py takes a settings file: the owner's group may read it, as with systemd.
_SETTINGS_FOR_OTHERS = 0o037


def disk(settings: Settings) -> Iterator[Finding]:
    """Judge each disk that the service writes to."""
    folders = {settings.data_folder, *_database_folders(settings)}
    if settings.checkpoints.folder is not None:
        folders.add(settings.checkpoints.folder)
    seen: set[int] = set()
    for folder in sorted(folder for folder in folders if folder.is_dir()):
        device = folder.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield judge_disk(folder, shutil.disk_usage(folder).free, book=_size(settings))


def judge_disk(folder: Path, free: int, *, book: int) -> Finding:
    """Judge the free bytes on the disk of a folder, beside a database of `book` bytes."""
    room = f"{free / _MEGABYTE:,.0f} MB are free at {folder}"
    if free < _LEAST_FREE:
        return wrong(
            "disk", f"{room}; soon nothing can be written", "make room now: remove old copies, or a larger disk"
        )
    if free < _EASY_FREE + _COPIES * book:
        return warning("disk", f"{room}; a restore or an update may not fit", "make room: remove old copies from it")
    return ok("disk", room)


def files(settings: Settings) -> Finding:
    """Judge who can read what holds the book, a key or the secret, and whether this user can write the data."""
    folder = settings.data_folder
    private = [*_database_files(settings), folder / "secret-key", folder / "tls" / ROOT_KEY]
    private += [settings.tls_key] if settings.tls_key is not None else []
    allowed = dict.fromkeys(private, _FOR_OTHERS)
    allowed |= {folder: _CHANGED_BY_OTHERS}
    if settings.file is not None:
        allowed[settings.file] = _SETTINGS_FOR_OTHERS
    there = {path: mask for path, mask in allowed.items() if path.exists()}
    is_open = [path for path, mask in there.items() if stat.S_IMODE(path.stat().st_mode) & mask]
    if is_open:
        listed = ", ".join(map(str, is_open))
        return wrong(
            "files", f"others on this PC can read or change {listed}", f"type chmod go= {' '.join(map(str, is_open))}"
        )
    foreign = [path for path in (folder, *_database_files(settings)) if path.exists() and not os.access(path, os.W_OK)]
    if foreign:
        listed = ", ".join(map(str, foreign))
        return wrong("files", f"this user can't write {listed}", "run the service and its commands as the files' owner")
    return ok("files", f"only their owner can read the {len(there)} that hold the book, keys and the secret")


def _database_files(settings: Settings) -> tuple[Path, ...]:
    return files_of(file_of(settings.database_url)) if is_sqlite(settings.database_url) else ()


def _database_folders(settings: Settings) -> set[Path]:
    return {path.parent for path in _database_files(settings)}


def _size(settings: Settings) -> int:
    return sum(path.stat().st_size for path in _database_files(settings) if path.exists())
