"""A second tap is the same tap; who stays through two shifts has served both."""

from datetime import timedelta

import pytest

from ledger.checkin import service
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.organisations import service as organisations
from tests.audit.small_book import verified
from tests.checkin.days import Day, at
from tests.databases import on_sqlite


def spans(day: Day) -> list[tuple[object, object, int, str]]:
    return [(visit["opened_at"], visit["closed_at"], visit["minutes"], visit["status"]) for visit in day.visits()]


def run_the_job(day: Day, hour: float) -> int:
    with clock.at(at(hour)):
        return in_transaction(service.close_forgotten, day.world.center_id)


class TestTap:
    """The same scan once more within a minute."""

    @pytest.mark.parametrize(
        ("seconds", "reason"), [(1, "ALREADY_CHECKED_OUT"), (59, "ALREADY_CHECKED_OUT"), (60, "OK_IN")]
    )
    def test_after_the_check_out_it_checks_in_to_nothing(
        self, day: Day, shift_id: int, seconds: int, reason: str
    ) -> None:
        day.sign_up(11.5)
        day.card(9)
        day.card(11.1)

        assert day.card(at(11.1) + timedelta(seconds=seconds)).reason == reason

    @on_sqlite
    def test_who_says_in_is_let_in_at_once(self, day: Day, shift_id: int) -> None:
        day.sign_up(11.5)
        day.card(9)
        day.card(11.1)

        assert day.card(at(11.1) + timedelta(seconds=5), intent="in").reason == "OK_IN"

    @on_sqlite
    def test_after_a_late_check_out_it_says_the_same(self, day: Day, shift_id: int) -> None:
        day.sign_up(12)
        day.card(9)
        run_the_job(day, 11.7)
        first = day.card(11.4 + 0.7, intent="out")

        assert (first.reason, day.card(at(12.1) + timedelta(seconds=2)).reason) == ("AUTO_CLOSED", "AUTO_CLOSED")
        assert day.visits()[0]["out_scan_id"] == first.scan_id

    @on_sqlite
    def test_another_station_hears_it_too(self, day: Day, shift_id: int) -> None:
        other = day.world.add_station("东门站")
        day.sign_up(9, station_id=other)
        day.by_phone(9, code=day.screen(9))

        assert day.by_phone(9.01, code=day.screen(9.01, other)).reason == "ALREADY_CHECKED_IN"


class TestTwoShifts:
    """From nine to eleven and from eleven to one, signed up for both."""

    @pytest.fixture(autouse=True)
    def following(self, day: Day, shift_id: int) -> int:
        return day.sign_up(11)

    def test_one_check_out_at_the_end_ends_the_last(self, day: Day) -> None:
        day.card(9)
        assert [run_the_job(day, hour) for hour in (11.6, 13.5)] == [0, 0]

        left = day.card(13.1)

        assert (left.reason, left.attendance["minutes"]) == ("OK_OUT", 120)
        assert spans(day) == [(at(9), at(11), 120, "CONFIRMED"), (at(11), at(13.1), 120, "CONFIRMED")]
        assert left.attendance["balances"] == {"minute": 240, "point": 400}
        assert verified(day.world).difference is None

    def test_a_third_and_an_overlapping_one_are_served_too_and_no_minute_twice(self, day: Day) -> None:
        day.sign_up(12, hours=3)
        day.card(9)

        day.card(15)

        assert [minutes for _, _, minutes, _ in spans(day)] == [120, 120, 120]
        assert verified(day.world).difference is None

    @on_sqlite
    def test_who_leaves_before_the_end_of_the_first_has_not_served_the_second(self, day: Day) -> None:
        day.card(9)
        day.card(10.95)
        assert spans(day) == [(at(9), at(10.95), 117, "CONFIRMED")]

    @on_sqlite
    def test_a_scan_soon_after_the_boundary_is_a_check_out(self, day: Day) -> None:
        day.card(9)
        assert day.card(11.1).reason == "OK_OUT"
        assert [minutes for _, _, minutes, _ in spans(day)] == [120, 6]

    @on_sqlite
    def test_who_names_the_second_shift_hears_that_they_are_in(self, day: Day, following: int) -> None:
        day.card(9)
        assert day.card(11.2, shift_id=following).reason == "ALREADY_CHECKED_IN"

    def test_who_forgets_to_leave_the_last_is_found_by_the_job(self, day: Day) -> None:
        day.card(9)
        assert [run_the_job(day, hour) for hour in (11.6, 13.58, 13.6)] == [0, 0, 1]
        assert day.visits()[0]["review_reason"] == "AUTO_CLOSED"

    @on_sqlite
    def test_a_place_that_closed_in_the_second_credits_it(self, day: Day) -> None:
        day.card(9)
        with clock.at(at(12)):
            in_transaction(organisations.close_place, day.world.station_id, actor=day.world.builder)
        day.card(12.5)
        assert [minutes for _, _, minutes, _ in spans(day)] == [120, 90]

    @on_sqlite
    def test_a_place_that_closed_before_it_lets_nobody_go_on(self, day: Day) -> None:
        day.card(9)
        with clock.at(at(10)):
            in_transaction(organisations.close_place, day.world.station_id, actor=day.world.builder)
        day.card(11.4)
        assert [minutes for _, _, minutes, _ in spans(day)] == [120]


@on_sqlite
def test_a_later_shift_after_a_break_is_not_gone_on_into(day: Day, shift_id: int) -> None:
    day.sign_up(12)
    day.card(9)
    assert run_the_job(day, 11.6) == 1
    assert day.card(12).attendance["shift_id"] != public_id(shift_id)
    assert [status for *_, status in spans(day)] == ["PENDING", "OPEN"]


@on_sqlite
def test_a_shift_within_the_grace_is(day: Day, shift_id: int) -> None:
    day.sign_up(11.5)
    day.card(9)
    assert run_the_job(day, 11.6) == 0
    day.card(13.5)
    assert [minutes for _, _, minutes, _ in spans(day)] == [120, 120]


@on_sqlite
def test_a_shift_that_was_not_signed_up_for_is_not_gone_on_into(day: Day, shift_id: int) -> None:
    day.world.add_shift(at(11))
    day.card(9)
    assert day.card(12).reason == "AUTO_CLOSED"
