"""The record of log-ins: a row for each that succeeded or was refused, none for a number that nobody has."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.people.access import attempts, credentials, login, sessions, staff
from ledger.people.access.attempts import AttemptFilter, AttemptView, Seen
from ledger.people.access.misses import CODES_PER_PHONE_HERE, PER_PHONE, PER_PHONE_HERE
from ledger.people.access.models import LoginAttempt
from ledger.people.words import ATTEMPT_CREDENTIALS, ATTEMPT_OUTCOMES
from tests.browsing import Browser, log_out
from tests.databases import on_sqlite
from tests.factors import turn_on, wrong_code
from tests.people.test_log_in import checked, code_of, in_centers
from tests.phones import fresh_phone
from tests.plans import sent_to
from tests.world import Person, World

HERE, THERE = "192.0.2.7", "198.51.100.9"
WRONG = "falsch-falsch"
__all__ = ["checked"]
Kept = tuple[str, str]


def kept(person: Person, center_id: int | None = None) -> list[AttemptView]:
    """The record of one person, oldest first."""
    wanted = AttemptFilter(identity_id=person.identity_id)
    request = PageRequest(limit=200, sort="at")
    return in_snapshot(attempts.list_attempts, center_id or person.actor.center_id, wanted, request=request).items


def what(person: Person) -> list[Kept]:
    """What became of each attempt, and by what."""
    return [(each.outcome, each.credential) for each in kept(person)]


def rows(center_id: int) -> int:
    """How many rows a center has."""

    def count(session: Session) -> int:
        query = sa.select(sa.func.count()).where(LoginAttempt.center_id == center_id)
        return int(session.scalar(query) or 0)

    return in_snapshot(count)


@pytest.fixture
def enter(client: FlaskClient) -> Callable[..., TestResponse]:
    """Send the form of the log-in page, from HERE or `at`."""
    browser = Browser(client)

    def send(path: str = "/log-in", *, at: str = HERE, **typed: str) -> TestResponse:
        client.environ_base["REMOTE_ADDR"] = at
        log_out(client)
        return browser.post(path, **typed)

    return send


@on_sqlite
def test_each_log_in_and_each_wrong_password_is_kept(world: World, enter: Callable[..., TestResponse]) -> None:
    person = world.add_volunteer()
    phone, password = world.give_password(person)
    begun = clock.now()
    assert enter(phone=phone, password=WRONG).status_code == 401
    assert enter(phone=phone, password=password).status_code == 303
    assert enter(phone=phone, password=password, at=THERE).status_code == 303
    first, second, third = kept(person)
    assert what(person) == [("wrong", "password"), ("logged_in", "password"), ("logged_in", "password")]
    assert {each.kind for each in (first, second, third)} == {"browser"}
    assert first.network == second.network != third.network
    assert begun <= first.at <= second.at <= clock.now()
    assert not {HERE, THERE, phone} & {each.network for each in (first, second, third)}


@on_sqlite
def test_the_last_try_is_told_from_others_and_what_comes_after_leaves_no_row(
    world: World, enter: Callable[..., TestResponse]
) -> None:
    person = world.add_volunteer()
    phone, password = world.give_password(person)
    for _ in range(PER_PHONE_HERE.most):
        assert enter(phone=phone, password=WRONG).status_code == 401
    assert [outcome for outcome, _ in what(person)] == ["wrong"] * (PER_PHONE_HERE.most - 1) + ["too_many"]
    assert enter(phone=phone, password=password).status_code == 429
    assert len(kept(person)) == PER_PHONE_HERE.most


@on_sqlite
def test_who_has_no_password_or_has_left_is_kept_as_such(world: World, enter: Callable[..., TestResponse]) -> None:
    person = world.add_volunteer()
    phone, _ = world.give_password(person)
    in_transaction(credentials.end_credentials, person.identity_id, world.center_id)
    assert enter(phone=phone, password=WRONG).status_code == 401
    assert what(person) == [("no_password", "password")]

    gone = world.add_staff("clerk")
    phone, password = world.give_password(gone)
    (role,) = in_snapshot(sessions.roles_of, gone.identity_id, world.center_id)
    in_transaction(staff.revoke_role, role.id, actor=world.builder)
    assert enter(phone=phone, password=password).status_code == 403
    assert what(gone) == [("not_here", "password")]


@on_sqlite
def test_the_second_factor_is_kept_with_what_was_given(world: World, client: FlaskClient) -> None:
    person = world.add_staff("clerk")
    phone, number = turn_on(world, person)
    sent = {"phone": number, "password": "zhe-shi-mi-ma-3"}

    def send(**more: str) -> int:
        return client.post("/api/v1/sessions", json=sent | more).status_code

    assert [send(), send(totp=wrong_code(phone.secret)), send(totp=phone.code()), send(totp=phone.paper[0])] == [
        *(401, 401, 201, 201)
    ]
    assert what(person) == [
        ("code_needed", "password"),
        ("wrong", "factor"),
        ("logged_in", "factor"),
        ("logged_in", "recovery"),
    ]
    assert {each.kind for each in kept(person)} == {"device"}


@on_sqlite
def test_a_code_from_paper_is_kept(world: World, enter: Callable[..., TestResponse]) -> None:
    person = world.add_volunteer()
    phone, _ = world.give_password(person)
    code = in_transaction(credentials.make_activation_code, person.identity_id, actor=world.builder)
    typed = {"phone": phone, "password": "白云山下有三只羊"}
    assert enter("/first-password", code="ABCD-EFGH-JKMN", **typed).status_code == 422
    assert enter("/first-password", code=code, **typed).status_code == 303
    for _ in range(CODES_PER_PHONE_HERE.most - 1):
        enter("/first-password", code=code, **typed)
    assert what(person)[:2] == [("wrong", "slip"), ("logged_in", "slip")]
    assert what(person)[-1] == ("too_many", "slip")


def test_a_number_that_nobody_has_leaves_no_row_and_costs_as_much(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same is written for both, so that no answer comes sooner."""
    monkeypatch.setattr(login, "password_is_right", lambda _hash, _password: False)
    person = world.add_volunteer()
    known, unknown = world.give_password(person)[0], fresh_phone()
    before = rows(world.center_id)
    said: dict[str, list[str]] = {}
    for phone in (unknown, known):
        with sent_to(database.writer) as sent:
            assert code_of(phone, at=HERE, center_id=world.center_id) == "people.login_failed"
            assert code_of(phone, at=HERE, center_id=world.center_id) == "people.login_failed"
        said[phone] = [text for text in sent.taken() if text.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert rows(world.center_id) == before + 2
    assert said[unknown] == said[known]


def test_a_password_of_two_centers_leaves_a_row_where_it_was_tried(
    world: World, database: Database, checked: list[str | None]
) -> None:
    phone = fresh_phone()
    _, there = in_centers(world, database, 2, phone)
    code_of(phone, "1", at=HERE)
    found: dict[int, list[tuple[str, str]]] = {}
    for each in (world, there):
        listed = in_snapshot(attempts.list_attempts, each.center_id, AttemptFilter(), request=PageRequest(5)).items
        found[each.center_id] = [(row.outcome, row.network) for row in listed]
    assert [outcome for outcome, _ in found[world.center_id]] == ["wrong"]
    assert [outcome for outcome, _ in found[there.center_id]] == ["logged_in"]
    assert found[world.center_id][0][1] != found[there.center_id][0][1], "a mark would link the two log-ins"


def test_many_networks_fill_no_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "password_is_right", lambda _hash, _password: False)
    person = world.add_volunteer()
    phone, _ = world.give_password(person)
    for network in range(PER_PHONE.most // PER_PHONE_HERE.most - 1):
        for _ in range(PER_PHONE_HERE.most):
            code_of(phone, at=f"203.0.113.{network}")
    outcomes = [outcome for outcome, _ in what(person)]
    assert {each: outcomes.count(each) for each in outcomes} == {"wrong": attempts.MOST_ALIKE, "too_many": 9}
    with clock.at(clock.now() + timedelta(minutes=16)):
        code_of(phone, at="203.0.113.200")
        assert what(person)[-1] == ("wrong", "password")


def fill(world: World, person: Person) -> None:
    """Refuse somebody and let them in."""
    log_in, seen = (world.center_id, person.identity_id), Seen("phone", HERE)
    in_transaction(attempts.refuse, log_in, attempts.WRONG, attempts.PASSWORD, seen)
    in_transaction(attempts.let_in, log_in, attempts.PASSWORD, seen)


@on_sqlite
def test_auditors_see_everybodys_and_others_their_own(world: World, client: FlaskClient) -> None:
    auditor, clerk = world.add_staff("auditor", place_id=world.top_id, name="孙监督"), world.add_staff("clerk")
    person = world.add_volunteer("王桂兰")
    for each in (clerk, person):
        fill(world, each)
    page = Browser(client, auditor).get("/log-in-attempts").text
    assert page.count("<tr>") >= 5
    assert "王*兰" in page
    assert "王桂兰" not in page
    only = f"/log-in-attempts?identity_id={public_id(person.identity_id)}&outcome=wrong"
    assert Browser(client, auditor).get(only).text.count("<tr>") == 2
    assert "只看 王*兰" in Browser(client, auditor).get(only).text
    by_number = f"/log-in-attempts?number={world.number_of(person)}"
    assert Browser(client, auditor).get(by_number).text.count("<tr>") == 3
    assert "没有这样的记录" in Browser(client, auditor).get("/log-in-attempts?number=99999999").text
    assert "没有这样的记录" in Browser(client, auditor).get("/log-in-attempts?until=2020-01-01").text
    assert Browser(client, clerk).get("/log-in-attempts").status_code == 403
    browser = Browser(client, person)
    assert 'href="/me/log-in-attempts"' in browser.get("/me/log-ins").text
    own = f"/me/log-in-attempts?identity_id={public_id(clerk.identity_id)}"
    assert browser.get(own).text.count('<li class="nx-row') == 2, "one's own, whoever is asked for"
    assert browser.get("/me/log-in-attempts.csv").text.count("\r\n") == 3, "a heading and two lines"


@on_sqlite
def test_the_api_lists_the_same(world: World, client: FlaskClient) -> None:
    auditor, person = world.add_staff("auditor", place_id=world.top_id), world.add_volunteer()
    fill(world, person)

    def get(path: str, who: Person = auditor) -> TestResponse:
        return client.get(f"/api/v1{path}", headers=who.headers)

    only = f"identity_id={public_id(person.identity_id)}"
    found = get(f"/log-in-attempts?{only}&sort=at").get_json()["items"]
    assert [each["outcome"] for each in found] == ["wrong", "logged_in"]
    assert found[0].keys() == {"id", "identity_id", "outcome", "credential", "kind", "network", "at"}
    assert get("/me/log-in-attempts?sort=at", person).get_json()["items"] == found
    assert get("/me/log-in-attempts").get_json()["items"] == []
    assert get("/log-in-attempts", person).status_code == 403
    assert get(f"/log-in-attempts?identity_id={public_id(5)}").status_code == 404
    since = (clock.now() + timedelta(hours=1)).isoformat().replace("+", "%2B")
    assert get(f"/log-in-attempts?{only}&since={since}").get_json()["items"] == []


def test_what_is_kept_has_words_and_a_rule() -> None:
    assert ATTEMPT_OUTCOMES.keys() == set(attempts.OUTCOMES)
    assert ATTEMPT_CREDENTIALS.keys() == set(attempts.CREDENTIALS)
    rules = {str(each.sqltext) for each in LoginAttempt.__table__.constraints if isinstance(each, sa.CheckConstraint)}
    said = {name: set(re.findall(r"'(\w+)'", rule)) for rule in rules for name in [rule.partition(" ")[0]]}
    assert said["outcome"] == set(attempts.OUTCOMES)
    assert said["credential"] == set(attempts.CREDENTIALS)
