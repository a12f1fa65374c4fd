"""What can't be undone asks again who one is: which views ask, what the page keeps, what a program is told."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from ledger.approvals.queries import ProposalView
from ledger.kernel import clock
from ledger.kernel.clock import MAY_DIFFER
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.kernel.permissions import STEPS_UP
from ledger.kernel.types import table_of
from ledger.people.access import factors
from ledger.people.access.misses import PER_PHONE_HERE
from ledger.people.access.proving import FRESH
from ledger.people.models import LoginSession
from ledger.points.corrections import adjustments
from ledger.web.guard import PROOF, SAFE, act_of, asks_step_up
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.factors import PASSWORD, turn_on, wrong_code
from tests.permissions.requests import app_routes
from tests.permissions.rules import RULES
from tests.source import ROOT
from tests.test_house_rules import fail_on
from tests.world import Person, World

pytestmark = on_sqlite
# They ask for other permissions, and can't be undone all the same.
ALSO = {
    "activities.cancel": "people have signed up",
    "activities.cancel_shift": "people have signed up",
    "activities_api.cancel_activity": "people have signed up",
    "activities_api.cancel_shift": "people have signed up",
    "audit.send_period": "a month is closed",
    "closing_api.close_period": "a month is closed",
    "closing_api.reopen_period": "a month is opened again",
    "organisations.close_place": "a place is closed",
    "organisations.new_code": "a station's key is changed, and its paper opens nothing any more",
    "people.print_activation_code": "whoever has it is let in",
    "people.send_contact": "a code goes to the number, which is the log-in name",
    "people_api.set_contact": "a code goes to the number, which is the log-in name",
    "people.revoke_card": "a card opens nothing any more",
    "people_api.revoke_card": "a card opens nothing any more",
    "people.print_recovery_codes": "whoever has them needs no phone",
}
UNDONE = ROOT / "docs/decisions/0035-what-can-not-be-undone.md"
_session = table_of(LoginSession)


def proved(person: Person, at: datetime | None) -> None:
    """Say when the person's log-ins were proved last, in whichever way they were."""
    given, now = (_session.c.password_at, _session.c.factor_at), sa.literal(at, _session.c.password_at.type)
    was: dict[str, Any] = {each.name: sa.case((each.is_not(None), now), else_=None) for each in given}
    was["used_at"] = clock.now()
    change = sa.update(_session).where(_session.c.identity_id == person.identity_id).values(was)
    in_transaction(lambda session: session.connection().execute(change).rowcount)


def stale(world: World, person: Person) -> Person:
    """The same person, with a password, whose log-in was proved too long ago."""
    with_factor = in_snapshot(factors.has_factor, person.identity_id, world.center_id)
    if not with_factor:
        world.give_password(person)
        again = world._log_in(person.identity_id)
        person.token, person.actor = again.token, again.actor
    proved(person, clock.now() - FRESH)
    return person


def test_every_write_with_such_a_permission_asks(app: Flask) -> None:
    writes = {route.endpoint for method, route in app_routes(app) if method not in SAFE}
    must = {name for name in writes if STEPS_UP & set(RULES[name].permissions)}
    asking = {name for name in writes if asks_step_up(app.view_functions[name])}
    fail_on(
        must - asking, "This can't be undone: let the view ask for the permission by @requires, or mark it @steps_up."
    )
    fail_on(asking ^ (must | ALSO.keys()), "Say in ALSO why it asks, or take the mark off the view.")
    fail_on(
        (name for name in asking if hasattr(app.view_functions[name], "most_bytes")), "The page keeps fields, no files."
    )


def test_the_list_of_what_can_not_be_undone_is_whole(app: Flask) -> None:
    writes = {route.endpoint for method, route in app_routes(app) if method not in SAFE}
    _head, asks, silent, undone = UNDONE.read_text(encoding="utf-8").split("\n## ")
    named = [re.findall(r"`(\w+\.\w+)`", part.partition("Kept by:")[0]) for part in (asks, silent, undone)]
    told = [name for part in named for name in part]
    assert len(told) == len(set(told)), "each in one list"
    fail_on(writes - set(told), f"Say in {UNDONE.name} what becomes of a mistake.")
    fail_on(set(told) - writes, f"There is no such operation: take it off {UNDONE.name}.")
    views = {name: app.view_functions[name] for name in writes}
    asking = {name for name, view in views.items() if asks_step_up(view) or hasattr(view, "steps_up_when")}
    fail_on(asking ^ set(named[0]), f"{UNDONE.name} and the marks of the views differ.")


