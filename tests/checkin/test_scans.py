"""What a scan does: in, out, neither, or both."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Rejected
from ledger.people.identities import queries as identities
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody
from tests.checkin.days import Day, at, code_of


@pytest.mark.usefixtures("shift_id")
class TestIntent:
    """One shift from nine to eleven with a sign-up."""

    def test_auto_is_in_then_already_in_then_out(self, day: Day) -> None:
        answers = [day.card(hour) for hour in (8.6, 8.7, 11.2)]

        assert [(answer.outcome, answer.reason) for answer in answers] == [
            ("ok", "OK_IN"),
            ("info", "ALREADY_CHECKED_IN"),
            ("ok", "OK_OUT"),
        ]
        assert [answer.next_actions for answer in answers] == [["check_out"], ["check_out"], ["explain"]]
        assert (answers[2].attendance["minutes"], answers[2].attendance["points"]) == (120, 200)

    @pytest.mark.parametrize("minutes", [0, 1, 9])
    def test_a_double_scan_never_checks_out(self, day: Day, minutes: int) -> None:
        day.card(9)

        assert day.card(at(9) + timedelta(minutes=minutes)).reason == "ALREADY_CHECKED_IN"
        assert day.visits()[0]["status"] == "OPEN"

    @pytest.mark.parametrize("minutes", [0, 1, 9])
    def test_a_double_scan_at_the_check_out_never_checks_in_again(self, day: Day, minutes: int) -> None:
        day.card(9)
        day.card(10.5)

        again = day.card(at(10.5) + timedelta(minutes=minutes))

        assert (again.outcome, again.reason) == ("info", "ALREADY_CHECKED_OUT")
        assert again.next_actions == ["explain", "check_in"]
        assert [visit["status"] for visit in day.visits()] == ["CONFIRMED"]

    def test_who_comes_back_later_is_checked_in_again(self, day: Day) -> None:
        day.card(9)
        day.card(9.5)
        assert day.card(10).reason == "OK_IN"
        day.card(11)

        assert [(visit["visit"], visit["minutes"]) for visit in day.visits()] == [(1, 30), (2, 60)]

    def test_who_says_in_comes_back_at_once(self, day: Day) -> None:
        day.card(9)
        day.card(9.5)

        assert day.card(9.55, intent="in").reason == "OK_IN"

    def test_in_never_checks_out(self, day: Day) -> None:
        day.card(9)

        assert day.card(10.9, intent="in").reason == "ALREADY_CHECKED_IN"

    def test_out_asks_about_a_short_stay_and_leaves_when_confirmed(self, day: Day) -> None:
        day.card(9)
        with pytest.raises(Conflict) as asked:
            day.card(9.1, intent="out")

        assert asked.value.context["minutes"] == 6
        assert asked.value.context["needed"] == 10
        answer = day.card(9.1, intent="out", confirmed=("DWELL_TOO_SHORT",))
        assert (answer.reason, answer.attendance["minutes"]) == ("OK_OUT", 6)

    def test_out_twice_is_said_and_changes_nothing(self, day: Day) -> None:
        day.card(9)
        first = day.card(11, intent="out")
        again = day.card(11.4, intent="out")

        assert again.reason == "ALREADY_CHECKED_OUT"
        assert again.attendance["id"] == first.attendance["id"]

    def test_the_number_and_the_phone_do_as_well_as_the_card(self, day: Day) -> None:
        number = day.world.number_of(day.volunteer)
        assert day.card(9, card=number).reason == "OK_IN"
        assert day.card(11, card="".join(chr(ord(digit) + 0xFEE0) for digit in number)).reason == "OK_OUT"

    @pytest.mark.parametrize("write", [lambda number: number.lstrip("0"), lambda number: f"{number[:4]}-{number[4:]} "])
    def test_the_number_is_read_as_people_write_it(self, day: Day, write: Callable[[str], str]) -> None:
        answer = day.card(9, card=write(day.world.number_of(day.volunteer)))
        assert (answer.reason, answer.attendance["volunteer_id"]) == ("OK_IN", day.volunteer.volunteer_id)

    def test_a_phone_is_taken_in_any_notation(self, day: Day) -> None:
        phone = in_snapshot(identities.phone_of, day.volunteer.identity_id, day.world.center_id)
        assert day.card(9, card=f"(+86) {phone[3:6]} {phone[6:10]} {phone[10:]}").reason == "OK_IN"


def test_the_window_is_told_with_the_time_of_the_server(day: Day, shift_id: int) -> None:
    with pytest.raises(Rejected) as early:
        day.card(8.4)
    with pytest.raises(Rejected) as late:
        day.card(11)

    for refusal, hour in ((early.value, 8.4), (late.value, 11)):
        assert refusal.context["opens"] == at(8.5).isoformat()
        assert refusal.context["closed"] == at(11).isoformat()
        assert refusal.context["now"] == at(hour).isoformat()
    assert day.card(8.5).reason == "OK_IN"


def test_the_volunteers_own_station_is_named(day: Day) -> None:
    other = day.world.add_station("东门站")
    shift_id = day.world.add_shift(at(9), station_id=other)
    with clock.at(at(0)):
        day.world.sign_up(shift_id, day.volunteer)

    with pytest.raises(Rejected) as refusal:
        day.card(9)

    assert refusal.value.context["station"] == "东门站"


def test_a_shift_named_at_the_wrong_station_says_the_right_one(day: Day, shift_id: int) -> None:
    other = day.world.add_station("东门站")

    with pytest.raises(Rejected) as refusal:
        day.by_phone(9, code=day.screen(9, other), shift_id=shift_id)

    assert (refusal.value.code, refusal.value.context["station"]) == ("checkin.wrong_station", "柳荫站")


def test_a_scan_where_nothing_is_on_sends_back_to_where_the_person_is_in(day: Day, shift_id: int) -> None:
    day.by_phone(9, code=day.screen(9))
    other = day.world.add_station("东门站")

    with pytest.raises(Rejected) as refusal:
        day.by_phone(10, code=day.screen(10, other))

    assert (refusal.value.code, refusal.value.context["station"]) == ("checkin.wrong_station", "柳荫站")


def test_a_walk_in_is_asked_and_admitted(day: Day) -> None:
    shift_id = day.world.add_shift(at(9))
    with pytest.raises(Conflict) as asked:
        day.card(9)

    assert asked.value.context["shift_id"] == shift_id
    assert day.card(9, confirmed=("WALK_IN",)).reason == "OK_IN"


def test_a_full_shift_does_not_hide_one_that_has_room(day: Day) -> None:
    with clock.at(at(0)):
        day.world.sign_up(day.world.add_shift(at(9), capacity=1), day.world.add_volunteer("李建国"))
    roomy = day.world.add_shift(at(9), hours=3, capacity=1)

    assert day.card(9, confirmed=("WALK_IN",)).attendance["shift_id"] == roomy


def test_a_switch_closes_the_first_and_opens_the_second(day: Day, shift_id: int) -> None:
    other = day.world.add_station("东门站")
    day.world.add_shift(at(10), station_id=other)
    day.by_phone(9, code=day.screen(9))

    yes = ("OPEN_SESSION_ELSEWHERE", "WALK_IN")
    answer = day.by_phone(10.5, code=day.screen(10.5, other), confirmed=yes)

    assert answer.reason == "OK_IN"
    first, second = day.visits()
    assert (first["status"], first["minutes"], first["closed_at"]) == ("CONFIRMED", 90, at(10.5))
    assert (second["status"], second["opened_at"]) == ("OPEN", at(10.5))


def test_back_to_back_shifts_at_a_station_are_credited_whole(day: Day, shift_id: int) -> None:
    following = day.world.add_shift(at(11))
    day.card(9)
    yes = ("OPEN_SESSION_ELSEWHERE", "WALK_IN")

    day.card(11.1, shift_id=following, confirmed=yes)
    day.card(13)

    assert [visit["minutes"] for visit in day.visits()] == [120, 120]


def test_the_windows_are_the_policys(day: Day) -> None:
    body = RuleBody(early_minutes=5, late_minutes=60, shortest_stay_minutes=0)
    in_transaction(rules.add_version, body, effective_from=at(0), actor=day.world.builder)
    shift_id = day.world.add_shift(at(9))
    with clock.at(at(0)):
        day.world.sign_up(shift_id, day.volunteer)

    assert code_of(lambda: day.card(8.9)) == "checkin.too_early"
    day.card(8.95)
    assert day.card(11.9).attendance["minutes"] == 120
