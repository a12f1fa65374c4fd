"""Installations to type commands at: without a center, with one, and one that was backed up and has gone on since."""

import os
from pathlib import Path

import click
import pytest

from ledger import jobs
from ledger.demo import district
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.organisations.service import create_center
from ledger.web import server
from tests.cli.restoring import LATER
from tests.cli.test_commands import FOUND, Console, console_at
from tools.test_system import find_postgres_folder


@pytest.fixture(autouse=True)
def _tools_of_this_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the server's own version of pg_dump first."""
    monkeypatch.setenv("PATH", f"{find_postgres_folder()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def console(own_database: Database, tmp_path: Path) -> Console:
    """A migrated installation without a center."""
    return console_at(own_database.url, tmp_path)


@pytest.fixture
def founded(console: Console) -> Console:
    """An installation with a center."""
    assert console.run(*FOUND).exit_code == 0
    return console


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a server nor a year of the demonstration."""

    def start(*_: object, **__: object) -> None:
        raise click.exceptions.Exit(0)

    monkeypatch.setattr(jobs, "start", start)
    monkeypatch.setattr(server, "serve", start)
    monkeypatch.setattr(district, "load_once", lambda *_, **__: None)


@pytest.fixture
def backed_up(own_database: Database, tmp_path: Path) -> Console:
    """An installation with one center, backed up, and another made since."""
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
