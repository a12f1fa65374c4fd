"""`ningxin export`: a complete file or none, progress on stderr, and only the journal on stdout."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.audit.exports.writing import STYLES
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.organisations import queries as organisations
from tests.audit import outside
from tests.audit.outside import TOOLS
from tests.audit.small_book import SmallBook, give_points, make_small_book
from tests.cli.test_commands import Console, console_at
from tests.conftest import BOTH_DATABASES, made_database
from tests.world import World


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def book(request: pytest.FixtureRequest) -> Iterator[SmallBook]:
    """A small book in a database of its own, which these tests only read."""
    with made_database(request, migrated=True) as url:
        database = Database(url)
        yield make_small_book(World(database))
        database.close()


@pytest.fixture
def console(book: SmallBook, tmp_path: Path) -> Console:
    """An installation with that book."""
    return console_at(book.world.database.url, tmp_path)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_book_goes_into_a_file(console: Console, book: SmallBook, tool: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{STYLES[tool].suffix}"
    path.write_text("what was there before")

    result = console.run("export", tool, str(path), "--month-ends")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "100 %" in result.stderr
    assert "26 transfers, 14 batches" in result.stderr
    assert outside.agrees(tool, path, book.world.builder)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("tool", TOOLS)
def test_stdout_is_the_journal_and_nothing_else(console: Console, book: SmallBook, tool: str, tmp_path: Path) -> None:
    result = console.run("export", tool, "-")

    path = tmp_path / "piped"
    path.write_text(result.stdout, encoding="utf-8")
    assert outside.agrees(tool, path, book.world.builder)


def test_one_of_several_centers_is_named(own_database: Database, tmp_path: Path) -> None:
    console, first, second = console_at(own_database.url, tmp_path), World(own_database), World(own_database)
    give_points(first, first.add_volunteer(), 100)
    path = tmp_path / "second.journal"

    refused = console.fails("export", "hledger", str(path))
    assert "--center" in refused
    for world in (first, second):
        assert public_id(world.center_id) in refused
    assert not path.exists()

    assert "0 transfers" in console.run("export", "hledger", str(path), "--center", public_id(second.center_id)).stderr
    assert "(organisations.center_not_found)" in console.fails("export", "hledger", str(path), "--center", "天上")


def test_the_only_center_can_be_named(console: Console, book: SmallBook) -> None:
    name = in_snapshot(organisations.only_center).name

    assert console.run("export", "hledger", "-", "--center", name).exit_code == 0


def test_what_can_t_be_written_is_said(console: Console, book: SmallBook, tmp_path: Path) -> None:
    assert "can't be written" in console.fails("export", "beancount", str(tmp_path / "nowhere" / "a.beancount"))


def test_a_bundle_goes_into_a_file(console: Console, book: SmallBook, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"

    result = console.run("export", "bundle", str(path))

    assert (result.exit_code, result.stdout) == (0, "")
    assert "100 %" in result.stderr
    assert "26 transfers, 14 sealed batches, 0 that wait" in result.stderr
    assert [each.name for each in tmp_path.glob("bundle*")] == ["bundle.zip"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {"manifest.json", "facts.jsonl", "keys.json", "README.txt"} <= set(archive.namelist())


def test_a_bundle_that_can_t_be_written_is_said(console: Console, book: SmallBook, tmp_path: Path) -> None:
    assert "can't be written" in console.fails("export", "bundle", str(tmp_path / "nowhere" / "a.zip"))
