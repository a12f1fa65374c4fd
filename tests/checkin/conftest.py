"""Fixtures of the check-in tests."""

import pytest
from flask.testing import FlaskClient

from tests.checkin.days import Day
from tests.checkin.phone import Phone
from tests.world import World


@pytest.fixture
def day(world: World) -> Day:
    """An ordinary day; tests add the shifts."""
    return Day(world, world.add_staff("clerk"), world.add_staff("station_manager"), world.add_volunteer())


@pytest.fixture
def shift_id(day: Day) -> int:
    """A shift from nine to eleven with a sign-up of the volunteer."""
    return day.sign_up(9)


@pytest.fixture
def phone(day: Day, client: FlaskClient) -> Phone:
    """The volunteer's phone."""
    return Phone(client, day.volunteer)
