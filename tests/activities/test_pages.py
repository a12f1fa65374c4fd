"""Pages of activities and shifts over HTTP, for planners and volunteers."""

import re

import pytest
from flask.testing import FlaskClient

from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.people.volunteers import queries as people
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.world import World


@pytest.fixture
def manager(world: World, client: FlaskClient) -> Browser:
    return Browser(client, world.add_staff("station_manager"))


def planned(world: World, manager: Browser, **typed: str) -> tuple[str, str]:
    """Make an activity with a shift on its page and return their addresses."""
    form = {
        "name": "社区巡逻",
        "category": "治安巡逻",
        "station_id": public_id(world.station_id),
        "day": "2099-06-03",
        "starts": "22:00",
        "ends": "02:00",
        "capacity": "1",
        "walk_in": "1",
    }
    answer = manager.post("/activities/new", **form | typed)
    assert answer.status_code == 303, answer.text
    activity = answer.location.split("?")[0]
    shift = re.search(r'href="(/shifts/\w+)"', manager.get(activity).text)
    assert shift is not None
    return activity, shift[1]


def test_an_activity_is_planned_over_midnight(world: World, manager: Browser) -> None:
    assert manager.get("/activities/new").status_code == 200
    activity, shift = planned(world, manager)
    assert "社区巡逻" in manager.get("/activities").text
    page = manager.get(shift).text
    assert "22:00–次日 02:00" in page
    assert manager.get(f"{activity}/new-shift").status_code == 200
    another = {"station_id": public_id(world.station_id), "day": "2099-06-04", "starts": "09:00", "ends": "11:00"}
    assert manager.post(f"{activity}/new-shift", **another).location == activity
    assert "09:00–11:00" in manager.get(activity).text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"category": ""}, "category"),
        ({"ends": "22:00"}, "ends"),
        ({"day": "tomorrow"}, "day"),
        ({"capacity": "0"}, "capacity"),
        ({"capacity": "many"}, "capacity"),
        ({"station_id": ""}, "station_id"),
        ({"station_id": "0000000000001"}, "station_id"),
    ],
)
@on_sqlite
def test_what_can_not_be_planned_is_said_at_its_field(
    world: World, manager: Browser, typed: dict[str, str], field: str
) -> None:
    form = {"name": "巡逻", "category": "治安", "station_id": public_id(world.station_id), "day": "2099-06-03"}
    answer = manager.post("/activities/new", **form | {"starts": "22:00", "ends": "23:00"} | typed)
    assert (answer.status_code in (404, 422), f'id="{field}-error"' in answer.text) == (True, True)
    assert "还没有活动" in manager.get("/activities").text


@on_sqlite
def test_a_draft_is_approved_and_called_off(world: World, manager: Browser) -> None:
    activity, shift = planned(world, manager, draft="1")
    assert "批准以后" in manager.get(activity).text
    assert manager.post(f"{activity}/approve").location == activity
    assert manager.post(f"{shift}/cancel").location == shift
    assert "已取消" in manager.get(shift).text
    assert manager.post(f"{activity}/cancel").location == activity
    assert "社区巡逻" in manager.get("/activities?status=cancelled").text
    assert "社区巡逻" not in manager.get("/activities?status=approved").text


@on_sqlite
def test_staff_sign_somebody_up_by_number(world: World, manager: Browser) -> None:
    volunteer = world.add_volunteer("王小兰")
    number = in_snapshot(people.get_volunteer, volunteer.volunteer_id, world.center_id).number
    _activity, shift = planned(world, manager)
    assert manager.post(f"{shift}/signups", number=number).location == shift
    assert "王*兰" in manager.get(shift).text
    for typed in (number, "99999999", ""):
        refused = manager.post(f"{shift}/signups", number=typed)
        assert (refused.status_code in (404, 409), 'id="number-error"' in refused.text) == (True, True)
    cancel = f"{shift}/signups/{public_id(volunteer.volunteer_id)}/cancel"
    assert manager.post(cancel).location == shift


@on_sqlite
def test_a_volunteer_signs_up_waits_and_steps_back(world: World, client: FlaskClient, manager: Browser) -> None:
    _activity, shift = planned(world, manager)
    planned(world, manager, draft="1", name="还没批准的活动")
    mine = f"/my{shift}"
    first, second = world.add_volunteer(), world.add_volunteer()
    page = Browser(client, first).get("/my/shifts").text
    assert ("社区巡逻" in page, "还没批准的活动" in page) == (True, False)
    assert Browser(client, first).post(f"{mine}/sign-up").location == "/my/shifts"
    waiting = Browser(client, second)
    assert "排候补" in waiting.get("/my/shifts").text
    assert waiting.post(f"{mine}/sign-up").location == "/my/shifts"
    assert "候补" in waiting.get("/my/shifts").text
    assert Browser(client, first).post(f"{mine}/cancel").location == "/my/shifts"
    assert "已报名" in Browser(client, second).get("/my/shifts").text


@on_sqlite
def test_a_clerk_sees_who_comes_and_changes_nothing(world: World, client: FlaskClient, manager: Browser) -> None:
    _activity, shift = planned(world, manager)
    clerk = Browser(client, world.add_staff("clerk"))
    assert clerk.get(shift).status_code == 200
    assert clerk.post(f"{shift}/signups", number="1").status_code == 403
    elsewhere = Browser(client, world.add_staff("clerk", place_id=world.add_station("沙湾站")))
    assert elsewhere.get(shift).status_code == 403
