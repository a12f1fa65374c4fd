"""Forms of other pages, and of pages of another log-in, change nothing."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from ledger.kernel.ids import public_id
from ledger.web.cookies import SESSION
from tests.browsing import Browser, keep, known_as, log_in, log_out
from tests.databases import on_sqlite
from tests.world import Person, World


@pytest.fixture
def clerk(world: World) -> Person:
    return world.add_staff("clerk")


def submit(client: FlaskClient, token: str | None) -> tuple[int, str]:
    """Send a form with this token; the status and the code of the refusal."""
    form = {"language": "en", "next": "/"} | ({} if token is None else {"csrf_token": token})
    answer = client.post("/preferences", data=form, headers={"Accept": "application/json"})
    return answer.status_code, answer.json["code"] if answer.is_json else ""


@on_sqlite
def test_a_token_is_of_no_use_to_another_log_in(client: FlaskClient, world: World, clerk: Person) -> None:
    token = Browser(client, clerk).csrf_token()
    assert submit(client, token) == (303, "")

    log_in(client, world.add_staff("clerk"))

    assert submit(client, token) == (403, "request.csrf")


@on_sqlite
def test_nor_to_the_next_log_in_of_the_same_person(client: FlaskClient, world: World, clerk: Person) -> None:
    phone, password = world.give_password(clerk)
    browser, tokens = Browser(client), []
    for _ in range(2):
        assert browser.post("/log-in", phone=phone, password=password).status_code == 303
        tokens.append(browser.csrf_token())
        assert submit(client, tokens[-1]) == (303, "")
        log_out(client)
    assert browser.post("/log-in", phone=phone, password=password).status_code == 303

    assert [submit(client, token) for token in tokens] == [(403, "request.csrf")] * 2


@on_sqlite
def test_one_from_before_the_log_in_ends_with_it(client: FlaskClient, clerk: Person) -> None:
    token = Browser(client).csrf_token()
    assert submit(client, token) == (303, "")

    log_in(client, clerk)

    assert submit(client, token) == (403, "request.csrf")


@on_sqlite
def test_one_of_a_log_in_ends_with_the_log_out(client: FlaskClient, clerk: Person) -> None:
    Browser(client).csrf_token()
    token = Browser(client, clerk).csrf_token()

    log_out(client)

    assert submit(client, token) == (403, "request.csrf")


@on_sqlite
def test_nobody_is_logged_in_by_a_form_of_another_page(app: Flask, world: World, clerk: Person) -> None:
    phone, password = world.give_password(clerk)
    form = {"phone": phone, "password": password}
    victim = app.test_client()
    foreign = Browser(app.test_client()).csrf_token()
    victim.get("/log-in")

    for token in ({}, {"csrf_token": foreign}, {"csrf_token": "x"}, {"csrf_token": "é"}, {"csrf_token": "A" * 40}):
        answer = victim.post("/log-in", data=form | token)
        assert answer.status_code == 403, token
        assert victim.get_cookie(known_as(victim, SESSION)) is None


@on_sqlite
def test_a_browser_that_keeps_no_cookie_is_told_so(app: Flask) -> None:
    token = Browser(app.test_client()).csrf_token()

    answer = app.test_client().post("/log-in", data={"csrf_token": token, "phone": "13800138000"})

    assert answer.status_code == 403
    assert "浏览器没有收下我们的 Cookie" in answer.text
    assert "https://jf.example.org" in answer.text


@on_sqlite
@pytest.mark.parametrize("sent_as", ["json", "form"])
def test_the_api_wants_the_token_of_a_browser(client: FlaskClient, world: World, sent_as: str) -> None:
    manager = world.add_staff("station_manager")
    token = Browser(client, manager).csrf_token()
    body = {"name": "王小兰", "place_id": public_id(world.station_id)}
    refused = client.post("/api/v1/volunteers", **{sent_as if sent_as == "json" else "data": body})

    assert refused.json["code"] in ("request.csrf", "request.unsupported_media_type")
    answer = client.post("/api/v1/volunteers", json=body, headers={"X-CSRFToken": token})
    assert answer.status_code == 201


@on_sqlite
def test_a_form_of_who_is_logged_out_by_now_is_told_that(client: FlaskClient, world: World) -> None:
    keep(client, SESSION, "long over")

    answer = client.post("/volunteers/new", data={"name": "王小兰"}, headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json["code"]) == (401, "access.login_needed")


@on_sqlite
def test_each_page_spells_its_token_otherwise(client: FlaskClient, clerk: Person) -> None:
    browser = Browser(client, clerk)
    tokens = {browser.csrf_token() for _ in range(3)}

    assert len(tokens) == 3
    assert [submit(client, token) for token in tokens] == [(303, "")] * 3


@on_sqlite
def test_no_operation_is_taken_without_the_token_of_its_log_in(app: Flask, world: World) -> None:
    people = [world.add_staff("admin", place_id=world.top_id), world.add_staff("auditor", place_id=world.top_id)]
    people.append(world.add_volunteer())
    foreign = Browser(app.test_client(), world.add_staff("clerk")).csrf_token()
    operations = [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"})
    ]

    assert len(operations) > 90
    for rule, method in operations:
        path = path_of(rule, app)
        codes = {refusal(app, person, method, path, token) for person in people for token in (None, foreign)}
        assert "request.csrf" in codes, f"{method} {rule.rule}"
        assert codes <= {"request.csrf", "access.denied"}, f"{method} {rule.rule}: {codes}"


def path_of(rule: Rule, app: Flask) -> str:
    """An address of the rule; what it names need not be there, because nobody gets so far."""
    with app.test_request_context():
        built = rule.build({name: "2026-06" if name == "month" else 5 for name in rule.arguments})
    assert built is not None
    return built[1]


def refusal(app: Flask, person: Person, method: str, path: str, token: str | None) -> str:
    """The code of the refusal to somebody whose page has this token."""
    headers = {"Accept": "application/json"} | ({} if token is None else {"X-CSRFToken": token})
    answer = Browser(app.test_client(), person).client.open(path, method=method, headers=headers)
    return str(answer.json["code"]) if answer.is_json else str(answer.status_code)
