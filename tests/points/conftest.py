"""A book for each test, and its log."""

import pytest

from ledger.points import seal_keys
from tests.points.books import Books
from tests.points.logs import Log


@pytest.fixture
def books(center: int) -> Books:
    """The book of a new center in the shared database."""
    return Books(center)


@pytest.fixture
def log(books: Books) -> Log:
    """The log of the test's book, whatever host another test has last served as."""
    seal_keys.use_host("jf.example.org")
    return Log(books.center_id)
