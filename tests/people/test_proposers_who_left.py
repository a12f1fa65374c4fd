"""What somebody has proposed counts as withdrawn once they may propose it no more, by whatever their role ended."""

from datetime import timedelta

import pytest

from ledger import jobs
from ledger.kernel import clock, runtime
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict
from ledger.kernel.ids import public_id
from ledger.people.access import sessions, staff
from ledger.people.access.staff import Post
from tests.approvals.office import Office
from tests.databases import on_sqlite
from tests.elsewhere import outcome
from tests.world import Person, World

DAY = timedelta(days=1)
WITHDRAW = next(job for job in jobs.SCHEDULE if job.name == "withdraw-of-ended-roles")


@pytest.fixture
def office(world: World) -> Office:
    """An office with one more administrator, whose role ends today."""
    return Office(world)


def for_today(office: Office) -> Person:
    """An administrator whose role ends today."""
    person = office.world.add_staff("clerk")
    post = Post("admin", office.world.top_id, household=None, valid_until=clock.today())
    in_transaction(staff.grant_role, person.identity_id, post, actor=office.world.server)
    return office.world._log_in(person.identity_id)


def test_nobody_decides_on_it_after_the_last_day_though_no_job_has_run(office: Office) -> None:
    guest = for_today(office)
    proposal_id = office.adjustment(100, by=guest)
    with clock.at(clock.now() + DAY):
        for decide in (office.approve, office.reject):
            with pytest.raises(Conflict) as refused:
                decide(proposal_id)
            assert refused.value.code == "approvals.proposer_left"
        assert (
            in_snapshot(lambda session: office.desk.free(session, office.see(proposal_id), guest.actor.center_id)) == []
        )
    office.approve(proposal_id)


def test_the_job_withdraws_it_and_nothing_of_others(office: Office) -> None:
    guest = for_today(office)
    own, other = office.adjustment(100, by=guest), office.adjustment(100)
    tomorrow = clock.now() + DAY
    assert jobs.run(runtime.current(), WITHDRAW) == 0
    with clock.at(tomorrow):
        assert jobs.run(runtime.current(), WITHDRAW, at=tomorrow) == 1
    assert (office.see(own).status, office.see(other).status) == ("withdrawn", "proposed")


@on_sqlite
def test_it_keeps_nobody_from_proposing_the_same(office: Office) -> None:
    payload = {"identity_id": public_id(office.auditor.identity_id)}
    old = office.propose("people.code", payload, by=for_today(office))
    assert outcome(lambda: office.propose("people.code", payload)) == "approvals.already_proposed"
    with clock.at(clock.now() + DAY):
        new = office.propose("people.code", payload)
    assert (office.see(old).status, office.see(new).status) == ("withdrawn", "proposed")


@on_sqlite
def test_who_becomes_an_auditor_instead_has_left_too(office: Office) -> None:
    """The level is the same as before, but an auditor proposes nothing."""
    person = office.first
    post = Post("auditor", office.world.top_id, household=None)
    in_transaction(staff.grant_role, person.identity_id, post, actor=office.world.server)
    proposal_id = office.adjustment(100)
    held = in_snapshot(sessions.roles_of, person.identity_id, office.world.center_id)
    [admin] = [role.id for role in held if role.role == "admin"]
    in_transaction(staff.revoke_role, admin, actor=office.world.server)
    assert office.see(proposal_id).status == "withdrawn"