def test_every_page_that_asks_says_what_is_about_to_be_done(app: Flask) -> None:
    pages = {
        route.endpoint for method, route in app_routes(app) if method not in SAFE and not route.rule.startswith("/api/")
    }
    with app.test_request_context():
        fail_on(
            (name for name in pages if asks_step_up(view := app.view_functions[name]) and not act_of(view)),
            "Name what it does with @act.",
        )


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def see(office: Office, address: str) -> ProposalView:
    return office.see(parse_public_id(address.rpartition("/")[2]))


def asked(browser: Browser, office: Office, note: str = "没有漏", **more: str) -> tuple[str, int, str]:
    """Reject a new proposal on its page: where, the status and the page."""
    proposal_id = office.adjustment(100)
    address = f"/approvals/{public_id(proposal_id)}"
    answer = browser.post(address, decision="reject", note=note, **more)
    return address, answer.status_code, answer.text


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form that asks, but for those of every form."""
    form = next(each for each in re.findall(r"<form.*?</form>", page, re.S) if f'name="{PROOF}"' in each)
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    return {name: value for name, value in found.items() if name != "csrf_token"}


def test_the_page_asks_for_the_password_and_goes_on_with_what_was_typed(office: Office, client: FlaskClient) -> None:
    decider = stale(office.world, office.second)
    browser = Browser(client, decider)
    address, status, page = asked(browser, office)
    assert (status, 'type="password"' in page, "再证明一次是您" in page) == (403, True, True)
    kept = hidden(page)
    assert kept.keys() == {"decision", "note", "idempotency_key"}
    assert "您正要：不批一件申请。" in page
    key = kept.pop("idempotency_key")
    back = browser.post(address, key, **kept, not_now="1")
    assert (back.status_code, "还没有办" in back.text, ">没有漏</textarea>" in back.text) == (422, True, True)
    wrong = browser.post(address, key, **kept, **{PROOF: "falsch-falsch"})
    assert (wrong.status_code, f'id="{PROOF}-error"' in wrong.text) == (422, True)
    assert hidden(wrong.text) == kept | {"idempotency_key": key}
    assert "falsch-falsch" not in wrong.text
    assert see(office, address).status == "proposed"
    done = browser.post(address, key, **kept, **{PROOF: PASSWORD})
    assert done.status_code == 303
    assert (see(office, address).status, see(office, address).note) == ("rejected", "没有漏")
    again = browser.post(address, key, **kept)
    assert again.headers["Idempotency-Replayed"] == "true", "it was sent as it was, proof or not"
    assert asked(browser, office)[1] == 303, "not asked again for ten minutes"


def test_who_has_a_second_factor_gives_a_code_and_no_password(office: Office, client: FlaskClient) -> None:
    phone, _ = turn_on(office.world, office.second)
    browser = Browser(client, office.second)
    assert asked(browser, office)[1] == 303, "turning it on was proof"
    stale(office.world, office.second)
    address, status, page = asked(browser, office)
    assert (status, 'autocomplete="one-time-code"' in page) == (403, True)
    kept = hidden(page)
    for proof in (PASSWORD, wrong_code(phone.secret)):
        assert browser.post(address, **kept | {PROOF: proof}).status_code == 422
    code = phone.code()
    assert browser.post(address, **kept | {PROOF: code}).status_code == 303
    stale(office.world, office.second)
    address, _, page = asked(browser, office)
    assert browser.post(address, **hidden(page) | {PROOF: code}).status_code == 422, "a code is good for one use"
    assert browser.post(address, **hidden(page) | {PROOF: phone.paper[0]}).status_code == 303


def test_proof_by_password_is_none_for_who_has_a_second_factor(office: Office, client: FlaskClient) -> None:
    other = office.world._log_in(office.second.identity_id)
    turn_on(office.world, office.second)
    reopened = office.world._log_in(office.second.identity_id)
    assert other.token != reopened.token
    assert asked(Browser(client, reopened), office)[1] == 403


def test_ten_minutes_are_ten_minutes(office: Office, client: FlaskClient, put_right: Callable[[], None]) -> None:
    browser = Browser(client, office.second)
    put_right()
    second = timedelta(seconds=1)
    # By a clock that was fast, proof may have been given later than now.
    for past, status in ((FRESH - second, 303), (FRESH, 403), (-MAY_DIFFER, 303), (-MAY_DIFFER - second, 403)):
        with clock.at(clock.now()):
            proved(office.second, clock.now() - past)
            assert asked(browser, office)[1] == status


def test_guesses_are_stopped(office: Office, client: FlaskClient) -> None:
    browser = Browser(client, stale(office.world, office.second))
    address, _, page = asked(browser, office)
    for _ in range(PER_PHONE_HERE.most):
        assert browser.post(address, **hidden(page) | {PROOF: "falsch-falsch"}).status_code == 422
    full = browser.post(address, **hidden(page) | {PROOF: PASSWORD})
    assert (full.status_code, int(full.headers["Retry-After"]) > 0) == (429, True)
    assert see(office, address).status == "proposed"


def test_not_now_leads_back_to_the_form_with_what_was_typed(world: World, client: FlaskClient) -> None:
    browser = Browser(client, stale(world, world.add_staff("admin")))
    page = browser.post("/staff/new", name="郑小梅", role="clerk", phone="13805570177").text
    assert "您正要：给郑小梅一个身份。" in page
    back = browser.post("/staff/new", **hidden(page) | {"not_now": "1", PROOF: ""}).text
    assert 'value="郑小梅"' in back
    assert PROOF not in back
    card = browser.post(f"/cards/{public_id(7)}/revoke", volunteer_id=public_id(8), not_now="1")
    assert card.status_code == 303, "no form to show again"


def test_who_may_not_is_not_asked(world: World, client: FlaskClient) -> None:
    clerk = stale(world, world.add_staff("clerk"))
    assert "再证明" not in Browser(client, clerk).post("/staff/new").text


def test_a_program_is_told_what_to_do_and_does_it(office: Office, client: FlaskClient) -> None:
    phone, _ = turn_on(office.world, office.second)
    for person, missing, proof in (
        (stale(office.world, office.auditor), "password", {"password": PASSWORD}),
        (stale(office.world, office.second), "totp", {"totp": phone.code()}),
    ):
        address = f"/api/v1/approvals/{public_id(office.adjustment(100))}/reject"
        refused = client.post(address, json={"note": "没有漏"}, headers=person.headers)
        told = refused.get_json()
        assert (refused.status_code, told["code"], told["proof"]) == (403, "access.step_up_required", missing)
        assert "/api/v1/sessions/current/proof" in told["detail"]
        for wrong in ({}, {"password": "falsch", "totp": "000000"}):
            answer = client.post("/api/v1/sessions/current/proof", json=wrong, headers=person.headers)
            assert answer.status_code == 422
        given = client.post("/api/v1/sessions/current/proof", json=proof, headers=person.headers)
        assert given.status_code == 204
        again = client.post(address, json={"note": "没有漏"}, headers=person.headers)
        assert again.get_json().get("code") != "access.step_up_required"


def test_blanks_around_what_is_proposed_spare_nobody_the_proof(office: Office, client: FlaskClient) -> None:
    first = stale(office.world, office.first)
    payload = {"identity_id": public_id(office.auditor.identity_id)}
    for kind in ("people.code", " people.code", "people.code\u3000", "people.code\n", ["people.code"], "people.other"):
        sent = {"kind": kind, "payload": payload, "reason": "纸丢了"}
        answer = client.post("/api/v1/approvals", json=sent, headers=first.headers)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "access.step_up_required"), kind
    sent = {"kind": adjustments.NAME, "payload": office.payload(100), "reason": "漏记"}
    assert client.post("/api/v1/approvals", json=sent, headers=first.headers).status_code == 201


def test_the_api_logs_in_with_a_code(world: World, client: FlaskClient) -> None:
    phone, number = turn_on(world, world.add_staff("clerk"))
    sent = {"phone": number, "password": PASSWORD}
    needed = client.post("/api/v1/sessions", json=sent)
    assert (needed.status_code, needed.get_json()["code"]) == (401, "people.totp_needed")
    wrong = client.post("/api/v1/sessions", json=sent | {"totp": wrong_code(phone.secret)})
    assert (wrong.status_code, wrong.get_json()["code"]) == (401, "people.totp_wrong")
    by_ticket = {name: needed.get_json()[name] for name in ("ticket", "center_id")}
    assert client.post("/api/v1/sessions", json=by_ticket | {"totp": phone.code()}).status_code == 201
    assert client.post("/api/v1/sessions", json=sent | {"totp": phone.code(1)}).status_code == 201
