"""A lost second factor ends by two people or on the server, and log-ins with it; a block ends them too."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.audit.overview.presenter import SIGNAL_WORDS
from ledger.kernel import clock
from ledger.kernel.actor import SYSTEM_IDENTITY
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.signals import signals_since
from ledger.people.access import blocking, credentials, events, factors, lost_factors, on_server, sessions, staff
from ledger.people.identities.queries import phone_of
from ledger.people.policy import ACTIVE, BLOCKED
from ledger.people.volunteers.queries import get_volunteer
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.factors import turn_on
from tests.world import Person, World


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def code_of(work: object, *given: object, **named: object) -> str:
    try:
        work(*given, **named)  # type: ignore[operator]
    except LedgerError as refused:
        return refused.code
    return ""


def lost(office: Office, of: Person, by: Person) -> int:
    return office.propose(lost_factors.NAME, {"identity_id": public_id(of.identity_id)}, by=by)


def is_open(person: Person) -> bool:
    return in_snapshot(sessions.load_actor, person.token) is not None


def signals(world: World) -> list[str]:
    since = clock.now() - timedelta(days=1)
    return [each.kind for each in in_snapshot(signals_since, world.center_id, since, most=50)]


def events_of(person: Person) -> list[events.EventView]:
    request = PageRequest(limit=50)
    center_id = person.actor.center_id
    return list(in_snapshot(events.list_events, center_id, identity_id=person.identity_id, request=request).items)


def test_two_people_end_it_and_the_log_ins_with_it(office: Office) -> None:
    turn_on(office.world, office.auditor)
    proposal_id = lost(office, office.auditor, by=office.first)
    for barred in (office.first, office.auditor):
        assert code_of(office.approve, proposal_id, barred) in {"approvals.two_people_needed", "approvals.own_gain"}
    assert is_open(office.auditor)
    office.approve(proposal_id)
    assert not in_snapshot(factors.has_factor, office.auditor.identity_id, office.world.center_id)
    assert not is_open(office.auditor)
    ended = next(each for each in events_of(office.auditor) if each.kind == events.FACTOR_ENDED)
    assert (ended.made_by, ended.proposed_by) == (office.second.identity_id, office.first.identity_id)
    assert ended.about == f"proposal:{public_id(proposal_id)}"
    assert events_of(office.auditor)[0].kind == events.SESSIONS_ENDED
    assert signals(office.world) == [lost_factors.SIGNAL]
    assert lost_factors.SIGNAL in SIGNAL_WORDS


@on_sqlite
def test_of_who_neither_decides_nor_audits_it_is_no_signal(office: Office) -> None:
    clerk = office.world.add_staff("clerk")
    turn_on(office.world, clerk)
    office.approve(lost(office, clerk, by=office.first), by=office.auditor)
    assert not is_open(clerk)
    assert signals(office.world) == []


@on_sqlite
def test_nobody_proposes_their_own_nor_what_is_off(office: Office) -> None:
    assert code_of(lost, office, office.auditor, by=office.first) == "people.factor_off"
    turn_on(office.world, office.first)
    assert code_of(lost, office, office.first, by=office.first) == "approvals.own_gain"
    clerk = office.world.add_staff("clerk")
    assert code_of(lost, office, office.first, by=clerk) == "access.denied"


@on_sqlite
def test_one_that_was_turned_off_meanwhile_can_not_be_ended(office: Office) -> None:
    turn_on(office.world, office.auditor)
    proposal_id = lost(office, office.auditor, by=office.first)
    in_transaction(factors.turn_off, office.auditor.identity_id, actor=office.auditor.actor)
    assert office.see(proposal_id).status == "withdrawn"
    assert code_of(office.approve, proposal_id) == "approvals.already_decided"
    assert is_open(office.auditor)


@on_sqlite
def test_what_was_proposed_of_one_ends_no_later_one(office: Office) -> None:
    turn_on(office.world, office.auditor)
    proposal_id = lost(office, office.auditor, by=office.first)
    # As a restored book may have it: ended, and the proposal still there.
    in_transaction(factors.turn_off, office.auditor.identity_id, actor=office.auditor.actor, about="restore:1")
    turn_on(office.world, office.auditor)
    assert code_of(office.approve, proposal_id) == "people.factor_other"
    assert is_open(office.auditor)


@on_sqlite
def test_its_owner_sees_that_somebody_asks_for_its_end(office: Office, client: FlaskClient) -> None:
    turn_on(office.world, office.auditor)
    browser, words = Browser(client, office.auditor), "有人提出关掉您的动态码"
    assert words not in browser.get("/me/factor").text
    proposal_id = lost(office, office.auditor, by=office.first)
    assert words in browser.get("/me/factor").text
    office.reject(proposal_id)
    assert words not in browser.get("/me/factor").text


def test_on_the_server_it_ends_with_a_reason_and_a_signal(office: Office) -> None:
    turn_on(office.world, office.first)
    end = {"center_id": office.world.center_id}
    who = office.first.identity_id
    assert code_of(in_transaction, on_server.remove_factor, who, reason=" ", **end) == "approvals.reason_needed"
    proposal_id = lost(office, office.first, by=office.second)
    in_transaction(on_server.remove_factor, who, reason="手机掉进河里", **end)
    assert office.see(proposal_id).status == "withdrawn"
    assert not is_open(office.first)
    ended = next(each for each in events_of(office.first) if each.kind == events.FACTOR_ENDED)
    assert (ended.made_by, ended.reason) == (SYSTEM_IDENTITY, "手机掉进河里")
    assert signals(office.world) == [on_server.SIGNAL]
    assert code_of(in_transaction, on_server.remove_factor, who, reason="又来", **end) == "people.factor_off"


@on_sqlite
def test_the_pages_propose_it(office: Office, client: FlaskClient) -> None:
    turn_on(office.world, office.auditor)
    browser = Browser(client, office.first)
    address = f"/staff/{public_id(office.auditor.identity_id)}/factor"
    assert address in browser.get("/staff").text
    assert f"/staff/{public_id(office.second.identity_id)}/factor" not in browser.get("/staff").text
    assert 'id="reason-error"' in browser.post(address, reason="").text
    proposed = browser.post(address, reason="手机丢了")
    assert (proposed.status_code, "/approvals/" in proposed.location) == (303, True)
    assert "孙*" in browser.get(proposed.location).text
    assert browser.post(address, reason="手机丢了").status_code == 409
    assert browser.get(f"/staff/{public_id(office.volunteer.identity_id)}/factor").status_code == 404


@on_sqlite
def test_who_has_left_the_staff_is_not_left_with_a_lost_one(office: Office, client: FlaskClient) -> None:
    volunteer = office.volunteer
    page = f"/volunteers/{public_id(volunteer.volunteer_id)}"
    address = f"/staff/{public_id(volunteer.identity_id)}/factor"
    office.world.employ(volunteer, "clerk")
    granted = in_snapshot(sessions.roles_of, volunteer.identity_id, office.world.center_id)[0].id
    turn_on(office.world, volunteer)
    in_transaction(staff.revoke_role, granted, actor=office.first.actor)
    assert in_snapshot(factors.has_factor, volunteer.identity_id, office.world.center_id)
    browser = Browser(client, office.first)
    assert address in browser.get(page).text
    proposed = browser.post(address, reason="手机丢了")
    assert proposed.status_code == 303
    office.approve(parse_public_id(proposed.location.split("/approvals/")[1].partition("?")[0]))
    assert not in_snapshot(factors.has_factor, volunteer.identity_id, office.world.center_id)
    assert address not in browser.get(page).text


@on_sqlite
def test_who_may_not_propose_it_is_shown_no_form(office: Office, client: FlaskClient) -> None:
    elsewhere = office.world.add_staff("admin", place_id=office.world.station_id)
    turn_on(office.world, elsewhere)
    address = f"/staff/{public_id(elsewhere.identity_id)}/factor"
    assert Browser(client, elsewhere).get(address).status_code == 403
    assert Browser(client, office.first).get(address).status_code == 200


@on_sqlite
def test_who_is_blocked_is_logged_out(world: World) -> None:
    volunteer, other = world.add_volunteer(), world.add_volunteer("李四")
    phone, _ = world.give_password(other)
    other = world._log_in(other.identity_id)
    code = in_transaction(credentials.make_activation_code, volunteer.identity_id, actor=world.builder)
    assert code
    for _ in range(2):
        in_transaction(blocking.set_status, volunteer.volunteer_id, status=BLOCKED, actor=world.builder)
    assert not is_open(volunteer)
    assert is_open(other)
    kinds = [each.kind for each in events_of(volunteer)]
    assert kinds.count(events.SESSIONS_ENDED) == 1, "once, however often it is said"
    assert phone
    in_transaction(blocking.set_status, volunteer.volunteer_id, status=ACTIVE, actor=world.builder)
    assert is_open(world._log_in(volunteer.identity_id))


@on_sqlite
def test_who_manages_volunteers_alone_ends_no_log_ins_of_who_decides_or_audits(office: Office) -> None:
    manager = office.world.add_staff("station_manager")
    for person in (office.second, office.auditor):
        office.world.enlist(person)
        code = in_transaction(credentials.make_activation_code, person.identity_id, actor=office.world.server)
        in_transaction(blocking.set_status, person.volunteer_id, status=BLOCKED, actor=manager.actor)
        assert in_snapshot(get_volunteer, person.volunteer_id, office.world.center_id).status == BLOCKED
        assert is_open(person)
        number = in_snapshot(phone_of, person.identity_id, office.world.center_id) or ""
        assert in_snapshot(credentials.code_fits, phone=number, code=code, center_id=office.world.center_id)
        in_transaction(blocking.set_status, person.volunteer_id, status=ACTIVE, actor=manager.actor)
        in_transaction(blocking.set_status, person.volunteer_id, status=BLOCKED, actor=office.first.actor)
        assert not is_open(person), "who manages all that they are ends them"
