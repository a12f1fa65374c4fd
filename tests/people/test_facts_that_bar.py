"""No one person writes the facts that bar somebody from deciding: households, said at a hire or written down."""

from datetime import timedelta

import pytest
from flask import Flask

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.access import sessions, staff
from ledger.people.access.staff import Post
from ledger.people.households import service as households
from ledger.people.households.together import households_of, of_late, one_household
from tests.databases import on_sqlite
from tests.elsewhere import outcome
from tests.people.test_two_people import Center, code_of
from tests.people.test_two_people_pages import browser_of
from tests.phones import fresh_phone
from tests.world import Person, World


@pytest.fixture
def center(world: World) -> Center:
    return Center(world)


def hire(center: Center, role: str, household: str | None, place_id: int | None = None) -> Person:
    """Hire somebody on the server who says where they live."""
    world = center.world
    identity_id = in_transaction(
        staff.hire,
        name="丙某某",
        phone=fresh_phone(),
        role=role,
        place_id=place_id or world.top_id,
        household=household,
        actor=world.server,
    )
    return world._log_in(identity_id)


def set_household(person: Person, number: str | None, by: Person) -> str:
    return outcome(lambda: in_transaction(households.set_household, person.volunteer_id, number, actor=by.actor))


def say(center: Center, person: Person, household: str | None, by: Person) -> str:
    post = Post("clerk", center.world.station_id, household)
    return outcome(lambda: in_transaction(staff.grant_role, person.identity_id, post, actor=by.actor))


def related(center: Center, one: Person, other: Person) -> bool:
    asked = (one.identity_id, center.world.center_id)
    return in_snapshot(one_household, *asked, identities=[other.identity_id])


def propose_household(center: Center, of: Person, number: str | None, by: Person) -> int:
    payload = {"identity_id": public_id(of.identity_id), "household": number}
    return center.propose("people.household", payload, by=by)


@pytest.mark.parametrize("typed", ["柳荫017", "柳荫 17"])
def test_the_household_named_in_a_proposal_bars_its_proposer_and_its_decider(center: Center, typed: str) -> None:
    husband = hire(center, "admin", "柳荫017")
    wife = center.world.add_staff("clerk", name="乙某某")
    assert code_of(lambda: center.grant(wife, husband, role="admin", household=typed)) == "approvals.own_gain"
    proposal_id = center.grant(wife, center.first, role="admin", household=typed)
    assert husband.identity_id not in center.free(proposal_id)
    assert code_of(lambda: center.approve(proposal_id, husband)) == "approvals.same_household"
    center.approve(proposal_id, center.second)
    assert related(center, husband, wife)


def test_a_household_that_comes_to_the_proposer_after_the_proposal_bars_it(center: Center) -> None:
    wife = center.world.add_staff("clerk", name="乙某某")
    proposal_id = center.grant(wife, center.first, role="admin", household="柳荫017")
    center.world.house("柳荫17", center.first)
    assert code_of(lambda: center.approve(proposal_id, center.second)) == "approvals.own_gain"


@on_sqlite
def test_the_page_of_a_hire_shows_the_household(center: Center, app: Flask) -> None:
    proposal_id = center.grant(center.world.add_staff("clerk"), center.first, role="admin", household="柳荫017")
    assert "柳荫017" in browser_of(app, center.second).get(f"/approvals/{public_id(proposal_id)}").text


def test_nobody_alone_takes_a_member_out_of_a_deciders_household(center: Center) -> None:
    husband, wife = hire(center, "admin", "柳荫017"), center.world.add_volunteer(name="乙某某")
    center.world.house("柳荫17", wife)
    for by in (husband, center.first, center.world.add_staff("station_manager")):
        assert [set_household(wife, number, by) for number in ("柳荫18", None)] == ["people.household_takes_two"] * 2
    assert code_of(lambda: center.gain(wife, husband)) == "approvals.own_gain"


def test_a_role_given_anew_does_not_forget_the_household(center: Center) -> None:
    husband = hire(center, "admin", "柳荫017")
    wife = hire(center, "clerk", "柳荫017", center.world.station_id)
    (role,) = in_snapshot(sessions.roles_of, wife.identity_id, center.world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=husband.actor)
    assert related(center, husband, wife)
    assert [say(center, wife, said, husband) for said in (None, "柳荫18")] == ["people.household_takes_two"] * 2
    with clock.at(clock.now() + timedelta(days=400)):
        assert related(center, husband, wife)
    assert say(center, wife, "柳荫17", husband) == "won"


