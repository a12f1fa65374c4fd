"""The rules by API and page: versions stay, a new one starts later, and everybody may read them."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.rules import queries as rules
from tests.databases import on_sqlite
from tests.world import Person, World

TYPED = {
    "idempotency_key": "a-key-of-this-form",
    "points_expire": "rolling:24",
    "day": "2031-01-01",
    "time": "00:00",
    "points_per_hour": "1.50",
    "early_minutes": "30",
    "late_minutes": "30",
    "shortest_stay_minutes": "10",
    "automatic_minutes_per_day": "480",
    "points_for_forgotten_check_out": "0",
    "annul_minutes": "15",
    "people_per_code": "3",
    "star_hours": "100 200 500",
}


@pytest.fixture
def admin(world: World) -> Person:
    """A manager of the rules."""
    return world.add_staff("admin", place_id=world.top_id)


@on_sqlite
def test_a_new_version_changes_what_it_names_and_nothing_else(client: FlaskClient, admin: Person) -> None:
    starts = (clock.now() + timedelta(days=1)).isoformat()

    answer = client.post(
        "/api/v1/rules", json={"effective_from": starts, "points_per_hour": 150}, headers=admin.headers
    )

    assert (answer.status_code, answer.json["number"], answer.json["points_per_hour"]) == (201, 2, 150)
    listed = client.get("/api/v1/rules", headers=admin.headers).json["items"]
    assert [version["points_per_hour"] for version in listed] == [150, 100]
    assert listed[0]["late_minutes"] == listed[1]["late_minutes"]


@on_sqlite
def test_a_version_must_start_later_than_the_last(client: FlaskClient, admin: Person) -> None:
    starts = (clock.now() - timedelta(days=1000)).isoformat()

    answer = client.post("/api/v1/rules", json={"effective_from": starts}, headers=admin.headers)

    assert (answer.status_code, answer.json["code"]) == (422, "rules.not_later")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"effective_from": "tomorrow"},
        {"effective_from": "2031-01-01T00:00:00+08:00", "points_per_hour": -1},
        {"effective_from": "2031-01-01T00:00:00+08:00", "points_per_hour": "100"},
        {"effective_from": "2031-01-01T00:00:00+08:00", "late_minutes": 1441},
        {"effective_from": "2031-01-01T00:00:00+08:00", "star_hours": []},
        {"effective_from": "2031-01-01T00:00:00+08:00", "star_hours": [300, 100]},
        {"effective_from": "2031-01-01T00:00:00+08:00", "weather": 1},
    ],
)
@on_sqlite
def test_what_can_not_be_is_refused(client: FlaskClient, admin: Person, world: World, body: dict[str, Any]) -> None:
    answer = client.post("/api/v1/rules", json=body, headers=admin.headers)

    assert answer.status_code == 422
    assert len(in_snapshot(rules.all_rules, world.center_id)) == 1


@pytest.mark.parametrize("role", ["auditor", "station_manager", "clerk"])
@on_sqlite
def test_only_admins_add_versions_and_all_may_read(client: FlaskClient, world: World, role: str) -> None:
    headers = world.add_staff(role, place_id=world.top_id).headers
    body = {"effective_from": (clock.now() + timedelta(days=1)).isoformat()}

    assert client.post("/api/v1/rules", json=body, headers=headers).status_code == 403
    assert client.get("/rules/new", headers=headers).status_code == 403
    assert client.get("/api/v1/rules", headers=headers).status_code == 200
    assert client.get("/rules", headers=headers).status_code == 200


@on_sqlite
def test_the_page_shows_what_changed(client: FlaskClient, admin: Person, world: World) -> None:
    sent = client.post("/rules/new", data=TYPED, headers=admin.headers)
    page = client.get("/rules", headers=admin.headers).get_data(as_text=True)

    assert (sent.status_code, sent.location) == (303, "/rules")
    assert "第 2 版" in page
    assert "原来 1.00 分" in page
    assert "1.50 分" in page
    assert "挣到的那个月起 24 个月，到月底" in page
    assert "100、200、500" in page
    version = in_snapshot(rules.all_rules, world.center_id)[0]
    assert (version.body.points_per_hour, version.body.star_hours) == (150, (100, 200, 500))
    assert version.effective_from.isoformat() == "2030-12-31T16:00:00+00:00"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("points_per_hour", "1.234"),
        ("points_per_hour", "NaN"),
        ("points_per_hour", "-1"),
        ("late_minutes", ""),
        ("late_minutes", "1441"),
        ("star_hours", "300 100"),
        ("star_hours", "many"),
        ("day", "soon"),
        ("day", "2020-01-01"),
    ],
)
@on_sqlite
def test_the_form_keeps_what_was_typed_and_says_where_it_is_wrong(
    client: FlaskClient, admin: Person, world: World, field: str, typed: str
) -> None:
    answer = client.post("/rules/new", data=TYPED | {field: typed}, headers=admin.headers)
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    assert 'value="15"' in page
    assert len(in_snapshot(rules.all_rules, world.center_id)) == 1


@on_sqlite
def test_a_volunteer_reads_the_rules(client: FlaskClient, world: World) -> None:
    page = client.get("/rules", headers=world.add_volunteer().headers)

    assert page.status_code == 200
    assert "定新的一版" not in page.get_data(as_text=True)
