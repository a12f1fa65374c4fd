"""Whoever was dismissed while their own request waited for its turn does nothing more with what they held."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.people.access import credentials, sessions, staff
from ledger.people.access.staff import Post
from ledger.people.volunteers import service as people
from ledger.points.closing import freezing
from tests.people.test_two_people import Center, code_of, make_code
from tests.phones import fresh_phone
from tests.world import Person, World


@pytest.fixture
def center(world: World) -> Center:
    return Center(world)


def role_of(center: Center, person: Person) -> int:
    return in_snapshot(sessions.roles_of, person.identity_id, center.world.center_id)[0].id


def acts(center: Center) -> dict[str, Callable[[Person], Any]]:
    """What an administrator does, by a request that began before the dismissal."""
    world = center.world
    someone, second = world.add_volunteer(), role_of(center, center.second)
    hired = {"name": "魏某某", "phone": fresh_phone(), "role": "clerk", "place_id": world.station_id, "household": None}
    post = Post("station_manager", world.station_id, None)
    frozen = in_transaction(freezing.freeze, world.center_id, reason="test", run_id=None)
    return {
        "hire": lambda by: in_transaction(staff.hire, **hired, actor=by.actor),
        "grant": lambda by: in_transaction(staff.grant_role, someone.identity_id, post, actor=by.actor),
        "revoke": lambda by: in_transaction(staff.revoke_role, second, actor=by.actor),
        "code": lambda by: in_transaction(credentials.make_activation_code, someone.identity_id, actor=by.actor),
        "propose": lambda by: center.gain(center.volunteer, by),
        "release": lambda by: in_transaction(freezing.release, frozen, "查过了", actor=by.actor, desk=center.desk),
        "register": lambda by: in_transaction(people.register_volunteer, name="新人", actor=by.actor),
    }


def test_the_dismissed_do_nothing_by_a_request_that_waited(center: Center) -> None:
    late = center.first
    waiting = acts(center)
    center.dismiss(late)
    assert {name: code_of(lambda act=act: act(late)) for name, act in waiting.items()} == dict.fromkeys(
        waiting, "access.denied"
    )


def test_who_still_holds_another_role_does_what_that_allows(center: Center) -> None:
    """Only what was taken away is refused."""
    late, world = center.first, center.world
    center.world.employ(late, "station_manager")
    waiting = acts(center)
    (admin,) = [
        each for each in in_snapshot(sessions.roles_of, late.identity_id, world.center_id) if each.role == "admin"
    ]
    in_transaction(staff.revoke_role, admin.id, actor=world.server)
    allowed = {name for name, act in waiting.items() if code_of(lambda act=act: act(late)) == ""}
    assert allowed == {"code"}


def test_the_roles_are_read_once_in_a_unit_and_never_for_who_serves_at_a_counter(world: World) -> None:
    manager = world.add_staff("admin", place_id=world.top_id)
    asked: list[str] = []

    def hear(*heard: Any) -> None:
        asked.append(str(heard[2]))

    def count(permissions: list[str]) -> int:
        asked.clear()
        in_transaction(lambda _session, *, actor: [actor.may(each, "/") for each in permissions], actor=manager.actor)
        return sum("role_grant" in statement for statement in asked)

    sa.event.listen(world.database.writer, "before_cursor_execute", hear)
    try:
        assert (count(["check-in-others", "till", "own-record"]), count(["manage-staff", "propose"] * 2)) == (0, 1)
    finally:
        sa.event.remove(world.database.writer, "before_cursor_execute", hear)


def regrant(center: Center, person: Person, by: Person, decided_by: Person) -> None:
    """Let somebody fall, and rise again by two people."""
    center.dismiss(person)
    center.approve(center.grant(person, by, role="admin"), decided_by)


def test_a_code_that_waits_or_is_approved_ends_with_a_rise_or_fall(center: Center) -> None:
    person = center.world.add_staff("auditor", place_id=center.world.top_id, name="新审计")
    waiting = center.code(person, center.first)
    regrant(center, person, center.second, center.auditor)
    assert center.see(waiting).status == "withdrawn"

    approved = center.code(person, center.first)
    center.approve(approved, center.second)
    regrant(center, person, center.first, center.second)
    assert code_of(lambda: make_code(approved, center.second)) == "people.code_over"

    anew = center.code(person, center.first)
    center.approve(anew, center.second)
    assert make_code(anew, center.second)[0] == person.identity_id


def test_deciding_for_one_another_in_turn_is_remarked(center: Center) -> None:
    one, two = center.first, center.second
    three = center.world.add_staff("admin", place_id=center.world.top_id, name="褚管理")
    remarks = []
    for of, by, decides in ((two, one, three), (one, three, two), (three, two, one)):
        proposal_id = center.gain(of, by)
        center.approve(proposal_id, decides)
        remarks.append(center.see(proposal_id).remarks)
    assert remarks == [None, None, "in_turn"]
    assert center.signals() == ["approvals.in_turn"]
    late = center.gain(two, one)
    with clock.at(clock.now() + timedelta(days=31)):
        center.approve(late, three)
    assert center.see(late).remarks is None


def test_two_who_decide_for_each_other_are_remarked(center: Center) -> None:
    one, two = center.first, center.second
    three = center.world.add_staff("admin", place_id=center.world.top_id, name="褚管理")
    first = center.gain(one, three)
    center.approve(first, two)
    assert center.see(first).remarks is None
    back = center.gain(two, three)
    center.approve(back, one)
    assert center.see(back).remarks == "in_turn"