def test_nobody_alone_gives_a_decider_the_household_of_who_gains(center: Center) -> None:
    world, rival = center.world, center.second
    world.house("柳荫5", center.volunteer)
    world.enlist(rival)
    proposal_id = center.gain(center.volunteer, center.first)
    assert say(center, rival, "柳荫5", center.first) == "people.household_takes_two"
    manager = world.add_staff("station_manager", name="马站长")
    assert set_household(rival, "柳荫5", manager) == "people.household_takes_two"
    assert say(center, rival, None, center.first) == "won"
    center.approve(proposal_id, rival)


def test_two_people_change_the_household_of_a_decider(center: Center) -> None:
    husband, wife = hire(center, "admin", "柳荫017"), center.world.add_volunteer(name="乙某某")
    center.world.house("柳荫17", wife)
    center.world.enlist(husband)
    center.world.house("柳荫17", husband)
    assert code_of(lambda: propose_household(center, wife, None, husband)) == "approvals.own_gain"
    proposal_id = propose_household(center, husband, "柳荫9", center.first)
    assert code_of(lambda: center.approve(proposal_id, husband)) == "approvals.two_people_needed"
    center.approve(proposal_id, center.second)
    assert center.signals() == ["people.decider_household"]
    assert related(center, husband, wife)
    with clock.at(clock.now() + timedelta(days=31)):
        assert not related(center, husband, wife)
        assert related(center, husband, center.volunteer) is False


def test_what_was_left_counts_for_thirty_days_and_since_a_proposal_was_made(center: Center) -> None:
    """It is asked of everybody, so it covers reviews and releases too."""
    world = center.world
    one, other = world.add_volunteer(), world.add_volunteer()
    world.house("东5", one, other)
    world.house(None, one)
    assert related(center, one, other)
    with clock.at(clock.now() + timedelta(days=31)):
        assert not related(center, one, other)
        early = in_snapshot(
            one_household,
            one.identity_id,
            world.center_id,
            identities=[other.identity_id],
            since=clock.now() - timedelta(days=40),
        )
        assert early


def test_saying_first_that_somebody_lives_with_a_decider_is_a_signal(center: Center) -> None:
    """Villages come in one list, so it takes one person; to move on from there takes two."""
    hire(center, "admin", "柳荫017")
    newcomer, by = center.world.add_volunteer(), center.world.add_staff("station_manager")
    assert set_household(newcomer, "柳荫18", by) == "won"
    assert center.signals() == []
    second = center.world.add_volunteer()
    assert set_household(second, "柳荫17", by) == "won"
    assert center.signals() == ["people.decider_household"]
    assert set_household(newcomer, "柳荫17", by) == "people.household_takes_two"


@on_sqlite
def test_the_page_of_a_volunteer_proposes_what_takes_two(center: Center, app: Flask) -> None:
    world, desk = center.world, browser_of(app, center.first)
    husband, wife = hire(center, "admin", "柳荫017"), world.add_volunteer(name="乙某某")
    world.house("柳荫17", wife)
    page = f"/volunteers/{public_id(wife.volunteer_id)}"
    assert 'name="reason"' in desk.get(page).text
    unsaid = desk.post(f"{page}/household", household="")
    assert (unsaid.status_code, 'id="reason-error"' in unsaid.text) == (422, True)
    sent = desk.post(f"{page}/household", household="", reason="搬走了")
    assert "没有登记住在哪一户" in desk.get(sent.location).text
    assert related(center, husband, wife)
    alone = browser_of(app, world.add_staff("station_manager")).post(f"{page}/household", household="")
    assert (alone.status_code, 'id="household-error"' in alone.text) == (403, True)


@on_sqlite
def test_a_page_proposes_the_household_of_who_is_no_volunteer(app: Flask, world: World) -> None:
    center = Center(world)
    auditor, page = center.auditor, f"/staff/{public_id(center.auditor.identity_id)}/household"
    assert f'href="{page}"' in browser_of(app, center.first).get("/staff").text
    wrong = browser_of(app, center.first).post(page, household="李家", reason="搬了家")
    assert (wrong.status_code, 'id="household-error"' in wrong.text) == (422, True)
    sent = browser_of(app, center.first).post(page, household="柳荫017", reason="搬了家")
    assert browser_of(app, center.second).post(sent.location.partition("?")[0], decision="approve").status_code == 303
    span = of_late()
    assert in_snapshot(households_of, [auditor.identity_id], world.center_id, span)[auditor.identity_id]
