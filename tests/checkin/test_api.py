"""The check-in API: scans, attendances, reviews and the station's screen as clients see them."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.ids import public_id
from tests.checkin.days import Day, at
from tests.world import Person

CHECKINS = "/api/v1/checkins"


def send(client: FlaskClient, day: Day, hour: float, key: str, **known: Any) -> Any:
    """Send a scan of the volunteer's card from the clerk's device at that hour."""
    scan = {"client_scan_id": key, "card": day.volunteer.card, "station_id": public_id(day.world.station_id)}
    with clock.at(at(hour)):
        return client.post(CHECKINS, json=scan | known, headers=day.clerk.headers)


def read(client: FlaskClient, person: Person, address: str, hour: float = 12) -> Any:
    with clock.at(at(hour)):
        return client.get(f"/api/v1/{address}", headers=person.headers)


def test_a_scan_is_answered_in_both_languages_with_what_comes_next(
    client: FlaskClient, day: Day, shift_id: int
) -> None:
    answer = send(client, day, 9, "scan-0001")

    assert answer.status_code == 201
    assert answer.json["outcome"] == "ok"
    assert answer.json["reason_text"] == {"zh": "已签到", "en": "Checked in"}
    assert answer.json["next_actions"] == ["check_out"]
    attendance = answer.json["attendance"]
    assert (attendance["masked_name"], attendance["activity_name"]) == ("王*兰", "社区巡逻")
    assert (attendance["unit"], attendance["scale"]) == ("point", 2)
    assert attendance["opened_at"] == at(9).isoformat()


def test_the_answer_to_a_check_out_has_the_balances_after_it(client: FlaskClient, day: Day, shift_id: int) -> None:
    came = send(client, day, 9, "scan-0001").json["attendance"]
    left = send(client, day, 11, "scan-0002").json["attendance"]
    again = send(client, day, 11, "scan-0002").json["attendance"]

    assert "balances" not in came
    assert left["balances"] == again["balances"] == {"minute": 120, "point": 200}


@pytest.mark.usefixtures("shift_id")
@pytest.mark.parametrize(("hour", "status"), [(9, 201), (8.4, 422)])
def test_a_replay_has_the_same_status_and_body(client: FlaskClient, day: Day, hour: float, status: int) -> None:
    first = send(client, day, hour, "scan-0001")
    again = send(client, day, 10, "scan-0001")

    assert (first.status_code, again.status_code) == (status, status)
    assert first.data == again.data
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_answer_that_only_informs_is_a_200_also_when_replayed(client: FlaskClient, day: Day, shift_id: int) -> None:
    send(client, day, 9, "scan-0001")
    for hour in (9.05, 10.9):
        answer = send(client, day, hour, "scan-0002")
        assert (answer.status_code, answer.json["reason"]) == (200, "ALREADY_CHECKED_IN")
        assert answer.json["reason_text"] == {"zh": "09:00 已经签到了", "en": "Already checked in since 09:00"}


def test_who_has_left_hears_since_when(client: FlaskClient, day: Day, shift_id: int) -> None:
    send(client, day, 9, "scan-0001")
    send(client, day, 10.5, "scan-0002")
    text = send(client, day, 10.51, "scan-0003").json["reason_text"]
    assert text == {"zh": "10:30 已经签退了", "en": "Already checked out at 10:30"}


def test_another_body_under_the_same_id_is_refused(client: FlaskClient, day: Day, shift_id: int) -> None:
    send(client, day, 9, "scan-0001")
    answer = send(client, day, 9, "scan-0001", intent="out")

    assert (answer.status_code, answer.json["code"]) == (422, "idempotency.mismatch")
    assert answer.mimetype == "application/problem+json"


def test_a_question_has_the_members_of_an_answer(client: FlaskClient, day: Day) -> None:
    day.world.add_shift(at(9))
    asked = send(client, day, 9, "scan-0001")

    assert asked.status_code == 409
    assert asked.json["reason"] == "WALK_IN"
    assert asked.json["reason_text"]["en"] == "Not signed up for 社区巡逻: join now?"
    assert asked.json["next_actions"] == ["confirm"]
    assert (asked.json["masked_name"], asked.json["attendance"]) == ("王*兰", None)
    assert send(client, day, 9, "scan-0002", confirmed=["WALK_IN"]).status_code == 201


def test_a_refusal_says_window_and_time_and_what_to_do(client: FlaskClient, day: Day, shift_id: int) -> None:
    refused = send(client, day, 8.4, "scan-0001")

    assert refused.json["reason"] == "TOO_EARLY"
    assert refused.json["title"] == "还没到签到时间，08:30 起"
    assert refused.json["detail"] == "现在是 08:24，到时候再扫"
    assert refused.json["opens"] == at(8.5).isoformat()
    assert refused.json["now"] == at(8.4).isoformat()
    assert refused.json["next_actions"] == []


def test_a_scan_at_another_clerks_station_is_forbidden_and_kept(client: FlaskClient, day: Day) -> None:
    other = public_id(day.world.add_station("东门站"))

    refused = send(client, day, 9, "scan-0001", station_id=other)
    unknown = send(client, day, 9, "scan-0002", station_id="0" * 13)

    assert (refused.status_code, refused.json["code"]) == (403, "checkin.proxy_not_allowed")
    assert (unknown.status_code, unknown.json["code"]) == (404, "organisations.place_not_found")
    again = send(client, day, 9, "scan-0001", station_id=other)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (403, "true")


@pytest.mark.parametrize("ways", [{}, {"code": "A" * 50, "card": "B" * 26}])
def test_a_scan_is_of_a_code_or_of_a_card(client: FlaskClient, day: Day, ways: dict[str, str]) -> None:
    answer = client.post(CHECKINS, json={"client_scan_id": "scan-0001"} | ways, headers=day.clerk.headers)

    assert (answer.status_code, answer.json["code"]) == (422, "request.invalid")


class TestReading:
    """Who may see which attendances."""

    @pytest.fixture
    def attendance(self, client: FlaskClient, day: Day, shift_id: int) -> str:
        send(client, day, 9, "scan-0001")
        return str(send(client, day, 11, "scan-0002").json["attendance"]["id"])

    def test_the_volunteer_and_the_stations_staff_see_it(self, client: FlaskClient, day: Day, attendance: str) -> None:
        for person in (
            day.volunteer,
            day.clerk,
            day.manager,
            day.world.add_staff("auditor", place_id=day.world.top_id),
        ):
            assert read(client, person, f"attendances/{attendance}").json["minutes"] == 120
            assert [item["id"] for item in read(client, person, "attendances").json["items"]] == [attendance]

    def test_nobody_else_does(self, client: FlaskClient, day: Day, attendance: str) -> None:
        elsewhere = day.world.add_staff("clerk", place_id=day.world.add_station("东门站"))
        for person in (day.world.add_volunteer("李建国"), elsewhere):
            assert read(client, person, f"attendances/{attendance}").status_code == 404
            assert read(client, person, "attendances").json["items"] == []

    def test_a_clerk_elsewhere_still_sees_the_own_ones(self, client: FlaskClient, day: Day, attendance: str) -> None:
        day.world.employ(day.volunteer, "clerk", place_id=day.world.add_station("东门站"))

        assert [item["id"] for item in read(client, day.volunteer, "attendances").json["items"]] == [attendance]

    def test_the_list_is_narrowed_and_sorted(self, client: FlaskClient, day: Day, attendance: str) -> None:
        def found(query: str) -> int:
            return len(read(client, day.manager, f"attendances?{query}").json["items"])

        assert found("status=CONFIRMED&sort=-points") == 1
        assert found("status=OPEN") == 0
        assert found(f"since={at(10):%Y-%m-%dT%H:%M:%SZ}") == 0
        assert found(f"until={at(10):%Y-%m-%dT%H:%M:%SZ}&limit=1") == 1


def test_a_review_by_the_api(client: FlaskClient, day: Day, shift_id: int) -> None:
    attendance = send(client, day, 9, "scan-0001").json["attendance"]["id"]
    send(client, day, 12, "scan-0002")
    waiting = read(client, day.manager, "reviews").json["items"]
    assert [(item["id"], item["review_reason"]) for item in waiting] == [(attendance, "AUTO_CLOSED")]
    assert read(client, day.clerk, "reviews").status_code == 403

    with clock.at(at(13)):
        address = f"/api/v1/reviews/{attendance}"
        mute = client.post(f"{address}/reject", json={}, headers=day.manager.headers)
        assert (mute.status_code, mute.json["code"]) == (422, "checkin.note_needed")
        decision = {"ended_at": "2026-06-03T10:30:00+08:00", "note": "问过队长"}
        key = {"Idempotency-Key": "review-0001"}
        approved = client.post(f"{address}/approve", json=decision, headers=day.manager.headers | key)
        again = client.post(f"{address}/approve", json=decision, headers=day.manager.headers | key)

    assert (approved.status_code, approved.json["status"], approved.json["minutes"]) == (200, "CONFIRMED", 90)
    assert again.data == approved.data
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_check_in_by_mistake_is_annulled(client: FlaskClient, day: Day, shift_id: int) -> None:
    attendance = send(client, day, 9, "scan-0001").json["attendance"]["id"]
    with clock.at(at(9.2)):
        answer = client.post(f"/api/v1/attendances/{attendance}/annul", headers=day.clerk.headers)

    assert (answer.status_code, answer.json["status"]) == (200, "VOID")


class TestScreen:
    """The data behind the station's screen."""

    def test_it_shows_the_code_what_is_on_and_who_came(self, client: FlaskClient, day: Day, shift_id: int) -> None:
        day.world.add_shift(at(14))
        day.world.add_shift(at(19))
        send(client, day, 9, "scan-0001")
        address = f"stations/{public_id(day.world.station_id)}/code"

        shown = read(client, day.clerk, address, 9.5).json

        assert shown["url"] == shown["url"].upper()
        assert shown["url"].startswith("HTTPS://JF.EXAMPLE.ORG/S/")
        assert shown["url"].endswith(shown["code"])
        assert shown["qr_svg"].startswith("<svg")
        assert (shown["server_time"], shown["step_seconds"]) == (at(9.5).isoformat(), 30)
        assert (shown["now"]["activity_name"], shown["now"]["arrived"], shown["now"]["expected"]) == ("社区巡逻", 1, 1)
        assert (shown["next"]["starts_at"], shown["next"]["opens_at"]) == (at(14).isoformat(), at(13.5).isoformat())
        assert shown["arrivals"] == [{"masked_name": "王*兰", "what": "in", "time": at(9).isoformat()}]

        send(client, day, 11, "scan-0002")
        early = read(client, day.clerk, address, 8.6).json
        assert early["now"]["starts_at"] == at(9).isoformat()
        assert read(client, day.clerk, address, 8.4).json["next"]["starts_at"] == at(9).isoformat()
        later = read(client, day.clerk, address, 11.2).json
        assert later["now"] is None
        assert [arrival["what"] for arrival in later["arrivals"]] == ["out", "in"]

    def test_it_is_for_those_who_may_show_it(self, client: FlaskClient, day: Day) -> None:
        address = f"stations/{public_id(day.world.station_id)}/code"
        other = day.world.add_staff("clerk", place_id=day.world.add_station("东门站"))

        assert [read(client, person, address).status_code for person in (day.volunteer, other)] == [403, 403]
        assert client.get(f"/api/v1/{address}").status_code == 401
