"""An office for each test."""

import pytest

from tests.approvals.office import Office
from tests.world import World


@pytest.fixture
def office(world: World) -> Office:
    """Two administrators, an auditor and a volunteer of a new center."""
    return Office(world)
