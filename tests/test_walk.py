"""The main job over HTTP, on both databases: a scan becomes hours, points and a traceable bag of rice."""

from datetime import timedelta

from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.ids import public_id
from tests.world import World


def test_a_card_is_scanned_in_and_out_and_the_hours_earn_points(world: World, client: FlaskClient) -> None:
    start = clock.now().replace(microsecond=0)
    world.add_shift(start)
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    scan = {"card": volunteer.card, "station_id": public_id(world.station_id), "confirmed": ["WALK_IN"]}

    answer = client.post("/api/v1/checkins", json=scan | {"client_scan_id": "scan-0001"}, headers=clerk.headers)

    assert answer.status_code == 201, answer.json
    assert answer.json["reason"] == "OK_IN"
    with clock.at(start + timedelta(minutes=125)):
        answer = client.post("/api/v1/checkins", json=scan | {"client_scan_id": "scan-0002"}, headers=clerk.headers)
    assert answer.status_code == 201, answer.json
    assert answer.json["reason"] == "OK_OUT"
    assert (answer.json["attendance"]["minutes"], answer.json["attendance"]["points"]) == (119, 198)
