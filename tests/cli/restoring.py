"""An installation with a backup, and its database as a crash or a copy leaves it."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from ledger.kernel import runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.sqlite_files import file_of, files_of
from ledger.places import queries as places
from tests.cli.test_commands import Console

on_a_file = pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
# The center in the backup, one made since, and its name as only the write-ahead log has it.
BACKED_UP, LATER, IN_THE_LOG = "柳荫社区", "竹溪社区", "白鹭社区"


def names() -> list[str]:
    return [center.name for center in in_snapshot(places.centers)]


def names_at(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        found = connection.execute("SELECT name FROM center ORDER BY id").fetchall()
    connection.close()
    return [name for (name,) in found]


def crashed(console: Console, folder: Path) -> Path:
    """The database as a crash leaves it: what came last is in the write-ahead log alone."""
    live = file_of(console.settings.database_url)
    with sqlite3.connect(live) as connection:
        connection.execute("UPDATE center SET name = ? WHERE name = ?", (IN_THE_LOG, LATER))
        connection.commit()
        for file in files_of(live):
            if file.exists():
                shutil.copyfile(file, folder / file.name)
    connection.close()
    assert (folder / f"{live.name}-wal").stat().st_size > 0
    return folder / live.name


def put_in_place(files: Path, database: Path) -> None:
    for file, place in zip(files_of(files), files_of(database), strict=True):
        place.unlink(missing_ok=True)
        if file.exists():
            shutil.copyfile(file, place)


def runtime_database() -> Database:
    """The database that the console uses."""
    return runtime.current().database
