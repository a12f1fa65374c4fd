"""A book for each test, and its log."""

import pytest
from flask.testing import FlaskClient

from tests.points.books import Books
from tests.points.logs import Log
from tests.points.raw_bench import Bench
from tests.world import World


@pytest.fixture
def books(center: int) -> Books:
    """The book of a new center in the shared database."""
    return Books(center)


@pytest.fixture
def log(books: Books) -> Log:
    """The log of the test's book."""
    return Log(books.center_id)


@pytest.fixture
def bench(client: FlaskClient, world: World) -> Bench:
    """An administrator's accounts of the raw ledger."""
    return Bench(client, world.add_staff("admin", place_id=world.top_id))
