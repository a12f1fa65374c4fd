"""SQLite's figures of sizes at start-up: a database that has others is not served before somebody migrates."""

from pathlib import Path

import pytest

from ledger.kernel import runtime
from ledger.kernel.database import Database
from tests.cli.test_commands import Console, console_at


@pytest.fixture
def console(own_database: Database, tmp_path: Path) -> Console:
    """A migrated installation without a center."""
    return console_at(own_database.url, tmp_path)


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("command", "why"), [("serve", "of old figures"), ("scheduler", "of none")])
def test_nothing_is_served_by_figures_of_another_version(console: Console, command: str, why: str) -> None:
    """SQLite would walk through the whole book, and no error would say so."""
    lost = {"of old figures": "UPDATE sqlite_stat1 SET stat = '10 10'", "of none": "DELETE FROM sqlite_stat1"}
    database = runtime.current().database
    with database.writer.begin() as connection:
        connection.exec_driver_sql(lost[why])
    said = console.fails(command)
    assert "does not know how large its tables grow: run ningxin migrate" in said
    assert "is the newest" in console.run("migrate").output
    console.app.extensions["refuse_unready"](runtime.current())
