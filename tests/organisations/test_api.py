"""The organisations API over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.kernel.ids import public_id
from tests.world import Person, World


@pytest.fixture
def admin(world: World) -> Person:
    return world.add_staff("admin", place_id=world.top_id)


def body(world: World, **known: Any) -> dict[str, Any]:
    return {"parent_id": public_id(world.top_id), "kind": "station", "name": "沙湾站"} | known


def test_a_place_is_added_and_found_near(world: World, client: FlaskClient, admin: Person) -> None:
    added = client.post("/api/v1/places", json=body(world, latitude=36.5, longitude=102), headers=admin.headers)
    assert added.status_code == 201, added.json
    address = f"/api/v1/places/{added.json['id']}"
    assert client.get(address, headers=world.add_volunteer().headers).json == added.json
    near = client.get("/api/v1/places/nearest?lat=36.5&lon=102.01", headers=admin.headers).json["items"]
    assert [(each["place"]["name"], each["metres"]) for each in near] == [("沙湾站", 894)]
    stations = client.get("/api/v1/places?kind=station&sort=-created_at", headers=admin.headers).json["items"]
    assert [each["name"] for each in stations] == ["沙湾站", "柳荫站"]
    children = client.get(f"/api/v1/places?parent_id={public_id(world.top_id)}&limit=1", headers=admin.headers).json
    assert (len(children["items"]), children["next"] is None) == (1, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "柳荫站"},
        {"kind": "center"},
        {"latitude": 36.5},
        {"latitude": "36.5", "longitude": 102},
        {"latitude": True, "longitude": 102},
        {"latitude": 91, "longitude": 102},
        {"latitude": 1e300, "longitude": 102},
        {"parent_id": None},
    ],
)
def test_a_place_that_can_not_be_is_a_problem(
    world: World, client: FlaskClient, admin: Person, wrong: dict[str, Any]
) -> None:
    answer = client.post("/api/v1/places", json=body(world, **wrong), headers=admin.headers)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
    assert len(client.get("/api/v1/places", headers=admin.headers).json["items"]) == 2


@pytest.mark.parametrize("query", ["lat=91&lon=0", "lat=x&lon=0", "lat=1", "lat=nan&lon=0", "lat=inf&lon=0", ""])
def test_a_position_that_can_not_be_is_a_problem(world: World, client: FlaskClient, admin: Person, query: str) -> None:
    assert client.get(f"/api/v1/places/nearest?{query}", headers=admin.headers).status_code == 422


def test_a_team_and_its_members(world: World, client: FlaskClient, admin: Person) -> None:
    team = client.post(
        "/api/v1/teams", json={"place_id": public_id(world.station_id), "name": "红马甲"}, headers=admin.headers
    )
    assert (team.status_code, team.json["members"]) == (201, 0)
    member = {"volunteer_id": public_id(world.add_volunteer().volunteer_id)}
    address = f"/api/v1/teams/{team.json['id']}"
    assert client.post(f"{address}/members", json=member, headers=admin.headers).json["members"] == 1
    again = client.post(f"{address}/members", json=member, headers=admin.headers)
    assert (again.status_code, again.json["code"]) == (409, "organisations.already_in_team")
    assert client.get(address, headers=admin.headers).json["members"] == 1
    elsewhere = public_id(world.add_station("沙湾站"))
    assert client.get(f"/api/v1/teams?place_id={elsewhere}", headers=admin.headers).json["items"] == []
    assert len(client.get("/api/v1/teams", headers=admin.headers).json["items"]) == 1


def test_who_may_not_may_not(world: World, client: FlaskClient) -> None:
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    for person in (clerk, volunteer):
        assert client.post("/api/v1/places", json=body(world), headers=person.headers).status_code == 403
    manager = world.add_staff("station_manager")
    denied = client.post("/api/v1/places", json=body(world), headers=manager.headers)
    assert (denied.status_code, denied.json["code"]) == (403, "access.denied")
    assert client.get("/api/v1/places").status_code == 401
