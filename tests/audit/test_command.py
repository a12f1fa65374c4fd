"""`ningxin verify`: prints only the size of a sound book; otherwise names the row and exits with 1."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from flask import Flask

from ledger.app import create_app
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.settings import Settings
from ledger.places import queries as places
from tests.audit.small_book import SmallBook, give_points, make_small_book
from tests.commands import invoke
from tests.runtimes import TEST_SECRET
from tests.world import World


@pytest.fixture
def own_app(own_database: Database, tmp_path: Path) -> Flask:
    """The application on the test's own database, because the command verifies every center in it."""
    settings = Settings(
        environment="development",
        database_url=own_database.url,
        secret_key=TEST_SECRET,
        base_url="http://127.0.0.1:8000",
        host="127.0.0.1",
        port=8000,
        timezone=ZoneInfo("Asia/Shanghai"),
        data_folder=tmp_path,
    )
    return create_app(settings, database=own_database)


def verify(app: Flask) -> Result:
    """Run the command."""
    return invoke(app, "verify")


@pytest.fixture
def book(own_app: Flask, own_database: Database) -> SmallBook:
    """A small book in that database."""
    return make_small_book(World(own_database))


def test_a_sound_book(own_app: Flask, book: SmallBook) -> None:
    result = verify(own_app)

    assert (result.exit_code, result.output.count("no difference.")) == (0, 1), result.output
    assert "26 transfers" in result.output


def test_a_book_that_differs(own_app: Flask, book: SmallBook) -> None:
    give_points(book.world, book.volunteer, 500)

    result = verify(own_app)

    assert result.exit_code == 1
    assert "DIFFERENT" in result.output


def test_every_center_is_verified(own_app: Flask, book: SmallBook) -> None:
    World(book.world.database)

    result = verify(own_app)

    assert result.output.count("no difference.") == len(in_snapshot(places.centers)) == 2


def test_before_there_is_a_center(own_app: Flask) -> None:
    result = verify(own_app)

    assert (result.exit_code, "nothing to verify" in result.output) == (0, True)
