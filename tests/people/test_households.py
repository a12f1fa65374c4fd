"""Membership of households: set by managers of volunteers, one household at most, known for any time."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.paging import PageRequest
from ledger.people.households import queries as household_queries
from ledger.people.households import service as households
from ledger.people.households.together import one_household
from ledger.people.policy import HOUSEHOLD_NUMBER_LENGTH, clean_household_number, household_key
from ledger.people.volunteers import queries
from tests.world import Person, World


def household_of(world: World, person: Person) -> str | None:
    """The number of a volunteer's household."""
    return in_snapshot(queries.get_volunteer_details, person.volunteer_id, world.center_id).household


def history(world: World, person: Person) -> list[str | None]:
    """The numbers of a volunteer's households, oldest first."""
    changes = in_snapshot(household_queries.household_changes, person.volunteer_id, world.center_id)
    return [change.number for change in reversed(changes)]


def related(world: World, one: Person, other: Person, **how: object) -> bool:
    """Whether two people share a household; asserts that naming the other by identity or volunteer agrees."""
    by_identity, by_volunteer = (
        in_snapshot(one_household, one.identity_id, world.center_id, **named, **how)
        for named in ({"identities": [other.identity_id]}, {"volunteers": [other.volunteer_id]})
    )
    assert by_identity == by_volunteer
    return by_identity


def set_household(world: World, person: Person, number: str | None, by: Person | None = None) -> None:
    """Assign the household as the center's founder, or as the given actor."""
    actor = by.actor if by else world.builder
    in_transaction(households.set_household, person.volunteer_id, number, actor=actor)


def code_of(world: World, person: Person, number: str | None, by: Person | None = None) -> str:
    """The code of the refusal."""
    with pytest.raises(LedgerError) as refused:
        set_household(world, person, number, by)
    return refused.value.code


def test_an_invisible_sign_is_no_part_of_a_number(world: World) -> None:
    mother, daughter = (world.add_volunteer(name) for name in ("王桂兰", "李秀英"))
    set_household(world, mother, "17")
    set_household(world, daughter, "17\u200b")
    assert related(world, mother, daughter)


def test_two_who_are_written_into_one_number_are_of_one_household(world: World) -> None:
    mother, daughter, neighbour = (world.add_volunteer(name) for name in ("王桂兰", "李秀英", "赵春梅"))
    assert not related(world, mother, daughter)

    world.house("柳荫017", mother, daughter)
    world.house("柳荫018", neighbour)

    assert (related(world, mother, daughter), related(world, daughter, mother)) == (True, True)
    assert not related(world, mother, neighbour)
    assert not related(world, mother, mother)
    assert [household_of(world, each) for each in (mother, neighbour)] == ["柳荫017", "柳荫018"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("柳荫017", " 柳荫 17 ", True),
        ("017", "17", True),
        ("W-017", "ｗ－０１７", True),
        ("3—17", "3-17", True),
        ("3-17", "31-7", False),
        ("17", "170", False),
        ("100", "1", False),
    ],
)
def test_a_number_is_one_however_it_is_written(world: World, one: str, other: str, same: bool) -> None:
    first, second = world.add_volunteer(), world.add_volunteer("李秀英")
    world.house(one, first)
    world.house(other, second)

    assert related(world, first, second) == same
    assert household_of(world, second) == clean_household_number(one if same else other)
    assert (household_key(one) == household_key(other)) == same


@pytest.mark.parametrize("number", ["王桂兰家", "x" * HOUSEHOLD_NUMBER_LENGTH + "1", "17\x00", "　", "\ud83d1"])
def test_what_is_no_number_is_refused(world: World, number: str) -> None:
    """Above all not a name, which would be stored unencrypted."""
    assert code_of(world, world.add_volunteer(), number) == "people.household_number_invalid"


def test_nobody_is_of_two_and_every_change_is_kept_with_who_and_when(world: World) -> None:
    person, before = world.add_volunteer(), clock.now()
    manager = world.add_staff("station_manager")
    for number in ("17", "18", "18", None, None, "017"):
        set_household(world, person, number, manager)

    assert history(world, person) == ["17", "18", None, "17"]
    changes = in_snapshot(household_queries.household_changes, person.volunteer_id, world.center_id)
    assert {change.changed_by for change in changes} == {manager.identity_id}
    times = [change.changed_at for change in reversed(changes)]
    assert [before, *times] == sorted([before, *times])


def test_it_is_known_who_was_of_one_household_at_any_time(world: World) -> None:
    mother, daughter = world.add_volunteer(), world.add_volunteer("李秀英")
    start = clock.now()
    for day, number in enumerate(("17", None, "17")):
        with clock.at(start + timedelta(days=day)):
            world.house("17", mother)
            world.house(number, daughter)

    asked = [related(world, mother, daughter, at=start + timedelta(days=day)) for day in (-0.5, 0, 0.5, 1, 1.5, 2, 9)]
    assert asked == [False, True, True, False, False, True, True]
    assert related(world, mother, daughter)


