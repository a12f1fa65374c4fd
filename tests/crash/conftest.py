"""A service that several tests of one file use one after another."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.kernel.database import Database
from tests.crash.server import Server
from tests.world import ServedWorld, World


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[tuple[Server, World]]:
    """A service with two threads, and a small center in its database."""
    folder = tmp_path_factory.mktemp("slow")
    shutil.copyfile(migrated_sqlite, folder / "ningxin.sqlite3")
    database = Database(f"sqlite:///{folder / 'ningxin.sqlite3'}")
    world = ServedWorld(database)
    served = Server(folder, more={"LEDGER_THREADS": "2"})
    served.start()
    yield served, world
    served.stop()
    database.close()
