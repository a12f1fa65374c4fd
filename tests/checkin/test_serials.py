"""A screen's code lets in a few people; then the screen shows the next, and whoever has the old one looks again."""

from datetime import datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from ledger.checkin import codes, serials, service, signs
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.signals import signals_since
from tests.checkin.days import Day, at, code_of, scan
from tests.checkin.phone import Phone
from tests.checkin.refusals import fill_code
from tests.databases import on_sqlite


def code(day: Day, moment: datetime, serial: int) -> str:
    return codes.screen_code(day.world.center_id, day.world.station_id, 1, moment, serial=serial).code


def used(day: Day, moment: datetime) -> serials.Use:
    return in_snapshot(serials.find_use, day.world.station_id, codes.step_of(moment), day.world.center_id)


@on_sqlite
def test_after_three_the_next_serial_is_in_force(day: Day) -> None:
    fill_code(day)
    now = at(9)

    with clock.at(now):
        assert (used(day, now).let_in, used(day, now).moved_at) == (3, now)
        assert code_of(lambda: scan(day.volunteer, code=code(day, now, 0))) == "checkin.code_full"
        assert code_of(lambda: scan(day.volunteer, code=code(day, now, 2))) == "checkin.code_from_future"
        assert scan(day.volunteer, code=code(day, now, 1)).reason == "OK_IN"
        assert used(day, now).let_in == 4


@on_sqlite
def test_whoever_is_refused_or_leaves_is_not_counted(day: Day) -> None:
    day.world.add_shift(at(9))
    with clock.at(at(9)):
        assert code_of(lambda: scan(day.volunteer, code=day.screen(9))) == "checkin.walk_in"
        assert used(day, at(9)).let_in == 0
        scan(day.volunteer, code=day.screen(9), confirmed=("WALK_IN",))
    fill_code(day, 10)

    assert day.by_phone(10, code=day.screen(10), intent="out").reason == "OK_OUT"
    assert used(day, at(10)).let_in == 3


def test_whoever_annuls_and_comes_again_takes_one_place(day: Day) -> None:
    day.sign_up(9, day.volunteer)
    others = [day.world.add_volunteer(name) for name in ("李秀英", "李建国", "李建军")]
    with clock.at(at(9)):
        for _ in range(4):
            came = scan(day.volunteer, code=day.screen(9), intent="in").attendance
            in_transaction(service.annul, int((came or {})["id"]), actor=day.volunteer.actor)
        for each in others[:2]:
            assert scan(each, code=day.screen(9), confirmed=("WALK_IN",)).reason == "OK_IN"
        assert (used(day, at(9)).let_in, used(day, at(9)).moved_at) == (3, at(9))
        assert scan(day.volunteer, code=code(day, at(9), 1), intent="in").reason == "OK_IN"
        assert used(day, at(9)).let_in == 3
        assert scan(others[2], code=code(day, at(9), 1), confirmed=("WALK_IN",)).reason == "OK_IN"
        assert used(day, at(9)).let_in == 4


@on_sqlite
def test_the_time_of_the_first_opening_is_kept_and_the_ticket_too(day: Day, phone: Phone) -> None:
    fill_code(day)
    with clock.at(at(9)):
        phone.get(f"/S/{day.screen(9)}")
        page = phone.get("/checkin").text
    late = at(9) + timedelta(seconds=20)
    with clock.at(late):
        assert "再看一眼屏幕" in phone.get(phone.send(page, "/checkin")).text
        phone.get(f"/S/{code(day, late, 1)}")
        assert "已签到" in phone.get(phone.send(phone.get("/checkin").text, "/checkin")).text
    mine = [visit for visit in day.visits() if visit["volunteer_id"] == day.volunteer.volunteer_id]
    assert [visit["opened_at"] for visit in mine] == [at(9)]


@on_sqlite
def test_a_refusal_of_long_ago_gives_no_time(day: Day) -> None:
    fill_code(day)
    assert code_of(lambda: day.by_phone(9, code=day.screen(9))) == "checkin.code_full"

    later = at(9) + timedelta(minutes=5, seconds=1)
    with clock.at(later):
        scan(day.volunteer, code=code(day, later, 0))
    assert day.visits()[-1]["opened_at"] == later