def test_staff_who_are_no_volunteers_are_related_to_nobody(world: World) -> None:
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    world.house("17", volunteer)
    identities = [volunteer.identity_id, clerk.identity_id]
    ask = {"identities": identities, "volunteers": [volunteer.volunteer_id]}
    assert not in_snapshot(one_household, clerk.identity_id, world.center_id, **ask)


def test_a_household_is_one_of_a_center(world: World, database: Database) -> None:
    """The same number is another household elsewhere, and people are known only in their own center."""
    mother, daughter = world.add_volunteer(), world.add_volunteer("李秀英")
    world.house("17", mother, daughter)
    other = World(database)
    neighbours = other.add_volunteer(), other.add_volunteer("李秀英")
    other.house("17", neighbours[0])

    assert not related(other, *neighbours)
    other.house("17", neighbours[1])
    assert related(other, *neighbours)
    for one, two in ((mother, neighbours[0]), (neighbours[0], mother), (mother, daughter)):
        asked = (one_household, one.identity_id, other.center_id)
        assert not in_snapshot(*asked, identities=[two.identity_id])


def test_the_list_is_narrowed_to_a_household(world: World) -> None:
    mother, daughter, gone = (world.add_volunteer(name) for name in ("王桂兰", "李秀英", "赵春梅"))
    world.house("柳荫017", mother, daughter, gone)
    world.house("柳荫018", gone)

    def found(number: str) -> list[int]:
        members = household_queries.members_of(number, world.center_id)
        page = in_snapshot(queries.list_volunteers, world.builder, request=PageRequest(), ids=members)
        return [view.id for view in page.items]

    assert found("柳荫 17") == [mother.volunteer_id, daughter.volunteer_id]
    assert found("柳荫018") == [gone.volunteer_id]
    assert found("柳荫019") == found("\x00") == []
    ids = [mother.volunteer_id, gone.volunteer_id, world.add_volunteer().volunteer_id]
    numbers = in_snapshot(household_queries.household_numbers, ids, world.center_id)
    assert numbers == {mother.volunteer_id: "柳荫017", gone.volunteer_id: "柳荫018"}


def test_only_who_manages_the_volunteer_writes_it_down(world: World) -> None:
    volunteer = world.add_volunteer()
    elsewhere = world.add_staff("station_manager", place_id=world.add_station("沙湾站"))
    for person in (elsewhere, world.add_staff("clerk"), volunteer):
        assert code_of(world, volunteer, "17", person) == "access.denied"
    nobody = Person(1, "", world.builder.__class__(1, world.center_id), volunteer_id=5)
    assert code_of(world, nobody, "17") == "people.volunteer_not_found"
    assert history(world, volunteer) == []


def test_nobody_takes_their_own_family_out_of_its_household(world: World) -> None:
    """Otherwise two members could split up just for a decision."""
    manager, husband = world.add_staff("station_manager"), world.add_volunteer("李建国")
    world.enlist(manager)
    set_household(world, husband, "17", manager)
    set_household(world, manager, "17", manager)

    for person in (manager, husband):
        for number in ("18", None):
            assert code_of(world, person, number, manager) == "people.own_household"
    set_household(world, husband, "017", manager)
    assert (history(world, manager), history(world, husband)) == (["17"], ["17"])

    set_household(world, manager, None, world.add_staff("station_manager"))
    set_household(world, husband, "18", manager)
    assert history(world, husband) == ["17", "18"]


def test_many_are_written_down_by_as_few_statements_as_two(world: World) -> None:
    asked: list[str] = []
    residents = [world.add_volunteer() for _ in range(12)]

    def hear(*heard: object) -> None:
        asked.append(str(heard[2]))

    def count(prefix: str, some: list[Person]) -> int:
        asked.clear()
        wanted = {person.volunteer_id: f"{prefix}{number // 2}" for number, person in enumerate(some)}
        in_transaction(households.set_households, wanted, actor=world.builder)
        return sum("household" in statement for statement in asked)

    sa.event.listen(world.database.writer, "before_cursor_execute", hear)
    try:
        assert count("东", residents[:2]) == count("西", residents) > 0
    finally:
        sa.event.remove(world.database.writer, "before_cursor_execute", hear)


FORGERIES = {
    "household": "UPDATE household SET number = '1' WHERE center_id = :c",
    "the household": "DELETE FROM household WHERE center_id = :c",
    "household_change": "UPDATE household_change SET household_id = NULL WHERE center_id = :c",
    "the change": "DELETE FROM household_change WHERE center_id = :c",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_sql_can_not_change_who_was_of_which(world: World, forgery: str) -> None:
    world.house("17", world.add_volunteer())

    def forge(session: Session) -> None:
        session.execute(sa.text(FORGERIES[forgery]), {"c": world.center_id})

    with pytest.raises(sa.exc.DBAPIError, match="is append only"):
        in_transaction(forge)
