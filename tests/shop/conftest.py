"""A counter for every test of the shop."""

import pytest
from flask.testing import FlaskClient

from tests.shop.counter import Counter
from tests.world import World


@pytest.fixture
def counter(world: World, client: FlaskClient) -> Counter:
    """A shop with a clerk."""
    return Counter(world, client)
