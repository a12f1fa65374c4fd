"""Texts of refusals for people: amounts with decimals, times of day, in the requested language."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.clocks import parse_instant
from ledger.kernel.ids import public_id
from tests.databases import on_sqlite
from tests.world import World

START = parse_instant("2026-06-03T09:00:00+08:00")


@pytest.mark.parametrize(
    ("language", "title", "detail"),
    [
        ("zh-CN", "还没到签到时间，08:30 起", "现在是 08:00，到时候再扫"),
        ("en-GB", "Too early: check-in opens at 08:30", "It is 08:00; scan again then"),
    ],
)
@on_sqlite
def test_a_scan_too_early_names_the_window_by_the_clock_on_the_wall(
    world: World, client: FlaskClient, language: str, title: str, detail: str
) -> None:
    with clock.at(START - timedelta(hours=1)):
        world.add_shift(START)
        volunteer, clerk = world.add_volunteer(), world.add_staff("clerk")
        scan = {"client_scan_id": "scan-0001", "card": volunteer.card, "station_id": public_id(world.station_id)}
        answer = client.post("/api/v1/checkins", json=scan, headers=clerk.headers | {"Accept-Language": language})

    assert answer.status_code == 422
    assert answer.json is not None
    assert (answer.json["code"], answer.json["title"], answer.json["detail"]) == ("checkin.too_early", title, detail)
