"""One's own log-ins and password: what is listed, what ends, and whose misses a wrong old password counts for."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Forbidden, NotFound, Rejected, TooMany
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.kernel.restored_bars import BLOCK, CARD, HOUSEHOLD, PHONE
from ledger.people.access import credentials, events, login, own, sessions
from ledger.people.access.misses import PER_PHONE_HERE
from ledger.people.access.passwords import hash_password
from ledger.people.words import EVENT_WORDS
from ledger.web.cookies import SESSION
from tests.browsing import Browser, keep, known_as
from tests.databases import on_sqlite
from tests.plans import explaining, sent_to, walks
from tests.source import ROOT
from tests.world import Person, World

OLD, NEW = "zhe-shi-mi-ma-3", "白云山下有三只羊"
HERE = "192.0.2.7"


def with_password(world: World, role: str = "") -> tuple[Person, str]:
    """Somebody with the password OLD who is logged in, and their phone number."""
    person = world.add_staff(role) if role else world.add_volunteer()
    phone, password = world.give_password(person)
    assert password == OLD
    return log_in_again(world, person), phone


def log_in_again(world: World, person: Person) -> Person:
    """The same person, logged in on one more device."""
    opened = in_transaction(credentials.open_session, person.identity_id, kind="phone", center_id=world.center_id)
    actor = in_snapshot(sessions.load_actor, opened.token)
    assert actor is not None
    return Person(person.identity_id, opened.token, actor, person.volunteer_id)


def is_open(person: Person) -> bool:
    return in_snapshot(sessions.load_actor, person.token) is not None


def kinds_of_events(person: Person) -> list[str]:
    page = in_snapshot(
        events.list_events,
        person.actor.center_id,
        identity_id=person.identity_id,
        request=PageRequest(limit=50),
    )
    return [event.kind for event in page.items]


def test_open_log_ins_are_listed_the_latest_used_first(world: World) -> None:
    first, _ = with_password(world)
    second, ended = log_in_again(world, first), log_in_again(world, first)
    in_transaction(credentials.revoke_session, ended.token)
    stranger = world.add_volunteer("李四")
    with clock.at(clock.now() + timedelta(hours=1)):
        in_transaction(credentials.note_use, first.token)
        shown = in_snapshot(own.own_sessions, second.actor)
    assert [each.current for each in shown] == [False, True]
    assert {each.kind for each in shown} == {"phone"}
    assert shown[0].used_at - shown[0].created_at >= timedelta(minutes=59)
    assert all(each.expires_at - each.used_at == timedelta(days=30) for each in shown)
    with clock.at(clock.now() + timedelta(days=30, minutes=1)):
        assert [each.current for each in in_snapshot(own.own_sessions, second.actor)] == [False]
    assert not {each.id for each in in_snapshot(own.own_sessions, stranger.actor)} & {each.id for each in shown}


def test_a_log_in_of_another_is_ended_by_nobody_else(world: World, database: Database) -> None:
    person, _ = with_password(world)
    (mine,) = in_snapshot(own.own_sessions, person.actor)
    for other in (world.add_volunteer("李四"), world.add_staff("admin"), World(database).add_volunteer()):
        with pytest.raises(NotFound) as refused:
            in_transaction(own.end_own_session, mine.id, actor=other.actor)
        assert refused.value.code == "people.session_not_found"
    assert is_open(person)
    for _ in range(2):
        in_transaction(own.end_own_session, mine.id, actor=person.actor)
        assert not is_open(person)


def test_everywhere_is_everywhere_in_this_center(world: World) -> None:
    here, _ = with_password(world)
    there, stranger = log_in_again(world, here), world.add_volunteer("李四")
    in_transaction(own.log_out_everywhere, actor=here.actor)
    assert not is_open(here)
    assert not is_open(there)
    assert is_open(stranger)
    assert kinds_of_events(here)[0] == events.LOGGED_OUT


def test_a_new_password_ends_the_other_log_ins_and_the_codes(world: World) -> None:
    here, phone = with_password(world)
    there = log_in_again(world, here)
    code = in_transaction(credentials.make_activation_code, here.identity_id, actor=world.builder)
    own.change_password(OLD, NEW, actor=here.actor, address=HERE)
    assert is_open(here)
    assert not is_open(there)
    assert kinds_of_events(here)[0] == events.PASSWORD_CHANGED
    with pytest.raises(Rejected):
        in_transaction(credentials.set_password_with_code, phone=phone, code=code, password_hash="of nothing")
    with pytest.raises(Forbidden):
        login.log_in(phone, OLD, kind="browser", address=HERE)
    assert login.log_in(phone, NEW, kind="browser", address=HERE).identity_id == here.identity_id


def test_a_wrong_old_password_counts_as_a_miss_of_the_log_in(world: World) -> None:
    person, phone = with_password(world)
    for _ in range(PER_PHONE_HERE.most):
        with pytest.raises(Rejected) as refused:
            own.change_password("falsch-falsch", NEW, actor=person.actor, address=HERE)
        assert refused.value.code == "people.old_password_wrong"
    with pytest.raises(TooMany):
        own.change_password(OLD, NEW, actor=person.actor, address=HERE)
    with pytest.raises(TooMany):
        login.log_in(phone, OLD, kind="browser", address=HERE)
    own.change_password(OLD, NEW, actor=person.actor, address="198.51.100.9")


def test_who_has_no_password_can_not_set_one_without_a_code(world: World) -> None:
    person = world.add_volunteer()
    with pytest.raises(Rejected) as refused:
        own.change_password("", NEW, actor=person.actor, address=HERE)
    assert refused.value.code == "people.old_password_wrong"


@pytest.mark.parametrize(
    ("new", "code"),
    [("short", "too_short"), ("x" * 129, "too_long"), ("Aa123456", "too_easy"), ("王桂兰王桂兰123", "personal")],
)
def test_a_new_password_keeps_the_rules_of_a_first_one(world: World, new: str, code: str) -> None:
    person, _ = with_password(world)
    there = log_in_again(world, person)
    with pytest.raises(Rejected) as refused:
        own.change_password(OLD, new, actor=person.actor, address=HERE)
    assert refused.value.code == f"people.password_{code}"
    assert is_open(there)


def test_a_change_that_another_has_overtaken_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person, _ = with_password(world)

    def meanwhile(password: str, *, phone: str, names: list[str]) -> str:
        monkeypatch.setattr("ledger.people.access.own.hash_password", hash_password)
        own.change_password(OLD, "海上升明月天涯共", actor=person.actor, address=HERE)
        return hash_password(password, phone=phone, names=names)

    monkeypatch.setattr("ledger.people.access.own.hash_password", meanwhile)
    with pytest.raises(Rejected) as refused:
        own.change_password(OLD, NEW, actor=person.actor, address=HERE)
    assert refused.value.code == "people.old_password_wrong"


def test_own_log_ins_are_found_by_their_keys(own_database: Database) -> None:
    world = World(own_database)
    person, _ = with_password(world)
    with sent_to(own_database.reader) as statements:
        in_snapshot(own.own_sessions, person.actor)
    sent = list(statements.statements.values())
    assert any("login_session" in text for text, _values in sent)
    with explaining(own_database) as session:
        walked = [(text, step) for text, values in sent for step in walks(session, text, values)]
    assert walked == []


def test_what_is_recorded_has_words() -> None:
    assert {events.LOGGED_OUT, events.PASSWORD_CHANGED} <= EVENT_WORDS.keys()
    recorded = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    recorded |= {f"restored_{bar}" for bar in (CARD, BLOCK, HOUSEHOLD, PHONE)}
    assert recorded == EVENT_WORDS.keys()


@on_sqlite
def test_the_page_changes_the_password_and_stays_logged_in(world: World, client: FlaskClient) -> None:
    person, _ = with_password(world, "clerk")
    browser = Browser(client, person)
    assert 'href="/me/log-ins"' in browser.get("/today").text
    refused = browser.post("/me/password", old_password="falsch-falsch", password=NEW)
    assert refused.status_code == 422
    assert 'id="old_password-error"' in refused.text
    easy = browser.post("/me/password", old_password=OLD, password="Aa123456")
    assert easy.status_code == 422
    assert 'id="password-error"' in easy.text
    assert NEW not in refused.text
    done = browser.post("/me/password", old_password=OLD, password=NEW)
    assert (done.status_code, done.location) == (303, "/me/log-ins?done=password")
    assert "密码改好了" in browser.get(done.location).text


@on_sqlite
def test_the_page_ends_log_ins(world: World, client: FlaskClient) -> None:
    person, _ = with_password(world)
    other = log_in_again(world, person)
    browser = Browser(client, person)
    assert 'href="/me/log-ins"' in browser.get("/me").text
    (end,) = re.findall(r'action="(/me/log-ins/\w+/end)"', browser.get("/me/log-ins").text)
    assert browser.post(end).location == "/me/log-ins?done=ended"
    assert not is_open(other)
    assert is_open(person)
    out = browser.post("/me/log-ins/end")
    assert (out.status_code, out.location) == (303, "/log-in")
    assert client.get_cookie(known_as(client, SESSION)) is None
    keep(client, SESSION, person.token)
    assert not is_open(person)


@on_sqlite
def test_the_api_lists_ends_and_changes(world: World, client: FlaskClient) -> None:
    person, _ = with_password(world)
    other = log_in_again(world, person)
    listed = client.get("/api/v1/sessions", headers=person.headers).get_json()["items"]
    assert sorted(each["current"] for each in listed) == [False, True]
    assert listed[0].keys() == {"id", "kind", "created_at", "used_at", "expires_at", "current"}
    (there,) = (each["id"] for each in listed if not each["current"])
    assert client.delete(f"/api/v1/sessions/{there}", headers=person.headers).status_code == 204
    assert not is_open(other)
    assert client.delete(f"/api/v1/sessions/{public_id(5)}", headers=person.headers).status_code == 404
    wanted = {"old_password": OLD, "password": NEW}
    assert client.put("/api/v1/me/password", json=wanted, headers=person.headers).status_code == 204
    again = client.put("/api/v1/me/password", json=wanted, headers=person.headers)
    assert (again.status_code, again.get_json()["code"]) == (422, "people.old_password_wrong")
    assert client.delete("/api/v1/sessions", headers=person.headers).status_code == 204
    assert client.get("/api/v1/me", headers=person.headers).status_code == 401


@on_sqlite
@pytest.mark.parametrize(
    ("sent_by", "kind"), [("Mozilla/5.0 (Linux; Android 13) Mobile Safari", "phone"), ("", "browser")]
)
def test_a_log_in_says_what_it_is_on(world: World, app: Flask, sent_by: str, kind: str) -> None:
    person = world.add_volunteer()
    phone, password = world.give_password(person)
    browser = Browser(app.test_client())
    browser.client.environ_base["HTTP_USER_AGENT"] = sent_by
    assert browser.post("/log-in", phone=phone, password=password, next="/").status_code == 303
    (shown,) = in_snapshot(own.own_sessions, person.actor)
    assert shown.kind == kind


def test_every_password_field_can_be_shown() -> None:
    folder = ROOT / "ledger" / "templates"
    written = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    by_hand = [path.name for path, text in written.items() if re.search(r"""<input[^>]*type=["']password""", text)]
    assert by_hand == [], "Draw it by ui.field: it has the button that shows what is typed."
    kit = written[folder / "ui" / "forms.html"]
    assert "{% if type == 'password' %}<button" in kit
