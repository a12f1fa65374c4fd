"""Databases whose writers a test may disturb."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.kernel import group_commit
from ledger.kernel.database import Database
from tests.databases import PostgresServer, drop_postgres_database, fresh_postgres_database, sqlite_url
from tests.kernel.groups import Groups
from tests.runtimes import use_database


@pytest.fixture
def groups(migrated_sqlite: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Groups]:
    """Groups on a database of their own, of the size that the test wants, however slow the machine."""
    monkeypatch.setattr(group_commit, "GROUP_SECONDS", 600.0)
    url = sqlite_url(memory)
    shutil.copyfile(migrated_sqlite, url.removeprefix("sqlite:///"))
    database = Database(url)
    use_database(database)
    yield Groups(database)
    database.close()


@pytest.fixture
def postgres_database(postgres: PostgresServer, migrated_postgres: str) -> Iterator[Database]:
    """A PostgreSQL database for one test alone."""
    url = fresh_postgres_database(postgres, template=migrated_postgres)
    database = Database(url)
    use_database(database)
    yield database
    database.close()
    drop_postgres_database(postgres, url)
