"""The people API over HTTP: log-in, own data, volunteers, cards; and malformed requests of every kind."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.access import credentials
from ledger.people.access.passwords import hash_password
from ledger.people.volunteers import queries, service
from tests.phones import fresh_phone
from tests.world import Person, World

PASSWORD = "白云山下有三只羊"


@pytest.fixture
def manager(world: World) -> Person:
    return world.add_staff("station_manager")


def with_password(world: World) -> tuple[str, int]:
    """A volunteer who can log in: phone and id."""
    phone = fresh_phone()
    volunteer_id = in_transaction(
        service.register_volunteer, name="王小兰", phone=phone, place_id=world.station_id, actor=world.builder
    )
    identity_id = in_snapshot(queries.get_volunteer, volunteer_id, world.center_id).identity_id
    in_transaction(
        credentials.set_password, identity_id, world.center_id, password_hash=hash_password(PASSWORD, phone=phone)
    )
    return phone, volunteer_id


def test_a_device_logs_in_and_out(world: World, client: FlaskClient) -> None:
    phone, volunteer_id = with_password(world)
    answer = client.post("/api/v1/sessions", json={"phone": phone, "password": PASSWORD})
    assert answer.status_code == 201, answer.json
    assert answer.json["person"]["name"] == "王小兰"
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    me = client.get("/api/v1/me", headers=headers).json
    assert (me["volunteer_id"], me["number"], me["roles"], me["accounts"]) == (
        public_id(volunteer_id), "00000001", [], [],
    )  # fmt: skip
    assert client.delete("/api/v1/sessions/current", headers=headers).status_code == 204
    assert client.get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize("password", ["wrong-password", "\ud800", "\x00" * 9, "x" * 200])
def test_a_wrong_password_and_an_unknown_phone_are_answered_alike(
    world: World, client: FlaskClient, password: str
) -> None:
    phone, _ = with_password(world)
    answers = [
        client.post("/api/v1/sessions", json={"phone": number, "password": password})
        for number in (phone, fresh_phone(), "nonsense")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json["code"] for answer in answers} == {"people.login_failed"}
    assert all(answer.mimetype == "application/problem+json" for answer in answers)


def test_a_session_is_for_a_center_one_belongs_to(world: World, client: FlaskClient) -> None:
    phone, _ = with_password(world)
    body = {"phone": phone, "password": PASSWORD, "center_id": public_id(world.center_id)}
    assert client.post("/api/v1/sessions", json=body).status_code == 201
    refused = client.post("/api/v1/sessions", json=body | {"center_id": public_id(5)})
    assert (refused.status_code, refused.json["code"]) == (401, "people.login_failed")


def test_staff_see_their_roles_by_place_and_until_when(world: World, client: FlaskClient, manager: Person) -> None:
    me = client.get("/api/v1/me", headers=manager.headers).json
    held = {"role": "station_manager", "place_id": public_id(world.station_id), "place_name": "柳荫站"}
    assert me["roles"] == [held | {"valid_until": None}]
    assert me["volunteer_id"] is None

    last_day = clock.today() + timedelta(days=30)
    auditor = world.add_staff("outside_auditor", place_id=world.top_id, valid_until=last_day)
    [role] = client.get("/api/v1/me", headers=auditor.headers).json["roles"]
    assert (role["role"], role["valid_until"]) == ("outside_auditor", last_day.isoformat())


def test_a_volunteer_is_registered_once_per_key(world: World, client: FlaskClient, manager: Person) -> None:
    body = {"name": "王小兰", "phone": fresh_phone(), "gender": "female", "place_id": public_id(world.station_id)}
    headers = manager.headers | {"Idempotency-Key": "register-0001"}
    first, again = (client.post("/api/v1/volunteers", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, first.json["number"], first.json["masked_name"]) == (201, "00000001", "王*兰")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    other = client.post("/api/v1/volunteers", json=body | {"name": "李四"}, headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "idempotency.mismatch")
    taken = client.post("/api/v1/volunteers", json=body, headers=manager.headers)
    assert (taken.status_code, taken.json["code"]) == (422, "people.phone_taken")
    assert "手机号" in taken.json["title"]
    english = client.post(
        "/api/v1/volunteers", json=body, headers=manager.headers | {"Accept-Language": "en-GB,en;q=0.9"}
    )
    assert english.json["title"].startswith("Somebody")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"name": 5},
        {"name": ""},
        {"name": "王\x00兰"},
        {"name": "\ud800"},
        {"name": "x" * 51},
        {"phone": 13800138000},
        {"phone": "123"},
        {"gender": "男"},
        {"id_last4": "12345"},
        {"id_last4": "12X4"},
        {"place_id": "nonsense"},
        {"place_id": 5},
        {"unknown": 1},
    ],
)
def test_a_wrong_field_is_a_clear_problem_and_changes_nothing(
    world: World, client: FlaskClient, manager: Person, wrong: dict[str, Any]
) -> None:
    body = {"name": "王小兰", "place_id": public_id(world.station_id)} | wrong
    answer = client.post("/api/v1/volunteers", json=body, headers=manager.headers)
    assert answer.status_code == 422, answer.json
    assert answer.json["code"] in ("request.invalid", "people.phone_invalid", "people.id_last4_invalid")
    assert client.get("/api/v1/volunteers", headers=manager.headers).json["items"] == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b'{"name": "\xff"}', "content_type": "application/json"}, 400),
        ({"data": b"name=x", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 400),
        ({"data": b'"' + b"x" * 2_000_000 + b'"', "content_type": "application/json"}, 413),
        ({"json": []}, 422),
        ({"json": "text"}, 422),
    ],
)
def test_what_is_no_request_is_a_problem(
    world: World, client: FlaskClient, manager: Person, sent: dict[str, Any], status: int
) -> None:
    answer = client.post("/api/v1/volunteers", headers=manager.headers, **sent)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text


def test_volunteers_are_listed_page_by_page_and_found(world: World, client: FlaskClient, manager: Person) -> None:
    phone, first = with_password(world)
    with_password(world)
    page = client.get("/api/v1/volunteers?limit=1", headers=manager.headers).json
    assert [each["id"] for each in page["items"]] == [public_id(first)]
    rest = client.get(f"/api/v1/volunteers?limit=1&after={page['next']}", headers=manager.headers).json
    assert (len(rest["items"]), rest["next"]) == (1, None)
    numbers = ("number=00000001", "number=1", "number=0000 0001", "number=１")
    for query in (f"phone={phone}", *numbers, f"name=王小兰&place_id={public_id(world.station_id)}&limit=1"):
        found = client.get(f"/api/v1/volunteers?{query}", headers=manager.headers).json
        assert [each["id"] for each in found["items"]] == [public_id(first)], query
    assert client.get("/api/v1/volunteers?phone=10009999999", headers=manager.headers).json["items"] == []
    for query in ("limit=0", "limit=x", "after=x", "sort=x", "place_id=x"):
        assert client.get(f"/api/v1/volunteers?{query}", headers=manager.headers).status_code == 422, query
    unknown = client.get(f"/api/v1/volunteers?place_id={public_id(5)}", headers=manager.headers)
    assert unknown.status_code == 404


def test_one_sees_oneself_and_a_manager_the_own_people(world: World, client: FlaskClient, manager: Person) -> None:
    one, other = world.add_volunteer(), world.add_volunteer()
    address = f"/api/v1/volunteers/{public_id(one.volunteer_id)}"
    assert client.get(address, headers=one.headers).json["name"] == "王桂兰"
    assert client.get(address, headers=manager.headers).json["phone"].startswith("+861000")
    assert client.get(address, headers=other.headers).status_code == 403
    elsewhere = world.add_staff("station_manager", place_id=world.add_station("沙湾站"))
    assert client.get(address, headers=elsewhere.headers).status_code == 403
    assert client.get(address).status_code == 401
    assert client.get(address, headers={"Authorization": "Bearer forged"}).status_code == 401
    assert client.get(f"/api/v1/volunteers/{public_id(5)}", headers=manager.headers).status_code == 404
    assert client.get("/api/v1/volunteers/nonsense", headers=manager.headers).status_code == 404


def test_cards_are_issued_listed_and_revoked(world: World, client: FlaskClient, manager: Person) -> None:
    volunteer = world.add_volunteer()
    address = f"/api/v1/volunteers/{public_id(volunteer.volunteer_id)}/cards"
    issued = client.post(address, json={"expires_on": "2099-12-31"}, headers=manager.headers)
    assert issued.status_code == 201, issued.json
    assert issued.json["url"] == f"HTTPS://JF.EXAMPLE.ORG/K#{issued.json['token']}"
    found = in_snapshot(queries.find_volunteer_by_card, issued.json["token"], world.center_id)
    assert found is not None
    assert client.delete(f"/api/v1/cards/{issued.json['id']}", headers=manager.headers).status_code == 204
    cards = client.get(address, headers=volunteer.headers).json["items"]
    assert [card["revoked_at"] is None for card in cards] == [False, False]
    assert "token" not in cards[0]
    assert client.post(address, json={"expires_on": "tomorrow"}, headers=manager.headers).status_code == 422
    assert client.post(address, json={}, headers=volunteer.headers).status_code == 403
    assert client.delete(f"/api/v1/cards/{public_id(5)}", headers=manager.headers).status_code == 404
