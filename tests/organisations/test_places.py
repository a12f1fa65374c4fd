"""Centers, places, teams and memberships, through the services, on both databases."""

from itertools import pairwise

import pytest

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, NotFound, Rejected
from ledger.kernel.ids import public_id
from ledger.organisations import queries, service
from ledger.organisations.policy import metres_between
from ledger.places import queries as places
from tests.world import World


def add(world: World, **known: object) -> int:
    """A place under the center."""
    place = {"parent_id": world.top_id, "kind": "station", "name": "沙湾站", "actor": world.builder} | known
    return in_transaction(service.add_place, **place)


def test_a_path_leads_from_the_top_down(world: World) -> None:
    institute = add(world, kind="institute", name="高庙所")
    station = in_snapshot(queries.get_place, add(world, parent_id=institute), world.center_id)
    ids = [world.top_id, institute, station.id]
    assert station.path == "/" + "".join(f"{public_id(key)}/" for key in ids)
    tree = in_snapshot(places.all_places, world.center_id)
    assert {place.id for place in tree} == {*ids, world.station_id}
    assert all(one.path < other.path for one, other in pairwise(tree))


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"kind": "center"}, "organisations.kind_not_here"),
        ({"kind": "shop"}, "organisations.kind_not_here"),
        ({"name": " "}, "organisations.name_invalid"),
        ({"name": "柳荫站"}, "organisations.place_exists"),
        ({"latitude": 36.5}, "organisations.position_invalid"),
        ({"latitude": 136.5, "longitude": 102.4}, "organisations.position_invalid"),
        ({"latitude": float("nan"), "longitude": 102.4}, "organisations.position_invalid"),
        ({"parent_id": 12345}, "organisations.place_not_found"),
    ],
)
def test_a_place_that_can_not_be_is_refused(world: World, known: dict[str, object], code: str) -> None:
    with pytest.raises(LedgerError) as refused:
        add(world, **known)
    assert refused.value.code == code


def test_nothing_stands_under_a_station(world: World) -> None:
    with pytest.raises(Rejected):
        add(world, parent_id=world.station_id)


def test_a_manager_adds_under_the_own_place_only(world: World) -> None:
    institute = add(world, kind="institute", name="高庙所")
    manager = world.add_staff("station_manager", place_id=institute).actor
    add(world, parent_id=institute, actor=manager)
    with pytest.raises(Forbidden):
        add(world, actor=manager)


def test_a_place_of_another_center_is_not_there(world: World, database: Database) -> None:
    with pytest.raises(NotFound):
        in_snapshot(queries.get_place, world.station_id, World(database).center_id)


def test_closing_goes_from_below(world: World) -> None:
    institute = add(world, kind="institute", name="高庙所")
    station = add(world, parent_id=institute)
    with pytest.raises(Conflict) as refused:
        in_transaction(service.close_place, institute, actor=world.builder)
    assert refused.value.code == "organisations.place_has_open_places"
    for place_id in (station, station, institute):
        in_transaction(service.close_place, place_id, actor=world.builder)
    with pytest.raises(Rejected):
        in_transaction(service.close_place, world.top_id, actor=world.builder)
    with pytest.raises(Conflict):
        add(world, parent_id=institute, name="新站")
    assert institute not in {place.id for place in in_snapshot(places.all_places, world.center_id)}
    assert institute in {place.id for place in in_snapshot(places.all_places, world.center_id, closed=True)}


def test_a_reprinted_code_counts_up(world: World) -> None:
    versions = [in_transaction(service.raise_code_version, world.station_id, actor=world.builder) for _ in range(2)]
    assert versions == [2, 3]
    with pytest.raises(Forbidden):
        in_transaction(service.raise_code_version, world.station_id, actor=world.add_staff("clerk").actor)


def test_the_nearest_station_comes_first(world: World) -> None:
    far = add(world, name="远站", latitude=36.6, longitude=102.4)
    near = add(world, name="近站", latitude=36.5, longitude=102.41)
    found = in_snapshot(queries.nearest, world.center_id, latitude=36.5, longitude=102.4)
    assert [one.place.id for one in found] == [near, far]
    assert 880 < found[0].metres < 905
    assert in_snapshot(queries.nearest, world.center_id, latitude=36.5, longitude=102.4, limit=1) == found[:1]


def test_distance_half_around_the_earth() -> None:
    assert round(metres_between((0, 0), (0, 180)) / 1000) == 20015


def test_a_volunteer_joins_and_leaves_a_team(world: World) -> None:
    team = in_transaction(service.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    volunteer = world.add_volunteer().volunteer_id
    in_transaction(service.join_team, team_id=team, volunteer_id=volunteer, actor=world.builder)
    with pytest.raises(Conflict):
        in_transaction(service.join_team, team_id=team, volunteer_id=volunteer, actor=world.builder)
    with pytest.raises(Rejected, match=r"people\.volunteer_not_found"):
        in_transaction(service.join_team, team_id=team, volunteer_id=5, actor=world.builder)
    assert in_snapshot(queries.get_team, team, world.center_id).members == 1
    assert in_snapshot(queries.team_names_of, [volunteer], world.center_id) == {volunteer: ["红马甲"]}
    in_transaction(service.leave_team, team_id=team, volunteer_id=volunteer, actor=world.builder)
    assert in_snapshot(queries.get_team, team, world.center_id).members == 0


def test_many_join_at_once_and_only_the_new_ones_count(world: World) -> None:
    team = in_transaction(service.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    people = [world.add_volunteer().volunteer_id for _ in range(3)]
    pairs = [(team, volunteer) for volunteer in people]
    assert in_transaction(service.join_teams, pairs[:2], actor=world.builder) == 2
    assert in_transaction(service.join_teams, [*pairs, pairs[0]], actor=world.builder) == 1


def test_two_teams_of_one_place_have_two_names(world: World) -> None:
    in_transaction(service.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    with pytest.raises(Rejected) as refused:
        in_transaction(service.add_team, place_id=world.station_id, name=" 红马甲 ", actor=world.builder)
    assert refused.value.code == "organisations.team_exists"
    in_transaction(service.add_team, place_id=world.top_id, name="红马甲", actor=world.builder)
    assert len(in_snapshot(queries.all_teams, world.center_id)) == 2
