"""A SQLite database whose writer a test may hinder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.kernel import db, group_commit
from ledger.kernel.db import Database
from tests.databases import sqlite_url
from tests.kernel.groups import Groups


@pytest.fixture
def groups(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Groups]:
    """Groups on a database of their own, as large as the test makes them however slow the machine."""
    monkeypatch.setattr(group_commit, "GROUP_SECONDS", 600.0)
    url = sqlite_url(tmp_path)
    shutil.copyfile(migrated_sqlite, url.removeprefix("sqlite:///"))
    database = Database(url)
    db.use(database)
    yield Groups(database)
    database.close()
