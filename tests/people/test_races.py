"""Two people at the same moment, each on their own connection: roles, codes and decisions go one after the other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals import queries, service
from ledger.audit.verifying import service as verifying
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.organisations.imports import service as imports
from ledger.organisations.models import ImportDraft
from ledger.people.access import events, lost_factors, on_server, sessions, staff
from ledger.people.access.approved_codes import make_approved_code
from ledger.people.access.staff import Post
from ledger.people.identities.queries import lock_password
from ledger.points.closing.months import month_of
from tests.approvals.office import Office
from tests.at_once import at_once
from tests.elsewhere import Elsewhere, outcome
from tests.factors import turn_on
from tests.runtimes import ZONE
from tests.shop.counter import give_points
from tests.world import Person, World

ROUNDS = 5


@pytest.fixture
def office(own_database: Database) -> Office:
    """An office in its own database."""
    return Office(World(own_database))


@pytest.fixture
def other(office: Office) -> Iterator[Database]:
    """The same database, opened by another service."""
    database = Database(office.world.database.url)
    yield database
    database.close()


def roles(office: Office, person: Person) -> list[sessions.RoleView]:
    """The person's roles in force."""
    found: list[sessions.RoleView] = in_snapshot(sessions.roles_of, person.identity_id, office.world.center_id)
    return found


def revoke(office: Office, grant_id: int) -> None:
    """Take a role away, on the server."""
    in_transaction(staff.revoke_role, grant_id, actor=office.world.server)


def revoked_at(office: Office, person: Person) -> Any:
    """When the person's role was taken away."""
    return next(each.at for each in kept(office, person) if each.kind == events.ROLE_REVOKED)


def kept(office: Office, person: Person) -> list[events.EventView]:
    """What was done with the person's credentials, newest first."""
    asked = (events.list_events, office.world.center_id)
    found: list[events.EventView] = in_snapshot(*asked, identity_id=person.identity_id, request=PageRequest()).items
    return found


@pytest.mark.parametrize("who", ["second", "first"])
def test_whoever_takes_a_role_away_waits_for_a_decision_under_way(office: Office, who: str) -> None:
    """Of the decider's or the proposer's: the decision was made while both held theirs."""
    person: Person = getattr(office, who)
    [role] = roles(office, person)
    proposal_id = office.adjustment(100)
    dismiss = Elsewhere(office.world.database.url, lambda: revoke(office, role.id))

    def execute(*_args: Any) -> str:
        dismiss.begin()
        return "batch:0000000000000"

    [kind, *_others] = office.desk.kinds
    office.desk = replace(office.desk, kinds=(replace(kind, execute=execute),))
    office.approve(proposal_id)

    assert (dismiss.end(), office.see(proposal_id).status) == ("won", "approved")
    decided_at = office.see(proposal_id).decided_at
    assert decided_at is not None
    assert decided_at <= revoked_at(office, person)


@pytest.mark.parametrize(
    ("who", "code", "status"),
    [("second", "access.denied", "proposed"), ("first", "approvals.already_decided", "withdrawn")],
)
def test_whoever_decides_waits_while_a_role_is_taken_away(office: Office, who: str, code: str, status: str) -> None:
    [role] = roles(office, getattr(office, who))
    proposal_id = office.adjustment(100)
    approve = Elsewhere(office.world.database.url, lambda: office.approve(proposal_id))

    def dismiss(session: Session) -> None:
        staff.revoke_role(session, role.id, actor=office.world.server)
        approve.begin()

    in_transaction(dismiss)

    assert approve.end() == code
    assert office.see(proposal_id).status == status


def test_a_decision_and_the_end_of_a_role_at_once_leave_one_order(office: Office, other: Database) -> None:
    """Whoever locks first: nothing is decided by somebody after their role, or for somebody after theirs."""
    for round_ in range(ROUNDS):
        new = office.world.add_staff("admin", place_id=office.world.top_id)
        [role] = roles(office, new)
        decides = round_ % 2 == 0
        proposal_id = office.adjustment(100, by=office.first if decides else new)

        decided, dismissed = at_once(
            [
                lambda p=proposal_id, by=new if decides else office.second: outcome(lambda: office.approve(p, by)),
                lambda r=role.id: outcome(lambda: revoke(office, r), other),
            ]
        )

        assert dismissed == "won"
        seen = office.see(proposal_id)
        if decided == "won":
            assert seen.status == "approved"
            assert seen.decided_at is not None
            assert seen.decided_at <= revoked_at(office, new)
        else:
            assert (decided, seen.status) == (
                ("access.denied", "proposed") if decides else ("approvals.already_decided", "withdrawn")
            )


def test_two_administrators_who_revoke_each_other_at_once_leave_one(office: Office, other: Database) -> None:
    """Also of the last two: never none, and nobody revokes anything after their own role."""
    for _ in range(ROUNDS):
        pair = [office.world.add_staff("admin", place_id=office.world.top_id) for _ in range(2)]
        ids = [roles(office, each)[0].id for each in pair]

        got = at_once(
            [
                lambda g=ids[1], by=pair[0]: outcome(lambda: in_transaction(staff.revoke_role, g, actor=by.actor)),
                lambda g=ids[0], by=pair[1]: outcome(
                    lambda: in_transaction(staff.revoke_role, g, actor=by.actor), other
                ),
            ]
        )

        assert sorted(got) == ["access.denied", "won"]
        assert [bool(roles(office, each)) for each in pair] == [each == "won" for each in got]


