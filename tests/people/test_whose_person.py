"""Who manages one thing that a person is has no say over their password: it opens the rest too."""

import pytest

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.people.access import credentials, sessions, staff
from ledger.people.access.staff import Post
from ledger.people.identities import queries as identities
from ledger.people.volunteers import service as people
from tests.elsewhere import outcome
from tests.log_ins import log_in_of
from tests.world import Person, World


def known(world: World, person: Person) -> dict[str, str]:
    """What somebody knows who wants to be this person: name and phone."""
    return {
        "name": in_snapshot(identities.names_of, [person.identity_id], world.center_id)[person.identity_id],
        "phone": in_snapshot(identities.phone_of, person.identity_id, world.center_id) or "",
    }


def code(person: Person, by: Person) -> str:
    return outcome(lambda: in_transaction(credentials.make_activation_code, person.identity_id, actor=by.actor))


def test_a_hire_hands_nobody_the_volunteer_of_another_place(world: World) -> None:
    far = world.add_station("远站")
    boss, everywhere = world.add_staff("admin", place_id=far), world.add_staff("admin", place_id=world.top_id)
    victim = world.add_volunteer()
    post = Post("observer", far, household=None)

    def hire(by: Person) -> int:
        return in_transaction(
            staff.hire, **known(world, victim), role="observer", place_id=far, household=None, actor=by.actor
        )

    assert outcome(lambda: hire(boss)) == "people.volunteer_elsewhere"
    assert in_snapshot(sessions.load_actor, victim.token) is not None
    assert outcome(lambda: in_transaction(staff.grant_role, victim.identity_id, post, actor=boss.actor)) == (
        "people.volunteer_elsewhere"
    )
    assert hire(everywhere) == victim.identity_id
    assert code(victim, boss) == "people.volunteer_elsewhere"
    assert code(victim, everywhere) == "won"


def test_who_manages_the_place_and_the_role_still_makes_the_code(world: World) -> None:
    boss, person = world.add_staff("admin"), world.add_volunteer()
    in_transaction(staff.grant_role, person.identity_id, Post("clerk", world.station_id, None), actor=boss.actor)
    assert code(person, boss) == "won"
    assert code(person, world.add_staff("station_manager")) == "access.denied"


@pytest.mark.parametrize("held", ["a code", "a password"])
def test_registering_who_was_hired_elsewhere_ends_what_the_hirer_may_hold(world: World, held: str) -> None:
    """Somebody is hired before they volunteer, so that the slip opens what they are given later."""
    far = world.add_station("远站")
    hired = world.add_staff("observer", place_id=far, name="王五")
    if held == "a password":
        world.give_password(hired)
    slip = (
        in_transaction(credentials.make_activation_code, hired.identity_id, actor=world.server)
        if held == "a code"
        else ""
    )
    who = known(world, hired)
    manager = world.add_staff("station_manager")
    in_transaction(people.register_volunteer, **who, place_id=world.station_id, actor=manager.actor)
    assert in_snapshot(sessions.load_actor, hired.token) is None
    assert log_in_of(who["phone"]).password_hash is None
    assert (
        outcome(
            lambda: in_transaction(credentials.set_password_with_code, phone=who["phone"], code=slip, password_hash="x")
        )
        == "people.activation_code_invalid"
    )


def test_a_clerk_who_volunteers_at_their_own_station_stays_logged_in(world: World) -> None:
    clerk, decider = world.add_staff("clerk"), world.add_staff("admin", place_id=world.add_station("远站"))
    for each in (clerk, decider):
        world.enlist(each)
        assert in_snapshot(sessions.load_actor, each.token) is not None
