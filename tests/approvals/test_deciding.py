"""One person proposes, another decides once; an approval is carried out with it, or the proposal stays open."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals import queries
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, NotFound, Rejected
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.permissions import Permission
from ledger.people.policy import ROLES
from ledger.points.book import entries
from ledger.points.policy import Balance
from tests.approvals.office import Office
from tests.points.books import transfers_of
from tests.world import Person, World

DECISIONS = ("approve", "reject", "withdraw")


def code_of(work: Any, *args: Any, **how: Any) -> str:
    """The code of the refusal that `work` raises."""
    with pytest.raises(LedgerError) as refused:
        work(*args, **how)
    return refused.value.code


def test_an_adjustment_waits_until_somebody_else_approves(office: Office) -> None:
    proposal_id = office.adjustment(1250)

    assert office.balance() == Balance(0, 0)
    assert in_snapshot(queries.count_waiting, office.world.center_id) == 1

    office.approve(proposal_id)

    seen = office.see(proposal_id)
    assert office.balance() == Balance(1250, 0)
    assert (seen.status, seen.proposed_by, seen.decided_by) == (
        "approved",
        office.first.identity_id,
        office.second.identity_id,
    )
    assert in_snapshot(queries.count_waiting, office.world.center_id) == 0


def test_the_batch_names_its_proposal_and_the_other_way_round(office: Office) -> None:
    proposal_id = office.adjustment(300)
    result = office.approve(proposal_id)["result_ref"]

    [batch] = in_snapshot(entries.batches_of, "approval", str(proposal_id), office.world.center_id)

    assert result == office.see(proposal_id).result_ref == f"batch:{public_id(batch.id)}"
    assert (batch.actor_id, batch.reason) == (office.second.identity_id, "adjustment")


def test_points_are_taken_away_by_an_amount_below_zero(office: Office) -> None:
    office.approve(office.adjustment(1000))
    office.approve(office.adjustment(-400, cause="mistake"))

    assert office.balance() == Balance(600, 0)
    accounts = {row["debit_account_id"] for row in in_snapshot(transfers_of, office.world.center_id)}
    assert len(accounts) == 2


def test_the_proposer_can_not_decide(office: Office) -> None:
    proposal_id = office.adjustment(100)

    assert code_of(office.approve, proposal_id, office.first) == "approvals.two_people_needed"
    assert code_of(office.reject, proposal_id, by=office.first) == "approvals.two_people_needed"
    assert office.see(proposal_id).status == "proposed"


def test_whom_it_is_for_can_not_decide(office: Office) -> None:
    office.world.employ(office.volunteer, "admin", place_id=office.world.top_id)
    proposal_id = office.adjustment(100)

    assert code_of(office.approve, proposal_id, office.volunteer) == "approvals.two_people_needed"
    office.approve(proposal_id, office.second)


@pytest.mark.parametrize("near", ["proposer", "member"])
def test_a_household_can_not_decide_on_its_own(office: Office, near: str) -> None:
    office.world.house("柳荫017", office.second, office.first if near == "proposer" else office.volunteer)
    third = office.world.add_staff("admin", place_id=office.world.top_id, name="褚管理")
    proposal_id = office.adjustment(100)

    assert code_of(office.approve, proposal_id) == "approvals.same_household"
    assert code_of(office.reject, proposal_id) == "approvals.same_household"
    assert office.see(proposal_id).status == "proposed"
    office.approve(proposal_id, third)


@pytest.mark.parametrize("decided", DECISIONS)
@pytest.mark.parametrize("again", DECISIONS)
def test_a_proposal_is_decided_once(office: Office, decided: str, again: str) -> None:
    proposal_id = office.adjustment(100)
    getattr(office, decided)(proposal_id)
    before = office.see(proposal_id)

    assert code_of(getattr(office, again), proposal_id) == "approvals.already_decided"
    assert office.see(proposal_id) == before
    assert office.balance().balance == (100 if decided == "approve" else 0)


def test_only_who_proposed_withdraws(office: Office) -> None:
    proposal_id = office.adjustment(100)

    assert code_of(office.withdraw, proposal_id, office.second) == "approvals.not_the_proposer"
    office.withdraw(proposal_id)
    assert office.see(proposal_id).status == "withdrawn"


def test_a_rejection_says_why(office: Office) -> None:
    proposal_id = office.adjustment(100)

    assert code_of(office.reject, proposal_id, "  ") == "approvals.note_needed"
    office.reject(proposal_id, "没有这回事")
    assert (office.see(proposal_id).status, office.see(proposal_id).note) == ("rejected", "没有这回事")


def test_what_can_not_be_done_goes_on_waiting(office: Office) -> None:
    """Nothing is rejected silently: the approver learns why, and may approve once it can be done."""
    office.approve(office.adjustment(500))
    first, second = office.adjustment(-500), office.adjustment(-500)
    office.approve(first)

    assert code_of(office.approve, second) == "points.exceeds_credits"
    assert (office.see(second).status, office.see(second).decided_by) == ("proposed", None)

    office.approve(office.adjustment(500))
    office.approve(second)
    assert office.balance() == Balance(0, 0)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": 0}, "points.adjustment_zero"),
        ({"amount": -1}, "points.exceeds_credits"),
        ({"transfer_id": public_id(5)}, "points.transfer_not_found"),
        ({"volunteer_id": public_id(5)}, "people.volunteer_not_found"),
        ({"amount": 1.5}, "approvals.payload_invalid"),
        ({"amount": 10**13}, "approvals.payload_invalid"),
        ({"amount": True}, "approvals.payload_invalid"),
        ({"cause": "friend"}, "approvals.payload_invalid"),
        ({"volunteer_id": "王桂兰"}, "approvals.payload_invalid"),
        ({"name": "王桂兰"}, "approvals.payload_invalid"),
    ],
)
def test_what_could_never_be_done_is_not_proposed(office: Office, changed: dict[str, Any], code: str) -> None:
    assert code_of(office.propose, "points.adjustment", office.payload(100) | changed) == code


def test_a_proposal_has_a_reason_and_a_kind(office: Office) -> None:
    payload = office.payload(100)

    with pytest.raises(Rejected) as refused:
        office.propose("points.adjustment", payload, reason=" ")
    assert refused.value.code == "approvals.reason_needed"
    with pytest.raises(Rejected) as refused:
        office.propose("points.gift", payload)
    assert refused.value.code == "approvals.kind_unknown"
    assert "points.adjustment" in refused.value.context["allowed"]


def test_a_proposal_of_another_center_is_not_there(office: Office) -> None:
    stranger = Office(World(office.world.database))
    proposal_id = office.adjustment(100)

    with pytest.raises(NotFound):
        stranger.approve(proposal_id)
    with pytest.raises(NotFound):
        stranger.adjustment(100, volunteer_id=public_id(office.volunteer.volunteer_id))


@pytest.mark.parametrize("role", ["clerk", "station_manager", "auditor"])
def test_others_than_administrators_neither_propose_nor_decide(office: Office, role: str) -> None:
    person = office.world.add_staff(role, place_id=office.world.top_id)
    proposal_id = office.adjustment(100)

    for work in (lambda: office.adjustment(100, person), lambda: office.approve(proposal_id, person)):
        with pytest.raises(Forbidden) as refused:
            work()
        assert refused.value.code == "access.denied"


def test_the_roles_say_who_may_what() -> None:
    assert {role for role, may in ROLES.items() if Permission.PROPOSE in may} == {"admin"}
    assert {role for role, may in ROLES.items() if Permission.DECIDE in may} == {"admin"}
    assert {role for role, may in ROLES.items() if Permission.RELEASE_AS_ADMIN in may} == {"admin"}
    assert {role for role, may in ROLES.items() if Permission.RELEASE_AS_AUDITOR in may} == {
        "auditor",
        "outside_auditor",
    }


FORGERIES = {
    "the amount": "UPDATE proposal SET payload = '{}' WHERE center_id = :c",
    "who proposed": "UPDATE proposal SET proposed_by = 5 WHERE center_id = :c",
    "the proposal": "DELETE FROM proposal WHERE center_id = :c",
    "who decided": "UPDATE proposal_decision SET decided_by = 5 WHERE center_id = :c",
    "the decision": "DELETE FROM proposal_decision WHERE center_id = :c",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_sql_can_not_change_what_was_proposed_and_decided(office: Office, forgery: str) -> None:
    office.approve(office.adjustment(100))

    def forge(session: Session) -> None:
        session.execute(sa.text(FORGERIES[forgery]), {"c": office.world.center_id})

    with pytest.raises(sa.exc.DBAPIError, match="is append only"):
        in_transaction(forge)


def test_a_second_decision_finds_its_place_taken(office: Office) -> None:
    """Even with the status reset by hand, the decision's key is the proposal's."""
    proposal_id = office.adjustment(100)
    office.approve(proposal_id)

    def set_back(session: Session) -> None:
        session.execute(sa.text("UPDATE proposal SET status = 'proposed' WHERE id = :id"), {"id": proposal_id})

    in_transaction(set_back)
    with pytest.raises(Conflict):
        office.reject(proposal_id)
    with pytest.raises(Conflict):
        office.approve(proposal_id)
    assert office.balance() == Balance(100, 0)


def test_the_system_s_proposal_is_decided_by_anybody_who_may(office: Office) -> None:
    """A job proposes without a person."""
    system = Person(0, "", office.world.server)
    proposal_id = office.adjustment(100, system)
    office.approve(proposal_id, office.first)
    assert office.see(proposal_id).status == "approved"


def test_unknown_ids_are_not_found(office: Office) -> None:
    assert code_of(office.approve, new_id()) == "approvals.not_found"
