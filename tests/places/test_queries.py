"""Reads of centers and places for people, points and pages, on both databases."""

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.paging import PageRequest
from ledger.organisations import service as organisations
from ledger.places import queries as places
from ledger.places import service
from tests.world import World


def add(world: World, **known: object) -> int:
    """A place under the center."""
    place = {"parent_id": world.top_id, "kind": "station", "name": "沙湾站", "actor": world.builder} | known
    return in_transaction(organisations.add_place, **place)


def test_places_page_by_page(world: World) -> None:
    for number in range(3):
        add(world, name=f"第{number}站")
    names, after = [], None
    while True:
        request = PageRequest(limit=2, after=after, sort="-name")
        page = in_snapshot(places.list_places, world.center_id, request=request, kind="station")
        names += [place.name for place in page.items]
        after = page.next
        if after is None:
            break
    assert names == sorted(["柳荫站", "第0站", "第1站", "第2站"], reverse=True)


def test_the_choices_are_a_tree_of_what_is_open_and_may_be_chosen(world: World) -> None:
    institute = add(world, kind="institute", name="高庙所")
    station = add(world, parent_id=institute)
    in_transaction(organisations.close_place, add(world, parent_id=institute, name="旧站"), actor=world.builder)

    everywhere = in_snapshot(places.place_choices, world.center_id, ["/"])
    path = next(place.path for place in in_snapshot(places.all_places, world.center_id) if place.id == institute)
    below = in_snapshot(places.place_choices, world.center_id, [path])

    assert everywhere[0] == (world.top_id, "演示中心")
    assert set(everywhere[1:]) == {(world.station_id, "　柳荫站"), (institute, "　高庙所"), (station, "　　沙湾站")}
    assert below == [(institute, "高庙所"), (station, "　沙湾站")]
    assert in_snapshot(places.place_choices, world.center_id, []) == []
    assert set(places.innermost(everywhere)) == {world.station_id, station}
    assert places.innermost(below) == [station]


def test_where_nothing_is_open_there_is_nothing_to_choose(world: World) -> None:
    path = next(place.path for place in in_snapshot(places.all_places, world.center_id) if place.id == world.station_id)
    in_transaction(organisations.close_place, world.station_id, actor=world.builder)

    choices = in_snapshot(places.place_choices, world.center_id, [path])

    assert choices == []
    assert places.innermost(choices) == []


def test_names_are_those_of_the_center(world: World, database: Database) -> None:
    elsewhere = World(database)
    wanted = [world.station_id, elsewhere.station_id, 5]
    assert in_snapshot(places.place_names, wanted, world.center_id) == {world.station_id: "柳荫站"}


def test_a_center_that_is_not_there_has_nothing(world: World) -> None:
    assert in_snapshot(places.find_center, 5) is None
    assert in_snapshot(places.find_top_place, 5) is None
    assert in_snapshot(places.find_place, world.station_id, 5) is None
    assert not in_snapshot(places.is_demonstration, 5)
    assert in_snapshot(places.is_demonstration, world.center_id)
    assert world.center_id in in_snapshot(places.center_ids)


def test_numbers_are_taken_in_a_row_and_never_twice(world: World) -> None:
    first = in_transaction(service.take_volunteer_numbers, 3, world.center_id)
    assert in_transaction(service.take_volunteer_numbers, 1, world.center_id) == first + 3
