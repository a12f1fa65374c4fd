"""Activities, shifts and sign-ups, through the services, on both databases."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ledger.activities import queries, service
from ledger.activities import signup_queries as signups
from ledger.kernel import clock
from ledger.kernel.clocks import parse_instant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, NotFound, Rejected
from ledger.kernel.paging import PageRequest
from ledger.organisations import service as organisations
from ledger.people.access import blocking
from tests.at_once import at_once, failures
from tests.world import World

HOUR = timedelta(hours=1)
NINE = parse_instant("2026-06-03T09:00:00+08:00")
# A day of 25 hours: clocks go back, so by wall clock it looks like 24.
WEST = ZoneInfo("America/Los_Angeles")
BOTH_MIDNIGHTS = {
    "starts_at": datetime(2026, 11, 1, tzinfo=WEST),
    "ends_at": datetime(2026, 11, 2, tzinfo=WEST),
}


@pytest.fixture(autouse=True)
def early_in_the_morning(world: World) -> object:
    with clock.at(NINE - 3 * HOUR):
        yield


def activity(world: World, **known: object) -> int:
    wanted = {"place_id": world.station_id, "name": "社区巡逻", "category": "治安", "actor": world.builder} | known
    return in_transaction(service.create_activity, **wanted)


def shift(world: World, starts_at: datetime = NINE, **known: object) -> int:
    wanted = {
        "activity_id": known.pop("activity_id", None) or activity(world),
        "station_id": world.station_id,
        "starts_at": starts_at,
        "ends_at": starts_at + 2 * HOUR,
        "actor": world.builder,
    }
    return in_transaction(service.add_shift, **wanted | known)


def sign_up(world: World, shift_id: int, volunteer_id: int, **known: object) -> int:
    wanted = {"shift_id": shift_id, "volunteer_id": volunteer_id, "actor": world.builder} | known
    return in_transaction(service.sign_up, **wanted)


def cancel(world: World, shift_id: int, volunteer_id: int) -> None:
    in_transaction(service.cancel_signup, shift_id=shift_id, volunteer_id=volunteer_id, actor=world.builder)


def status(world: World, shift_id: int, volunteer_id: int) -> str | None:
    found = in_snapshot(signups.find_signup, shift_id, volunteer_id, world.center_id)
    return None if found is None else found.status


def test_a_shift_knows_its_activity_and_station(world: World) -> None:
    view = in_snapshot(queries.get_shift, shift(world, capacity=5, walk_in=False), world.center_id)
    assert (view.activity_name, view.activity_status, view.station_name) == ("社区巡逻", "approved", "柳荫站")
    assert (view.starts_at, view.ends_at, view.capacity, view.walk_in) == (NINE, NINE + 2 * HOUR, 5, False)


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"ends_at": NINE}, "activities.times_invalid"),
        ({"ends_at": NINE + 25 * HOUR}, "activities.times_invalid"),
        (BOTH_MIDNIGHTS, "activities.times_invalid"),
        ({"capacity": 0}, "activities.capacity_invalid"),
        ({"station_id": 5}, "organisations.place_not_found"),
        ({"activity_id": 5}, "activities.activity_not_found"),
    ],
)
def test_a_shift_that_can_not_be_is_refused(world: World, known: dict[str, object], code: str) -> None:
    with pytest.raises(LedgerError) as refused:
        shift(world, **known)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"name": ""}, "activities.name_invalid"),
        ({"category": "很" * 21}, "activities.category_invalid"),
        ({"status": "cancelled"}, "activities.status_unknown"),
        ({"team_id": 5}, "organisations.team_not_found"),
        ({"place_id": 5}, "organisations.place_not_found"),
    ],
)
def test_an_activity_that_can_not_be_is_refused(world: World, known: dict[str, object], code: str) -> None:
    with pytest.raises(LedgerError) as refused:
        activity(world, **known)
    assert refused.value.code == code


def test_a_manager_plans_at_the_own_places_only(world: World) -> None:
    manager = world.add_staff("station_manager").actor
    elsewhere = world.add_station("沙湾站")
    mine = activity(world, actor=manager)
    with pytest.raises(Forbidden):
        shift(world, activity_id=mine, station_id=elsewhere, actor=manager)
    with pytest.raises(Forbidden):
        activity(world, place_id=elsewhere, actor=manager)
    with pytest.raises(Forbidden):
        activity(world, actor=world.add_staff("clerk").actor)


def test_nothing_new_at_a_closed_station(world: World) -> None:
    planned = activity(world)
    in_transaction(organisations.close_place, world.station_id, actor=world.builder)
    for plan in (lambda: shift(world, activity_id=planned), lambda: activity(world)):
        with pytest.raises(Conflict) as refused:
            plan()
        assert refused.value.code == "organisations.place_closed"


def test_a_draft_is_approved_once_and_a_cancelled_activity_is_over(world: World) -> None:
    draft = activity(world, status="draft")
    planned, volunteer = shift(world, activity_id=draft), world.add_volunteer().volunteer_id
    with pytest.raises(Conflict) as refused:
        sign_up(world, planned, volunteer)
    assert refused.value.code == "activities.activity_not_approved"
    in_transaction(service.approve_activity, draft, actor=world.builder)
    with pytest.raises(Conflict):
        in_transaction(service.approve_activity, draft, actor=world.builder)
    sign_up(world, planned, volunteer)
    for _ in range(2):
        in_transaction(service.cancel_activity, draft, actor=world.builder)
    assert in_snapshot(queries.get_activity, draft, world.center_id).status == "cancelled"
    with pytest.raises(Conflict):
        sign_up(world, planned, world.add_volunteer().volunteer_id)
    with pytest.raises(Conflict):
        shift(world, activity_id=draft)


def test_a_scan_finds_the_shifts_it_may_mean(world: World) -> None:
    elsewhere = shift(world, station_id=world.add_station("沙湾站"))
    long = shift(world, NINE - 20 * HOUR, ends_at=NINE + 4 * HOUR)
    morning, noon = shift(world), shift(world, NINE + 3 * HOUR)

    def found(around: datetime) -> list[int]:
        views = in_snapshot(
            queries.shifts_at_station,
            world.station_id,
            world.center_id,
            at=around,
            ahead=HOUR / 2,
            back=HOUR / 2,
        )
        return [view.id for view in views]

    assert found(NINE - HOUR) == [long]
    assert found(NINE - HOUR / 2) == [long, morning]
    assert found(NINE + 2.5 * HOUR) == [long, morning, noon]
    assert found(NINE + 2.6 * HOUR) == [long, noon]
    assert found(NINE + 40 * HOUR) == []
    assert elsewhere not in found(NINE)


def test_lists_of_shifts(world: World) -> None:
    other = world.add_station("沙湾站")
    first, second, third = shift(world), shift(world, NINE + 24 * HOUR), shift(world, NINE + 1 * HOUR, station_id=other)
    in_transaction(service.cancel_shift, second, actor=world.builder)
    day = in_snapshot(queries.shifts_between, world.center_id, start=NINE - 9 * HOUR, end=NINE + 15 * HOUR)
    assert [view.id for view in day] == [first, third]
    path = in_snapshot(queries.get_shift, third, world.center_id).station_path
    there = in_snapshot(queries.shifts_between, world.center_id, start=NINE, end=NINE + 15 * HOUR, paths=[path])
    assert [view.id for view in there] == [third]
    coming = in_snapshot(queries.upcoming_shifts, world.center_id, now=NINE + 2 * HOUR, request=PageRequest())
    assert [view.id for view in coming.items] == [third]
    page = in_snapshot(queries.list_shifts, world.center_id, request=PageRequest(limit=2))
    rest = in_snapshot(queries.list_shifts, world.center_id, request=PageRequest(limit=2, after=page.next))
    assert [view.id for view in page.items + rest.items] == [first, third, second]


def test_activities_are_listed_by_place_status_and_category(world: World) -> None:
    one = activity(world)
    two = activity(world, status="draft", category="助老")
    page = in_snapshot(queries.list_activities, world.center_id, request=PageRequest(sort="created_at"))
    assert [view.id for view in page.items] == [one, two]
    drafts = in_snapshot(queries.list_activities, world.center_id, request=PageRequest(), status="draft")
    assert [view.id for view in drafts.items] == [two]
    assert in_snapshot(queries.list_activities, world.center_id, request=PageRequest(), paths=[]).items == []


def test_who_comes_late_waits_and_moves_up(world: World) -> None:
    full = shift(world, capacity=2)
    people_ids = [world.add_volunteer().volunteer_id for _ in range(4)]
    for volunteer in people_ids:
        sign_up(world, full, volunteer)
    assert [status(world, full, volunteer) for volunteer in people_ids] == ["signed_up"] * 2 + ["waitlisted"] * 2
    for _ in range(2):
        cancel(world, full, people_ids[0])
    assert [status(world, full, volunteer) for volunteer in people_ids] == [
        "cancelled", "signed_up", "signed_up", "waitlisted",
    ]  # fmt: skip
    with clock.at(NINE - HOUR):
        sign_up(world, full, people_ids[0])
    cancel(world, full, people_ids[3])
    assert status(world, full, people_ids[0]) == "waitlisted"
    count = in_snapshot(signups.counts_of, [full], world.center_id)[full]
    assert (count.signed_up, count.waitlisted) == (2, 1)


def test_signing_up_is_refused_when_there_is_nothing_to_sign_up_for(world: World) -> None:
    planned, person = shift(world), world.add_volunteer()
    sign_up(world, planned, person.volunteer_id, actor=person.actor)
    with pytest.raises(Conflict) as refused:
        sign_up(world, planned, person.volunteer_id)
    assert refused.value.code == "activities.already_signed_up"
    with clock.at(NINE), pytest.raises(Conflict) as refused:
        cancel(world, planned, person.volunteer_id)
    assert refused.value.code == "activities.shift_begun"
    with clock.at(NINE + 2 * HOUR), pytest.raises(Conflict) as refused:
        sign_up(world, planned, world.add_volunteer().volunteer_id)
    assert refused.value.code == "activities.shift_over"
    with pytest.raises(NotFound):
        cancel(world, planned, world.add_volunteer().volunteer_id)
    with pytest.raises(Rejected) as unknown:  # counted as a miss, so no bare NotFound
        sign_up(world, planned, 5)
    assert unknown.value.code == "people.volunteer_not_found"
    in_transaction(service.cancel_shift, planned, actor=world.builder)
    with pytest.raises(Conflict) as refused:
        sign_up(world, planned, world.add_volunteer().volunteer_id)
    assert refused.value.code == "activities.shift_cancelled"


def test_a_volunteer_signs_up_alone_and_nobody_else(world: World) -> None:
    planned, one, other = shift(world), world.add_volunteer(), world.add_volunteer()
    with pytest.raises(Forbidden):
        sign_up(world, planned, other.volunteer_id, actor=one.actor)
    sign_up(world, planned, other.volunteer_id, actor=world.add_staff("station_manager").actor)
    mine = in_snapshot(queries.shifts_of_volunteer, other.volunteer_id, world.center_id, now=NINE)
    assert [(view.id, signup.status) for view, signup in mine] == [(planned, "signed_up")]


def test_somebody_blocked_does_not_sign_up(world: World) -> None:
    person = world.add_volunteer()
    in_transaction(blocking.set_status, person.volunteer_id, status="blocked", actor=world.builder)
    with pytest.raises(Forbidden) as refused:
        sign_up(world, shift(world), person.volunteer_id, actor=person.actor)
    assert refused.value.code == "activities.person_blocked"


def test_two_who_want_the_last_place_at_once_get_one(own_database: Database) -> None:
    world = World(own_database)
    with clock.at(NINE - 3 * HOUR):
        full = shift(world, capacity=3)
        volunteers = [world.add_volunteer().volunteer_id for _ in range(12)]
        assert not failures(at_once([lambda v=v: sign_up(world, full, v) for v in volunteers]))
    count = in_snapshot(signups.counts_of, [full], world.center_id)[full]
    assert (count.signed_up, count.waitlisted) == (3, 9)
