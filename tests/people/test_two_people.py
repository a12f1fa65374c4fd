"""Two people are two people: who may decide, and that nobody makes the credential of who checks them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ledger.approvals import queries
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.signals import signals_since
from ledger.people.access import credentials, events, sessions, staff
from ledger.people.access.approved_codes import make_approved_code
from ledger.people.access.hiring import hire_or_propose
from ledger.people.access.staff import Post
from ledger.people.identities.queries import find_identity_by_phone
from ledger.points.corrections import adjustments
from tests.approvals.office import Office
from tests.elsewhere import outcome
from tests.phones import fresh_phone
from tests.world import Person, World


class Center(Office):
    """The office without one of its people, or with two of them married."""

    def code(self, of: Person, by: Person) -> int:
        return self.propose("people.code", {"identity_id": public_id(of.identity_id)}, by=by)

    def grant(self, of: Person, by: Person, role: str = "auditor", household: str | None = None) -> int:
        payload = {"identity_id": public_id(of.identity_id), "role": role, "household": household}
        return self.propose("people.grant", payload | {"place_id": public_id(self.world.top_id)}, by=by)

    def gain(self, of: Person, by: Person, amount: int = 1_000_000) -> int:
        if not of.volunteer_id:
            self.world.enlist(of)
        payload = self.payload(amount, volunteer_id=public_id(of.volunteer_id))
        return self.propose(adjustments.NAME, payload, by=by)

    def dismiss(self, person: Person) -> None:
        (role,) = in_snapshot(sessions.roles_of, person.identity_id, self.world.center_id)
        in_transaction(staff.revoke_role, role.id, actor=self.world.server)

    def free(self, proposal_id: int) -> set[int]:
        """Who may decide now."""
        return {each.identity_id for each in in_snapshot(self._free, proposal_id)}

    def _free(self, session: Any, proposal_id: int) -> Any:
        center_id = self.world.center_id
        return self.desk.free(session, queries.get_proposal(session, proposal_id, center_id), center_id)

    def signals(self) -> list[str]:
        since = clock.now() - timedelta(days=1)
        return [each.kind for each in in_snapshot(signals_since, self.world.center_id, since, most=50)]


@pytest.fixture
def center(world: World) -> Center:
    return Center(world)


def code_of(work: Callable[[], Any]) -> str:
    try:
        work()
    except LedgerError as refused:
        return refused.code
    return ""


def matters(center: Center) -> dict[str, Callable[[Person, Person], int]]:
    """Everything that takes two people and concerns one of them: by the person concerned and the proposer."""
    return {"code": center.code, "gain": center.gain}


@pytest.mark.parametrize("matter", ["code", "gain"])
def test_one_administrator_waits(center: Center, matter: str) -> None:
    center.dismiss(center.second)
    center.dismiss(center.auditor)
    clerk = center.world.add_staff("auditor", place_id=center.world.top_id)
    concerned = clerk if matter == "code" else center.volunteer
    proposal_id = matters(center)[matter](concerned, center.first)
    if concerned is not clerk:
        center.dismiss(clerk)
    assert center.free(proposal_id) == set()
    assert in_snapshot(queries.count_waiting, center.world.center_id) == 1
    assert code_of(lambda: center.approve(proposal_id, center.first)) == "approvals.two_people_needed"


def test_two_administrators_do_all_but_each_others_codes_and_own_gains(center: Center) -> None:
    first, second = center.first, center.second
    center.dismiss(center.auditor)
    for matter in matters(center).values():
        waiting = matter(first, second)
        assert center.free(waiting) == set()
        assert code_of(lambda waiting=waiting: center.approve(waiting, first)) == "approvals.two_people_needed"
    assert code_of(lambda: center.code(first, first)) == "approvals.own_gain"
    for proposal_id in (center.gain(center.volunteer, first), center.grant(center.volunteer, first)):
        assert center.free(proposal_id) == {second.identity_id}
        center.approve(proposal_id, second)


def test_two_administrators_and_an_auditor_do_everything(center: Center) -> None:
    first, second, auditor = center.first, center.second, center.auditor
    for proposal_id, by in (
        (center.code(first, second), auditor),
        (center.gain(first, second), auditor),
        (center.code(auditor, first), second),
        (center.gain(auditor, first), second),
        (center.grant(center.volunteer, first), auditor),
    ):
        assert by.identity_id in center.free(proposal_id)
        center.approve(proposal_id, by)
        assert center.see(proposal_id).status == "approved"


def test_two_married_administrators_and_an_auditor_do_everything_but_gain(center: Center) -> None:
    """They propose nothing by which their own household gains; everything else goes through the auditor."""
    first, second, auditor = center.first, center.second, center.auditor
    center.world.house("柳荫017", first, second)
    for proposal_id in (
        center.code(first, second),
        center.gain(center.volunteer, first),
        center.grant(center.volunteer, second),
    ):
        assert center.free(proposal_id) == {auditor.identity_id}
        assert code_of(lambda proposal_id=proposal_id: center.approve(proposal_id, second)) in {
            "approvals.same_household",
            "approvals.two_people_needed",
        }
        center.approve(proposal_id, auditor)
    assert code_of(lambda: center.gain(first, second)) == "approvals.own_gain"
    assert code_of(lambda: center.grant(first, second)) == "approvals.own_gain"


@pytest.mark.parametrize("gone", ["second", "auditor"])
def test_with_one_of_three_gone_the_other_decides(center: Center, gone: str) -> None:
    stays = center.auditor if gone == "second" else center.second
    proposal_id = center.gain(center.volunteer, center.first)
    center.dismiss(getattr(center, gone))
    assert center.free(proposal_id) == {stays.identity_id}
    center.approve(proposal_id, stays)
    assert center.see(proposal_id).remarks == ("stood_in" if gone == "second" else None)
    assert center.signals() == (["approvals.stood_in"] if gone == "second" else [])


def test_an_auditor_decides_on_nothing_else_while_somebody_usual_may(center: Center) -> None:
    proposal_id = center.gain(center.volunteer, center.first)
    assert center.free(proposal_id) == {center.second.identity_id}
    assert code_of(lambda: center.approve(proposal_id, center.auditor)) == "access.denied"
    assert code_of(lambda: center.reject(proposal_id, by=center.auditor)) == "access.denied"


def test_who_was_dismissed_after_the_page_was_drawn_decides_nothing(center: Center) -> None:
    proposal_id = center.gain(center.volunteer, center.first)
    late = center.second  # the actor still carries what the request began with
    center.dismiss(center.second)
    assert code_of(lambda: center.approve(proposal_id, late)) == "access.denied"


def test_households_of_staff_who_are_no_volunteers_count(center: Center) -> None:
    """It is asked at each grant, and is known to nothing else."""
    third = center.world.add_staff("clerk", name="褚管理")
    post = Post("admin", center.world.top_id, household="柳荫 017")
    in_transaction(staff.grant_role, third.identity_id, post, actor=center.world.server)
    center.world.house("柳荫17", center.volunteer)
    proposal_id = center.gain(center.volunteer, center.first)
    assert third.identity_id not in center.free(proposal_id)
    third.actor = replace(third.actor, grants=center.second.actor.grants)
    assert code_of(lambda: center.approve(proposal_id, third)) == "approvals.same_household"
    assert code_of(lambda: center.gain(center.volunteer, third)) == "approvals.own_gain"


def test_a_household_formed_after_the_proposal_bars_too(center: Center) -> None:
    proposal_id = center.gain(center.volunteer, center.first)
    center.world.house("柳荫017", center.first, center.volunteer)
    assert code_of(lambda: center.approve(proposal_id, center.second)) == "approvals.own_gain"
    assert center.free(proposal_id) == set()


def test_who_owes_the_role_to_the_proposer_is_remarked_for_thirty_days(center: Center) -> None:
    proposal_id = center.grant(center.volunteer, center.first, role="admin")
    center.approve(proposal_id, center.second)
    new = center.volunteer
    again = center.world._log_in(new.identity_id)
    new.token, new.actor = again.token, again.actor
    other = center.world.add_volunteer()
    center.volunteer = other
    early = center.gain(other, center.first, 100)
    center.approve(early, new)
    assert (center.see(early).remarks, center.signals()) == ("owes_proposer", ["approvals.owes_proposer"])
    late = center.gain(other, center.first, 100)
    with clock.at(clock.now() + timedelta(days=31)):
        center.approve(late, new)
    assert center.see(late).remarks is None


def hire(center: Center, by: Person, role: str = "admin", **typed: Any) -> dict[str, Any]:
    """What the form of a hire does."""
    who = {"name": "魏管理", "phone": fresh_phone()} | typed
    post = Post(role, center.world.top_id, household=None)
    return in_transaction(hire_or_propose, **who, post=post, reason="人手不够", actor=by.actor, desk=center.desk)


def test_a_second_self_is_no_second_person(center: Center) -> None:
    """An administrator hires another log-in of their own, to approve 10,000.00 points with it."""
    center.dismiss(center.second)
    phone = fresh_phone()
    hired = hire(center, center.first, phone=phone)
    assert hired["proposal_id"] is not None
    assert in_snapshot(sessions.roles_of, hired["identity_id"], center.world.center_id) == []
    assert code_of(lambda: center.approve(hired["proposal_id"], center.first)) == "approvals.two_people_needed"
    post = Post("admin", center.world.top_id, household=None)
    clerk = center.world.add_staff("clerk").identity_id
    for who, refused in ((hired["identity_id"], "people.identity_not_found"), (clerk, "people.grant_takes_two")):
        assert code_of(partial(in_transaction, staff.grant_role, who, post, actor=center.first.actor)) == refused
    assert in_snapshot(find_identity_by_phone, phone, center.world.center_id) is None


def test_an_administrator_makes_no_code_of_the_auditor(center: Center) -> None:
    first, auditor = center.first, center.auditor
    made = code_of(lambda: in_transaction(credentials.make_activation_code, auditor.identity_id, actor=first.actor))
    assert made == "people.code_takes_two"
    proposal_id = center.code(auditor, first)
    assert code_of(lambda: make_code(proposal_id, first)) == "approvals.not_found"
    center.approve(proposal_id, center.second)
    assert code_of(lambda: make_code(proposal_id, first)) == "people.code_not_yours"
    assert code_of(lambda: make_code(proposal_id, auditor)) == "people.code_not_yours"


def make_code(proposal_id: int, by: Person) -> tuple[int, str]:
    return in_transaction(make_approved_code, proposal_id, actor=by.actor)


def test_the_code_is_made_once_within_a_day_for_who_approved_it(center: Center) -> None:
    proposal_id = center.code(center.auditor, center.first)
    result = center.approve(proposal_id, center.second)
    identity_id, code = make_code(proposal_id, center.second)
    assert identity_id == center.auditor.identity_id
    assert code.replace("-", "") not in str(result) + str(center.see(proposal_id))
    assert code_of(lambda: make_code(proposal_id, center.second)) == "people.code_made"

    late = center.code(center.auditor, center.first)
    center.approve(late, center.second)
    with clock.at(clock.now() + timedelta(hours=24)):
        assert code_of(lambda: make_code(late, center.second)) == "people.code_over"


def test_revoking_ends_sessions_and_codes_and_withdraws_what_waits(center: Center) -> None:
    proposal_id, center_id = center.gain(center.volunteer, center.first), center.world.center_id
    other = center.gain(center.volunteer, center.second)
    center.dismiss(center.first)
    assert in_snapshot(sessions.load_actor, center.first.token) is None
    seen = center.see(proposal_id)
    assert (seen.status, seen.decided_by) == ("withdrawn", center.world.server.identity_id)
    assert center.see(other).status == "proposed"
    (revoked,) = in_snapshot(events.revoked_since, center_id, clock.now() - timedelta(days=30))
    assert revoked.identity_id == center.first.identity_id
    with clock.at(clock.now() + timedelta(days=31)):
        assert in_snapshot(events.revoked_since, center_id, clock.now() - timedelta(days=30)) == []


def test_what_is_done_with_credentials_is_kept(center: Center) -> None:
    proposal_id = center.grant(center.volunteer, center.first)
    center.approve(proposal_id, center.second)
    code = center.code(center.volunteer, center.first)
    center.approve(code, center.second)
    make_code(code, center.second)
    found = in_snapshot(
        events.list_events, center.world.center_id, identity_id=center.volunteer.identity_id, request=PageRequest()
    ).items
    first, second = center.first.identity_id, center.second.identity_id
    assert [(each.kind, each.made_by, each.proposed_by) for each in found] == [
        ("code_made", second, first),
        ("credentials_ended", second, None),
        ("role_granted", second, first),
    ]
    assert {parse_public_id(each.about.partition(":")[2]) for each in found} == {proposal_id, code}


def test_two_at_once_make_one_code(center: Center) -> None:
    proposal_id = center.code(center.auditor, center.first)
    center.approve(proposal_id, center.second)
    assert [outcome(lambda: make_code(proposal_id, center.second)) for _ in range(2)] == ["won", "people.code_made"]
