"""Logging in over HTTP: the choice of a center, the cookie of a known device, and the slip with its code."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.access import credentials, login, pages
from ledger.people.access.pages import DEVICE_COOKIE
from ledger.people.access.passwords import hash_password
from ledger.people.volunteers import queries, service
from ledger.web.cookies import SESSION
from tests.browsing import Browser, known_as, log_out
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.runtimes import HOST
from tests.world import World

pytestmark = on_sqlite
PASSWORD = "白云山下有三只羊"


def enrol(world: World, phone: str) -> int:
    """Register somebody as a volunteer with a password, and return their identity in this center."""
    volunteer_id = in_transaction(
        service.register_volunteer, name="王小兰", phone=phone, place_id=world.station_id, actor=world.builder
    )
    identity_id = in_snapshot(queries.get_volunteer, volunteer_id, world.center_id).identity_id
    hashed = hash_password(PASSWORD, phone=phone)
    in_transaction(credentials.set_password, identity_id, world.center_id, password_hash=hashed)
    return identity_id


def test_a_center_is_chosen_on_a_page_without_the_password(
    world: World, database: Database, client: FlaskClient
) -> None:
    other, phone = World(database), fresh_phone()
    for each in (world, other):
        enrol(each, phone)
    browser = Browser(client)
    asked = browser.post("/log-in", phone=phone, password=PASSWORD, next="/my/shifts")
    assert asked.status_code == 409
    assert PASSWORD not in asked.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', asked.text)
    assert ticket is not None
    buttons = set(re.findall(r'name="center_id" value="(\w+)"', asked.text))
    assert buttons == {public_id(world.center_id), public_id(other.center_id)}

    chosen = {"ticket": ticket[1], "center_id": public_id(other.center_id), "next": "/my/shifts"}
    entered = browser.post("/log-in/center", **chosen)
    assert (entered.status_code, entered.location) == (303, "/my/shifts")
    cookie = client.get_cookie(known_as(client, SESSION))
    assert cookie is not None
    assert cookie.value.startswith(f"{public_id(other.center_id)}.")
    log_out(client)
    for wrong in ({"ticket": "nonsense"}, {"center_id": public_id(5)}):
        refused = browser.post("/log-in/center", **chosen | wrong)
        assert (refused.status_code, "请再输一次手机号和密码" in refused.text) == (422, True)


def test_a_device_client_chooses_by_ticket(world: World, database: Database, client: FlaskClient) -> None:
    other, phone = World(database), fresh_phone()
    identities = {public_id(each.center_id): public_id(enrol(each, phone)) for each in (world, other)}
    asked = client.post("/api/v1/sessions", json={"phone": phone, "password": PASSWORD})
    assert (asked.status_code, asked.json["code"]) == (409, "people.choose_center")
    assert {each["center_id"] for each in asked.json["choices"]} == identities.keys()
    assert {each["name"] for each in asked.json["choices"]} == {"演示中心"}
    for center_id, identity_id in identities.items():
        asked = client.post("/api/v1/sessions", json={"phone": phone, "password": PASSWORD})
        chosen = {"ticket": asked.json["ticket"], "center_id": center_id}
        opened = client.post("/api/v1/sessions", json=chosen)
        assert (opened.status_code, opened.json["person"]["id"]) == (201, identity_id)
        me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {opened.json['token']}"}).json
        assert me["center_id"] == center_id
        again = client.post("/api/v1/sessions", json=chosen)
        assert (again.status_code, again.json["code"]) == (422, "people.ticket_invalid")
    for body in ({"ticket": asked.json["ticket"]}, {"ticket": "x", "center_id": center_id}, {"phone": phone}, {}):
        assert client.post("/api/v1/sessions", json=body).status_code == 422, body


def test_who_has_many_centers_is_asked_for_one(
    world: World, database: Database, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = fresh_phone()
    for each in (world, *(World(database) for _ in range(3))):
        enrol(each, phone)
    browser = Browser(client)
    monkeypatch.setattr(login, "password_is_right", lambda _hash, _password: False)
    asked = browser.post("/log-in", phone=phone, password="falsch-falsch")
    assert (asked.status_code, 'id="center_id-error"' in asked.text) == (422, True)
    assert f'<option value="{public_id(world.center_id)}">演示中心' in asked.text
    assert 'name="center_id"' not in browser.get("/log-in").text
    monkeypatch.undo()
    answer = browser.post("/log-in", phone=phone, password=PASSWORD, center_id=public_id(world.center_id))
    assert answer.status_code == 303


def test_the_browser_is_known_again_by_a_cookie_of_its_own(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = fresh_phone()
    enrol(world, phone)
    own = Browser(client)
    assert own.post("/log-in", phone=phone, password=PASSWORD).status_code == 303
    cookie = client.get_cookie(known_as(client, DEVICE_COOKIE))
    assert cookie is not None
    assert (cookie.http_only, cookie.secure, cookie.same_site) == (True, True, "Lax")
    assert own.post("/log-out").status_code == 303

    stranger = Browser(client.application.test_client())
    with monkeypatch.context() as without_work:
        without_work.setattr(login, "password_is_right", lambda _hash, _password: False)
        tried = [stranger.post("/log-in", phone=phone, password=f"guess-{n}").status_code for n in range(11)]
    assert tried == [401] * 10 + [429]
    assert stranger.post("/log-in", phone=phone, password=PASSWORD).status_code == 429
    assert own.post("/log-in", phone=phone, password=PASSWORD).status_code == 303


def test_the_slip_carries_center_and_code_where_no_server_sees_them(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(pages, "qr_svg", lambda url: drawn.append(url) or "")
    volunteer = world.add_volunteer()
    manager = Browser(client, world.add_staff("station_manager"))
    printed = manager.post(f"/people/{public_id(volunteer.identity_id)}/activation-code")
    code = re.search(r'class="nx-spelled">([^<]+)<', printed.text)
    assert code is not None
    assert drawn == [f"https://{HOST}/first-password#{public_id(world.center_id)}.{code[1]}"]
    assert f"<code>https://{HOST}/first-password</code>" in printed.text
    typed_in = re.search(r'<input[^>]* id="code"[^>]*>', manager.get(f"/first-password?code={code[1]}").text)
    assert typed_in is not None
    assert code[1] not in typed_in[0]


def test_a_code_is_good_with_its_center_and_without(world: World, database: Database, client: FlaskClient) -> None:
    other, phone = World(database), fresh_phone()
    enrol(other, phone)
    identity_id = enrol(world, phone)
    browser = Browser(client)
    for center_id, answers in (("", 303), (public_id(world.center_id), 303), (public_id(other.center_id), 422)):
        code = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
        typed = {"phone": phone, "code": code, "password": PASSWORD, "center_id": center_id}
        sent = browser.post("/first-password", **typed)
        assert sent.status_code == answers, center_id
        if answers == 303:
            cookie = client.get_cookie(known_as(client, SESSION))
            assert cookie is not None
            assert cookie.value.startswith(f"{public_id(world.center_id)}.")
            log_out(client)
    assert f'name="center_id" value="{public_id(other.center_id)}"' in sent.text


def test_guessing_codes_is_stopped_for_one_network_alone(world: World, client: FlaskClient) -> None:
    phone = fresh_phone()
    identity_id = enrol(world, phone)
    code = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
    browser = Browser(client)
    wrong = {"phone": phone, "code": "ABCD-EFGH-JKMN", "password": PASSWORD}
    assert [browser.post("/first-password", **wrong).status_code for _ in range(11)] == [422] * 10 + [429]
    elsewhere = client.application.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "198.51.100.9"
    assert Browser(elsewhere).post("/first-password", **wrong | {"code": code}).status_code == 303


def test_refused_passwords_spend_no_tries_of_who_holds_the_slip(world: World, client: FlaskClient) -> None:
    phone = fresh_phone()
    identity_id = enrol(world, phone)
    code = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
    browser, right = Browser(client), {"phone": phone, "code": code}
    for refused in ("12345678", "2", f"a{phone}z!"):
        assert [browser.post("/first-password", **right, password=refused).status_code for _ in range(11)] == [422] * 11
    wrong = {"phone": phone, "code": "ABCD-EFGH-JKMN", "password": "12345678"}
    assert [browser.post("/first-password", **wrong).status_code for _ in range(11)] == [422] * 10 + [429]
    with clock.at(clock.now() + timedelta(minutes=16)):
        assert browser.post("/first-password", **right, password=PASSWORD).status_code == 303
