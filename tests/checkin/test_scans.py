"""What a scan does: in, out, neither, or both; and what a retry is answered."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import codes, service
from ledger.checkin.models import Attendance
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, LedgerError, Rejected
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody
from tests.checkin.conftest import Day, at, code_of, scan


def attendances(session: Session, center_id: int) -> list[dict[str, Any]]:
    query = sa.select(Attendance.__table__).where(Attendance.center_id == center_id).order_by(Attendance.opened_at)
    return [dict(row._mapping) for row in session.execute(query)]


def visits(day: Day) -> list[dict[str, Any]]:
    return in_snapshot(attendances, day.world.center_id)


@pytest.fixture
def shift_id(day: Day) -> int:
    """A shift from nine to eleven that the volunteer has signed up for."""
    made = day.world.add_shift(at(9))
    with clock.at(at(0)):
        day.world.sign_up(made, day.volunteer)
    return made


def screen(day: Day, hour: float, station_id: int | None = None) -> str:
    return codes.screen_code(day.world.center_id, station_id or day.world.station_id, 1, at(hour)).code


def by_phone(day: Day, hour: float, **known: Any) -> Any:
    with clock.at(at(hour)):
        return scan(day.volunteer, **known)


@pytest.mark.usefixtures("shift_id")
class TestIntent:
    """One shift from nine to eleven, signed up for."""

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
        assert visits(day)[0]["status"] == "OPEN"

    @pytest.mark.parametrize("minutes", [0, 1, 9])
    def test_a_double_scan_at_the_check_out_never_checks_in_again(self, day: Day, minutes: int) -> None:
        day.card(9)
        day.card(10.5)

        again = day.card(at(10.5) + timedelta(minutes=minutes))

        assert (again.outcome, again.reason) == ("info", "ALREADY_CHECKED_OUT")
        assert again.next_actions == ["explain", "check_in"]
        assert [visit["status"] for visit in visits(day)] == ["CONFIRMED"]

    def test_who_comes_back_later_is_checked_in_again(self, day: Day) -> None:
        day.card(9)
        day.card(9.5)
        assert day.card(10).reason == "OK_IN"
        day.card(11)

        assert [(visit["visit"], visit["minutes"]) for visit in visits(day)] == [(1, 30), (2, 60)]

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
        by_phone(day, 9, code=screen(day, 9, other), shift_id=shift_id)

    assert (refusal.value.code, refusal.value.context["station"]) == ("checkin.wrong_station", "柳荫站")


def test_a_scan_where_nothing_is_on_sends_back_to_where_the_person_is_in(day: Day, shift_id: int) -> None:
    by_phone(day, 9, code=screen(day, 9))
    other = day.world.add_station("东门站")

    with pytest.raises(Rejected) as refusal:
        by_phone(day, 10, code=screen(day, 10, other))

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
    by_phone(day, 9, code=screen(day, 9))

    yes = ("OPEN_SESSION_ELSEWHERE", "WALK_IN")
    answer = by_phone(day, 10.5, code=screen(day, 10.5, other), confirmed=yes)

    assert answer.reason == "OK_IN"
    first, second = visits(day)
    assert (first["status"], first["minutes"], first["closed_at"]) == ("CONFIRMED", 90, at(10.5))
    assert (second["status"], second["opened_at"]) == ("OPEN", at(10.5))


def test_back_to_back_shifts_at_a_station_are_credited_whole(day: Day, shift_id: int) -> None:
    following = day.world.add_shift(at(11))
    day.card(9)
    yes = ("OPEN_SESSION_ELSEWHERE", "WALK_IN")

    day.card(11.1, shift_id=following, confirmed=yes)
    day.card(13)

    assert [visit["minutes"] for visit in visits(day)] == [120, 120]


class TestForgotten:
    """Somebody leaves without a scan."""

    def test_the_job_closes_it_and_posts_nothing(self, day: Day, shift_id: int) -> None:
        day.card(9)
        for hour, closed in ((11.5, 0), (11.51, 1), (12, 0)):
            with clock.at(at(hour)):
                assert in_transaction(service.close_forgotten, day.world.center_id) == closed

        visit = visits(day)[0]
        assert (visit["status"], visit["review_reason"]) == ("PENDING", "AUTO_CLOSED")
        assert (visit["closed_at"], visit["minutes"], visit["points"]) == (at(11.5), 0, 0)

    @pytest.mark.parametrize("intent", ["auto", "out"])
    @pytest.mark.parametrize("job_was_first", [False, True])
    def test_a_late_check_out_is_said_and_kept_as_evidence(
        self, day: Day, shift_id: int, intent: str, job_was_first: bool
    ) -> None:
        day.card(9)
        if job_was_first:
            with clock.at(at(11.6)):
                in_transaction(service.close_forgotten, day.world.center_id)

        late = day.card(12, intent=intent)

        assert (late.outcome, late.reason) == ("pending", "AUTO_CLOSED")
        visit = visits(day)[0]
        assert (visit["status"], visit["out_scan_id"]) == ("PENDING", late.scan_id)

    def test_the_next_shift_can_be_entered_after_it(self, day: Day, shift_id: int) -> None:
        day.card(9)
        following = day.world.add_shift(at(12))
        with clock.at(at(0)):
            day.world.sign_up(following, day.volunteer)

        assert day.card(11.6).attendance["shift_id"] == following
        assert [visit["status"] for visit in visits(day)] == ["PENDING", "OPEN"]

    def test_it_is_said_once_and_then_a_scan_means_what_it_says(self, day: Day, shift_id: int) -> None:
        day.card(9)
        day.card(11.6)
        day.world.add_shift(at(12))

        assert code_of(lambda: day.card(11.7)) == "checkin.walk_in"


class TestRetry:
    """The same scan sent again."""

    def test_an_accepted_scan_is_answered_the_same(self, day: Day, shift_id: int) -> None:
        first = day.card(9, key="retry-0001")
        again = day.card(10.9, key="retry-0001")

        assert again.replayed
        assert (again.reason, again.attendance) == (first.reason, first.attendance)
        assert visits(day)[0]["status"] == "OPEN"

    def test_a_refused_scan_stays_refused_when_it_would_be_right_by_now(self, day: Day, shift_id: int) -> None:
        with pytest.raises(Rejected) as refused:
            day.card(8.4, key="retry-0002")
        again = day.card(9, key="retry-0002")

        assert again.replayed
        assert again.refusal is not None
        assert (again.refusal.code, again.refusal.context) == (refused.value.code, refused.value.context)
        assert visits(day) == []

    def test_another_scan_under_the_same_name_is_refused(self, day: Day, shift_id: int) -> None:
        day.card(9, key="retry-0003")

        assert code_of(lambda: day.card(9, key="retry-0003", intent="out")) == "idempotency.mismatch"

    def test_two_devices_may_choose_the_same_name(self, day: Day, shift_id: int) -> None:
        day.card(9, key="retry-0004")

        assert by_phone(day, 9.05, key="retry-0004", code=screen(day, 9.05)).reason == "ALREADY_CHECKED_IN"


class TestTicket:
    """A code exchanged before the log-in."""

    def test_it_lives_for_five_minutes(self, day: Day, shift_id: int) -> None:
        ticket = in_snapshot(codes.read_code, screen(day, 9), at(9))
        text = codes.write_ticket(ticket, at(9))

        assert codes.read_ticket(text, at(9) + timedelta(minutes=5)) == ticket
        assert codes.read_ticket(text, at(9) + timedelta(minutes=5, seconds=1)) is None
        assert codes.read_ticket(text[:-2] + "xx", at(9)) is None
        assert codes.read_ticket("", at(9)) is None

    def test_its_owner_may_use_it_again(self, day: Day, shift_id: int) -> None:
        ticket = in_snapshot(codes.read_code, screen(day, 9), at(9))
        by_phone(day, 9, ticket=ticket)

        answer = by_phone(day, 9.05, ticket=ticket, intent="out", confirmed=("DWELL_TOO_SHORT",))

        assert answer.reason == "OK_OUT"

    def test_the_screens_two_earlier_codes_are_taken_and_no_older_one(self, day: Day) -> None:
        moment = at(9)
        shown = [
            codes.screen_code(day.world.center_id, day.world.station_id, 1, moment - timedelta(seconds=30 * steps)).code
            for steps in range(4)
        ]

        def read(code: str) -> str:
            try:
                return in_snapshot(codes.read_code, code, moment).method
            except LedgerError as refusal:
                return refusal.code

        assert [read(code) for code in shown] == ["screen", "screen", "screen", "checkin.code_expired"]

    def test_a_code_is_read_in_any_case_and_with_its_address(self, day: Day) -> None:
        code = codes.paper_code(day.world.center_id, day.world.station_id, 1).code

        for text in (code, code.lower(), f"HTTPS://JF.EXAMPLE.ORG/S/{code}", f"https://jf.example.org/s/{code}/"):
            assert in_snapshot(codes.read_code, text, at(9)).method == "paper"

    @pytest.mark.parametrize("text", ["", "/", "S/", "你好", "A" * 300, "=" * 47, "\x00"])
    def test_what_is_no_code_is_refused(self, day: Day, text: str) -> None:
        assert code_of(lambda: in_snapshot(codes.read_code, text, at(9))) == "checkin.code_invalid"

    def test_every_character_of_a_code_counts(self, day: Day) -> None:
        code = screen(day, 9)
        for place, letter in enumerate(code):
            forged = code[:place] + ("B" if letter == "A" else "A") + code[place + 1 :]
            assert code_of(lambda forged=forged: in_snapshot(codes.read_code, forged, at(9))) == "checkin.code_invalid"

    def test_a_code_of_another_center_is_none_of_ours(self, day: Day) -> None:
        code = codes.screen_code(day.world.center_id + 1, day.world.station_id, 1, at(9)).code

        assert code_of(lambda: in_snapshot(codes.read_code, code, at(9))) == "checkin.code_invalid"


def test_the_windows_are_the_policys(day: Day) -> None:
    body = RuleBody(early_minutes=5, late_minutes=60, shortest_stay_minutes=0)
    in_transaction(rules.add_version, body, effective_from=at(0), actor=day.world.builder)
    shift_id = day.world.add_shift(at(9))
    with clock.at(at(0)):
        day.world.sign_up(shift_id, day.volunteer)

    assert code_of(lambda: day.card(8.9)) == "checkin.too_early"
    day.card(8.95)
    assert day.card(11.9).attendance["minutes"] == 120
