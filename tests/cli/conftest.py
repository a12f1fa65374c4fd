"""An installation that was backed up and has gone on since."""

import os
from pathlib import Path

import pytest

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.organisations.service import create_center
from tests.cli.restoring import LATER
from tests.cli.test_commands import FOUND, Console, console_at
from tools.test_system import find_postgres_folder


@pytest.fixture
def backed_up(own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """An installation with one center, backed up, and another made since."""
    # The server's own version of pg_dump comes first.
    monkeypatch.setenv("PATH", f"{find_postgres_folder()}{os.pathsep}{os.environ['PATH']}")
    console = console_at(own_database.url, tmp_path)
    assert console.run(*FOUND).exit_code == 0
    result = console.run("backup", str(tmp_path / "copy.backup"))
    assert result.exit_code == 0, result.output
    in_transaction(create_center, name=LATER)
    return console


@pytest.fixture
def copy(backed_up: Console, tmp_path: Path) -> Path:
    """The backup."""
    return tmp_path / "copy.backup"
