"""Who makes a code, who counts for the whole center, and whose approval is over: one role or one day is not enough."""

from datetime import datetime, time, timedelta

import pytest

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials, staff
from ledger.people.access.approved_codes import make_approved_code
from ledger.people.access.holders import holders
from tests.databases import on_sqlite
from tests.people.test_two_people import Center, code_of
from tests.phones import fresh_phone
from tests.world import World

pytestmark = on_sqlite


def makes_code(of: int, world: World, by: object) -> str:
    """What making a code is refused with; empty if it isn't."""
    return code_of(lambda: in_transaction(credentials.make_activation_code, of, actor=by))


@pytest.mark.parametrize("own_first", [True, False])
def test_who_works_at_two_stations_gets_no_code_from_the_manager_of_one(world: World, own_first: bool) -> None:
    other_id = world.add_station("白云站")
    manager, clerk = world.add_staff("admin"), world.add_staff("clerk", place_id=other_id)
    if own_first:
        clerk = world.add_staff("clerk")
    assert makes_code(clerk.identity_id, world, manager.actor) == ("" if own_first else "access.denied")
    world.employ(clerk, "clerk", place_id=other_id if own_first else world.station_id)
    assert makes_code(clerk.identity_id, world, manager.actor) == "access.denied"


def test_who_is_nobody_yet_gets_a_code_from_those_alone_who_manage_all_staff(world: World) -> None:
    manager, admin = world.add_staff("admin"), world.add_staff("admin", place_id=world.top_id)
    nobody = in_transaction(staff.add_staff, name="王小兰", phone=fresh_phone(), path="/", actor=world.server)
    assert makes_code(nobody, world, manager.actor) == "access.denied"
    assert makes_code(nobody, world, admin.actor) == ""


def test_an_administrator_of_a_station_holds_nothing_for_the_center(world: World) -> None:
    admin = world.add_staff("admin", place_id=world.top_id)
    world.add_staff("admin")
    found = in_snapshot(holders, [Permission.MANAGE_STAFF], world.center_id)
    assert [each.identity_id for each in found] == [admin.identity_id]


def test_an_approved_code_is_over_with_the_last_day_of_the_role(world: World) -> None:
    """Nothing happens at midnight that would be recorded."""
    center = Center(world)
    late = datetime.combine(clock.today() + timedelta(days=1), time(), clock.zone()) - timedelta(hours=1)
    with clock.at(late):
        guest = world.add_staff("auditor", place_id=world.top_id, valid_until=clock.today())
        proposal_id = center.code(guest, center.first)
        center.approve(proposal_id)
    with clock.at(late + timedelta(hours=2)):
        made = code_of(lambda: in_transaction(make_approved_code, proposal_id, actor=center.second.actor))
    assert made == "people.code_over"