def test_an_approval_waits_for_the_end_of_a_factor_on_the_server(office: Office) -> None:
    """Both lock the person before the proposal. The other order was a deadlock, and one of them was run again."""
    turn_on(office.world, office.auditor)
    who, center_id = office.auditor.identity_id, office.world.center_id
    proposal_id = office.propose(lost_factors.NAME, {"identity_id": public_id(who)})
    runs: list[str] = []

    def approve(session: Session) -> None:
        runs.append("approved")
        service.approve(session, proposal_id, "", actor=office.second.actor, desk=office.desk)

    approving = Elsewhere(office.world.database.url, lambda: in_transaction(approve))

    def remove(session: Session) -> None:
        runs.append("removed")
        lock_password(session, who, center_id)
        approving.begin()
        on_server.remove_factor(session, who, reason="丢了", center_id=center_id)

    in_transaction(remove)

    assert (approving.end(), office.see(proposal_id).status) == ("approvals.already_decided", "withdrawn")
    assert runs == ["removed", "approved"], "none was run again"


def test_a_code_is_made_once_by_whoever_makes_it_twice_at_once(office: Office, other: Database) -> None:
    for _ in range(ROUNDS):
        proposal_id = office.propose("people.code", {"identity_id": public_id(office.auditor.identity_id)})
        office.approve(proposal_id)

        def make(proposal_id: int = proposal_id) -> None:
            in_transaction(make_approved_code, proposal_id, actor=office.second.actor)

        got = at_once([lambda m=make: outcome(m), lambda m=make: outcome(m, other)])

        assert set(got) == {"won", "people.code_made"}
    assert [each.kind for each in kept(office, office.auditor)].count(events.CODE_MADE) == ROUNDS


def test_a_role_is_given_while_the_same_one_is_taken_away(office: Office, other: Database) -> None:
    """One of the two comes first: either the new one stands, or nobody was given what they held."""
    clerk = office.world.add_staff("clerk")
    post = Post("clerk", office.world.station_id, household=None)
    for _ in range(ROUNDS):
        if not roles(office, clerk):
            in_transaction(staff.grant_role, clerk.identity_id, post, actor=office.first.actor)
        [role] = roles(office, clerk)

        given, taken = at_once(
            [
                lambda: outcome(
                    lambda: in_transaction(staff.grant_role, clerk.identity_id, post, actor=office.first.actor)
                ),
                lambda r=role.id: outcome(lambda: revoke(office, r), other),
            ]
        )

        assert (given, taken) in {("won", "won"), ("people.role_held", "won")}
        assert [each.id != role.id for each in roles(office, clerk)] == [True] * (given == "won")


def test_one_is_approved_and_rejected_at_once(office: Office, other: Database) -> None:
    third = office.world.add_staff("admin", place_id=office.world.top_id)
    for _ in range(ROUNDS):
        proposal_id = office.adjustment(100)
        got = at_once(
            [
                lambda p=proposal_id: outcome(lambda: office.approve(p)),
                lambda p=proposal_id: outcome(lambda: office.reject(p, by=third), other),
            ]
        )

        assert set(got) == {"won", "approvals.already_decided"}
        assert office.see(proposal_id).status == ("approved" if got[0] == "won" else "rejected")


@pytest.mark.parametrize("kind", ["people.code", "points.period_close"])
def test_two_who_propose_the_same_at_once_leave_one_waiting(office: Office, other: Database, kind: str) -> None:
    payload = {
        "people.code": {"identity_id": public_id(office.auditor.identity_id)},
        "points.period_close": {"month": month_of(clock.now() - timedelta(days=40), ZONE)},
    }[kind]
    with clock.at(clock.now() - timedelta(days=40)):
        give_points(office.world, office.volunteer, 100)

    def propose(by: Person) -> None:
        in_transaction(service.propose, kind, payload, "新手机", actor=by.actor, desk=office.desk)

    for _ in range(ROUNDS):
        got = at_once(
            [lambda: outcome(lambda: propose(office.first)), lambda: outcome(lambda: propose(office.second), other)]
        )

        assert set(got) == {"won", "approvals.already_proposed"}
        [waiting] = in_transaction(_waiting, office)
        in_transaction(service.withdraw_all_of, waiting, actor=office.world.server)


def test_two_verifications_that_begin_at_once_are_one(office: Office, other: Database) -> None:
    begun: list[dict[str, Any]] = []

    def begin() -> None:
        begun.append(in_transaction(verifying.begin, actor=office.auditor.actor))

    for _ in range(ROUNDS):
        begun.clear()
        assert at_once([lambda: outcome(begin), lambda: outcome(begin, other)]) == ["won", "won"]
        assert ({each["id"] for each in begun}, [each["begun"] for each in begun].count(True)) == ({begun[0]["id"]}, 1)
        in_transaction(verifying.give_up, begun[0]["id"], office.world.center_id)


@pytest.mark.parametrize("at", ["station_id", ""])
def test_two_lists_that_come_at_once_leave_one_waiting(office: Office, at: str) -> None:
    kept: dict[str, Any] = {
        "lines": "{}",
        "others": 0,
        "file_name": "名单.csv",
        "make_teams": False,
    }
    kept |= {"place_id": getattr(office.world, at) if at else None, "actor": office.first.actor}
    other = Elsewhere(office.world.database.url, lambda: in_transaction(imports.keep_draft, **kept))

    def keep(session: Session) -> int:
        draft_id = imports.keep_draft(session, **kept)
        other.begin()
        return draft_id

    in_transaction(keep)

    assert other.end() == "won"
    drafts = sa.select(sa.func.count()).select_from(ImportDraft)
    assert in_snapshot(lambda session: session.scalar(drafts)) == 1


def _waiting(session: Session, office: Office) -> list[int]:
    """Who proposed what waits."""
    center_id = office.world.center_id
    people = (office.first.identity_id, office.second.identity_id)
    return [each.proposed_by for person in people for each in queries.waiting_of(session, person, center_id)]