@on_sqlite
def test_the_screen_has_the_codes_of_this_step_and_the_next_from_the_one_in_force_on(
    day: Day, client: FlaskClient
) -> None:
    fill_code(day)
    station = public_id(day.world.station_id)
    with clock.at(at(9) + timedelta(seconds=1)):
        shown = client.get(f"/api/v1/stations/{station}/code", headers=day.clerk.headers).json

    assert [each["serial"] for each in shown["serials"]] == [*range(1, 9), *range(8)]
    assert (shown["code"], shown["url"]) == (shown["serials"][0]["code"], shown["serials"][0]["url"])
    assert shown["code"] == code(day, at(9), 1)
    assert shown["serials"][8]["code"] == code(day, at(9) + timedelta(seconds=30), 0)
    assert [shown["serials"][n]["valid_from"] for n in (0, 8)] == [
        (at(9) + timedelta(seconds=after)).isoformat() for after in (0, 30)
    ]


@on_sqlite
def test_the_screen_hears_of_somebody_within_a_second_and_of_nobody_nothing(day: Day, client: FlaskClient) -> None:
    address = f"/api/v1/stations/{public_id(day.world.station_id)}/arrivals"

    def ask(seconds: float, known: str = "") -> tuple[int, dict[str, Any] | None, str]:
        with clock.at(at(9) + timedelta(seconds=seconds)):
            answer = client.get(address, headers=day.clerk.headers | {"If-None-Match": known})
        return answer.status_code, answer.json if answer.data else None, answer.headers["ETag"]

    _status, none, etag = ask(0)
    assert none is not None
    assert (none["serial"], none["count"], none["latest"]) == (0, 0, [])
    assert ask(0.5, etag) == (304, None, etag)
    fill_code(day)
    assert ask(0.9, etag) == (304, None, etag)  # from memory
    _status, some, later = ask(1.6, etag)
    assert some is not None
    assert (some["serial"], some["count"], len(some["latest"])) == (1, 3, 3)
    assert ask(2.7, later)[0] == 304
    _status, next_step, _etag = ask(30, later)
    assert next_step is not None
    assert (next_step["serial"], next_step["count"]) == (0, 0)


def signalled(day: Day) -> list[str]:
    with clock.at(at(12)):
        found = in_snapshot(signals_since, day.world.center_id, at(8), most=9)
    return [each.kind for each in found]


@on_sqlite
def test_a_code_opened_long_after_the_screen_left_it_is_worth_a_look(day: Day) -> None:
    day.sign_up(9)
    with clock.at(at(9) + timedelta(seconds=39)):
        scan(day.world.add_volunteer(), code=day.screen(9), confirmed=("WALK_IN",))
    assert signalled(day) == []
    with clock.at(at(9) + timedelta(seconds=41)):
        assert scan(day.volunteer, code=day.screen(9)).reason == "OK_IN"
    assert signs.LATE in signalled(day)


@on_sqlite
def test_so_is_a_full_code_though_it_lets_nobody_in(day: Day) -> None:
    fill_code(day)
    with clock.at(at(9) + timedelta(seconds=9)):
        assert code_of(lambda: scan(day.volunteer, code=day.screen(9))) == "checkin.code_full"
    assert signalled(day) == []
    with clock.at(at(9) + timedelta(seconds=11)):
        assert code_of(lambda: scan(day.volunteer, code=day.screen(9))) == "checkin.code_full"
    assert signalled(day) == [signs.LATE]


@on_sqlite
def test_more_people_in_a_step_than_the_list_has_are_worth_a_look_once(day: Day) -> None:
    others = [day.world.add_volunteer(name) for name in ("李建国", "赵红梅")]
    day.sign_up(9)
    with clock.at(at(9)):
        for person in (day.volunteer, *others):
            scan(person, code=day.screen(9), confirmed=("WALK_IN",))
    assert signalled(day) == [signs.MORE_THAN_LISTED]
