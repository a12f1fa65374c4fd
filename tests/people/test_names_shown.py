"""Names are not walked by hits: whoever signs up people of other places is told of no more than are looked up."""

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import new_id, public_id
from ledger.organisations import service as organisations
from ledger.people.lookups import LOOKUPS
from ledger.people.volunteers import service as people
from tests.people.test_lookups import Seeker
from tests.world import World


@pytest.fixture
def seeker(world: World, client: FlaskClient) -> Seeker:
    return Seeker(world, client)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit that a test reaches soon."""
    monkeypatch.setattr("ledger.people.lookups.LOOKUPS", type(LOOKUPS)("lookup", 3, 600))
    return 3


def door_of(world: World, door: str) -> str:
    """Where people are put into a new shift or team of the station."""
    if door == "shift":
        return f"/api/v1/shifts/{public_id(world.add_shift(clock.now().replace(microsecond=0)))}/signups"
    team = in_transaction(organisations.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    return f"/api/v1/teams/{public_id(team)}/members"


def strangers(world: World, count: int) -> list[str]:
    """Volunteers of another station."""
    place = world.add_station(f"沙湾{public_id(new_id())}站")
    ids = [
        in_transaction(people.register_volunteer, name="王桂兰", place_id=place, actor=world.builder)
        for _ in range(count)
    ]
    return [public_id(each) for each in ids]


@pytest.mark.parametrize("door", ["shift", "team"])
def test_hits_on_people_of_other_places_are_counted(seeker: Seeker, few: int, door: str) -> None:
    world = seeker.world
    team = in_transaction(organisations.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    shift = world.add_shift(clock.now().replace(microsecond=0))
    path = (
        f"/api/v1/shifts/{public_id(shift)}/signups" if door == "shift" else f"/api/v1/teams/{public_id(team)}/members"
    )

    def join(volunteer: str) -> int:
        return seeker.send(path, json={"volunteer_id": volunteer}).status_code

    own = [public_id(world.add_volunteer().volunteer_id) for _ in range(few + 1)]
    assert {join(each) for each in own} == {201}
    far = strangers(world, few + 1)
    assert [join(each) for each in far] == [201] * few + [429]
    assert join(own[0]) == 429


@pytest.mark.parametrize("door", ["shift", "team"])
def test_ids_of_nobody_are_misses(seeker: Seeker, few: int, door: str) -> None:
    world = seeker.world
    team = in_transaction(organisations.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    shift = world.add_shift(clock.now().replace(microsecond=0))
    path = (
        f"/api/v1/shifts/{public_id(shift)}/signups" if door == "shift" else f"/api/v1/teams/{public_id(team)}/members"
    )
    tried = [seeker.send(path, json={"volunteer_id": public_id(new_id())}).status_code for _ in range(few + 1)]
    assert tried == [404] * few + [429]
