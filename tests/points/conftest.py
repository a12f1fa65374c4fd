"""A book for each test."""

import pytest

from tests.points.books import Books


@pytest.fixture
def books(center: int) -> Books:
    """The book of a new center in the shared database."""
    return Books(center)
