"""The activities API over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.kernel.ids import public_id
from tests.world import Person, World


@pytest.fixture
def manager(world: World) -> Person:
    return world.add_staff("station_manager")


def planned(world: World, client: FlaskClient, manager: Person, **shift: Any) -> tuple[str, str]:
    """Make an activity and a shift over HTTP and return their addresses."""
    activity = {"place_id": public_id(world.station_id), "name": "社区巡逻", "category": "治安"}
    made = client.post("/api/v1/activities", json=activity, headers=manager.headers)
    assert made.status_code == 201, made.json
    address = f"/api/v1/activities/{made.json['id']}"
    times = {"starts_at": "2099-06-03T09:00:00+08:00", "ends_at": "2099-06-03T11:00:00+08:00"}
    body = {"station_id": public_id(world.station_id)} | times | shift
    added = client.post(f"{address}/shifts", json=body, headers=manager.headers)
    assert added.status_code == 201, added.json
    return address, f"/api/v1/shifts/{added.json['id']}"


def test_from_a_draft_to_a_waiting_list(world: World, client: FlaskClient, manager: Person) -> None:
    activity, shift = planned(world, client, manager, capacity=1, walk_in=False)
    one, two = world.add_volunteer(), world.add_volunteer()
    signed = client.post(f"{shift}/signups", json={}, headers=one.headers)
    assert (signed.status_code, signed.json["status"]) == (201, "signed_up")
    waiting = client.post(
        f"{shift}/signups", json={"volunteer_id": public_id(two.volunteer_id)}, headers=manager.headers
    )
    assert (waiting.json["status"], waiting.json["masked_name"]) == ("waitlisted", "王*兰")
    shown = client.get(shift, headers=two.headers).json
    assert (shown["signed_up"], shown["waitlisted"], shown["walk_in"]) == (1, 1, False)
    assert shown["starts_at"] == "2099-06-03T01:00:00+00:00"
    listed = client.get(f"{shift}/signups", headers=manager.headers).json["items"]
    assert [each["status"] for each in listed] == ["signed_up", "waitlisted"]
    assert client.get(f"{shift}/signups", headers=one.headers).status_code == 403
    cancelled = client.delete(f"{shift}/signups/{public_id(one.volunteer_id)}", headers=one.headers)
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert client.delete(f"{shift}/signups/{public_id(two.volunteer_id)}", headers=one.headers).status_code == 403
    assert client.get(shift, headers=one.headers).json["waitlisted"] == 0
    coming = client.get("/api/v1/shifts", headers=one.headers).json["items"]
    assert [each["id"] for each in coming] == [shift.rpartition("/")[2]]
    assert len(client.get(f"{activity}/shifts", headers=one.headers).json["items"]) == 1


def test_a_draft_is_hidden_until_it_is_approved(world: World, client: FlaskClient, manager: Person) -> None:
    body = {"place_id": public_id(world.station_id), "name": "社区巡逻", "category": "治安", "status": "draft"}
    draft = client.post("/api/v1/activities", json=body, headers=manager.headers).json["id"]
    volunteer = world.add_volunteer()
    address = f"/api/v1/activities/{draft}"
    assert client.get(address, headers=volunteer.headers).status_code == 404
    assert client.get(f"{address}/shifts", headers=volunteer.headers).status_code == 404
    assert client.get("/api/v1/activities", headers=volunteer.headers).json["items"] == []
    assert len(client.get("/api/v1/activities?status=draft", headers=manager.headers).json["items"]) == 1
    assert client.post(f"{address}/approve", headers=manager.headers).json["status"] == "approved"
    assert client.post(f"{address}/approve", headers=manager.headers).status_code == 409
    place = public_id(world.station_id)
    found = client.get(f"/api/v1/activities?place_id={place}&category=治安", headers=volunteer.headers).json
    assert [each["id"] for each in found["items"]] == [draft]
    assert client.post(f"{address}/cancel", headers=manager.headers).json["status"] == "cancelled"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": "2099-06-03T09:00:00+08:00"},
        {"ends_at": "2099-06-05T09:00:00+08:00"},
        {"ends_at": "2099-06-03T10:00:00"},
        {"ends_at": "9999-12-31T23:59:59-23:59"},
        {"starts_at": 5},
        {"capacity": 0},
        {"capacity": 2.5},
        {"capacity": "5"},
        {"capacity": True},
        {"walk_in": "yes"},
        {"walk_in": 1},
        {"station_id": "x"},
    ],
)
def test_a_shift_that_can_not_be_is_a_problem(
    world: World, client: FlaskClient, manager: Person, wrong: dict[str, Any]
) -> None:
    activity, _shift = planned(world, client, manager)
    times = {"starts_at": "2099-06-03T09:00:00+08:00", "ends_at": "2099-06-03T11:00:00+08:00"}
    body = {"station_id": public_id(world.station_id)} | times | wrong
    answer = client.post(f"{activity}/shifts", json=body, headers=manager.headers)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
    assert len(client.get(f"{activity}/shifts", headers=manager.headers).json["items"]) == 1


def test_a_shift_called_off_takes_nobody(world: World, client: FlaskClient, manager: Person) -> None:
    _activity, shift = planned(world, client, manager)
    volunteer = world.add_volunteer()
    assert client.post(f"{shift}/cancel", headers=volunteer.headers).status_code == 403
    assert client.post(f"{shift}/cancel", headers=manager.headers).json["cancelled_at"] is not None
    refused = client.post(f"{shift}/signups", json={}, headers=volunteer.headers)
    assert (refused.status_code, refused.json["code"]) == (409, "activities.shift_cancelled")
    assert client.post(f"{shift}/signups", json={}, headers=manager.headers).status_code == 403
