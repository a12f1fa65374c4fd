"""Households that change during a decision: each decision rests on the households at its time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.people.households import queries as household_queries
from ledger.people.households import service as households
from ledger.people.households.together import one_household
from tests.approvals.office import Office
from tests.at_once import at_once
from tests.elsewhere import Elsewhere, outcome
from tests.world import Person, World

ROUNDS = 20


@pytest.fixture
def office(own_database: Database) -> Office:
    """An office in its own database, whose administrators are volunteers too."""
    office = Office(World(own_database))
    for person in (office.first, office.second):
        office.world.enlist(person)
    return office


@pytest.fixture
def other(office: Office) -> Iterator[Database]:
    """The same database, opened by another service."""
    database = Database(office.world.database.url)
    yield database
    database.close()


def set_household(office: Office, person: Person, number: str | None) -> None:
    """Record a household on the server, because it takes two for who decides."""
    in_transaction(households.set_household, person.volunteer_id, number, actor=office.world.server)


def stands_by_its_time(office: Office, proposal_id: int) -> None:
    """Assert that the two people were of different households when the proposal was decided."""
    seen = office.see(proposal_id)
    asked = (one_household, office.second.identity_id, office.world.center_id)
    assert not in_snapshot(*asked, identities=[seen.proposed_by], at=seen.decided_at)


def test_whoever_changes_a_household_waits_for_a_decision_under_way(office: Office) -> None:
    office.world.house("17", office.first)
    proposal_id = office.adjustment(100)
    move_in = Elsewhere(office.world.database.url, lambda: set_household(office, office.second, "17"))

    def execute(*_args: Any) -> str:
        move_in.begin()
        return "batch:0000000000000"

    [kind, *_others] = office.desk.kinds
    office.desk = replace(office.desk, kinds=(replace(kind, execute=execute),))
    office.approve(proposal_id)

    assert (move_in.end(), office.see(proposal_id).status) == ("won", "approved")
    stands_by_its_time(office, proposal_id)


def test_whoever_decides_waits_for_a_change_under_way(office: Office) -> None:
    office.world.house("17", office.first)
    proposal_id = office.adjustment(100)
    approve = Elsewhere(office.world.database.url, lambda: office.approve(proposal_id))

    def move_in(session: Session) -> None:
        households.set_household(session, office.second.volunteer_id, "17", actor=office.world.server)
        approve.begin()

    in_transaction(move_in)

    assert approve.end() == "approvals.same_household"
    assert office.see(proposal_id).status == "proposed"


def test_decisions_while_two_people_change_the_households(office: Office, other: Database) -> None:
    """The decider moves in, the proposer out, in either order: each decision rests on the households at its time.

    Each time another decider, because who lived together is not forgotten for 30 days.
    """
    for count in range(ROUNDS):
        number = f"{count}7"
        office.second = office.world.add_staff("admin", place_id=office.world.top_id, name="冯管理")
        office.world.enlist(office.second)
        office.world.house(number, office.first)
        proposal_id = office.adjustment(100)

        decided, *moved = at_once(
            [
                lambda p=proposal_id: outcome(lambda: office.approve(p)),
                lambda number=number: outcome(lambda: set_household(office, office.second, number), other),
                lambda: outcome(lambda: set_household(office, office.first, "18")),
            ]
        )

        assert moved == ["won", "won"]
        assert decided in ("won", "approvals.same_household")
        if decided == "won":
            stands_by_its_time(office, proposal_id)
        else:
            assert office.see(proposal_id).status == "proposed"


def test_two_who_name_a_household_for_the_first_time_at_once_make_one(office: Office, other: Database) -> None:
    pair = (office.volunteer, office.first)
    for number in range(1, ROUNDS + 1):
        got = at_once(
            [
                lambda n=number: outcome(lambda: set_household(office, pair[0], f"0{n}"), other),
                lambda n=number: outcome(lambda: set_household(office, pair[1], str(n))),
            ]
        )
        assert got == ["won", "won"]
        asked = (one_household, pair[0].identity_id, office.world.center_id)
        assert in_snapshot(*asked, identities=[pair[1].identity_id])


def test_two_who_change_the_household_of_one_at_once_both_stand_in_its_history(office: Office, other: Database) -> None:
    for number in range(1, ROUNDS + 1):
        got = at_once(
            [
                lambda n=number: outcome(lambda: set_household(office, office.volunteer, f"东{n}"), other),
                lambda n=number: outcome(lambda: set_household(office, office.volunteer, f"西{n}")),
            ]
        )
        assert got == ["won", "won"]
    changes = in_snapshot(household_queries.household_changes, office.volunteer.volunteer_id, office.world.center_id)
    assert {each.number for each in changes} == {f"{side}{n}" for side in "东西" for n in range(1, ROUNDS + 1)}
    assert len(changes) == 2 * ROUNDS
