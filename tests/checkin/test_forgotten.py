"""Somebody leaves without a scan, or sends the same scan again."""

import pytest

from ledger.checkin import service
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import Rejected
from tests.checkin.days import Day, at, code_of


class TestForgotten:
    """Somebody leaves without a scan."""

    def test_the_job_closes_it_and_posts_nothing(self, day: Day, shift_id: int) -> None:
        day.card(9)
        for hour, closed in ((11.5, 0), (11.58, 0), (11.59, 1), (12, 0)):
            with clock.at(at(hour)):
                assert in_transaction(service.close_forgotten, day.world.center_id) == closed

        visit = day.visits()[0]
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
        visit = day.visits()[0]
        assert (visit["status"], visit["out_scan_id"]) == ("PENDING", late.scan_id)

    def test_the_next_shift_can_be_entered_after_it(self, day: Day, shift_id: int) -> None:
        day.card(9)
        following = day.world.add_shift(at(12))
        with clock.at(at(0)):
            day.world.sign_up(following, day.volunteer)

        assert day.card(11.6).attendance["shift_id"] == following
        assert [visit["status"] for visit in day.visits()] == ["PENDING", "OPEN"]

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
        assert day.visits()[0]["status"] == "OPEN"

    def test_a_refused_scan_stays_refused_when_it_would_be_right_by_now(self, day: Day, shift_id: int) -> None:
        with pytest.raises(Rejected) as refused:
            day.card(8.4, key="retry-0002")
        again = day.card(9, key="retry-0002")

        assert again.replayed
        assert again.refusal is not None
        assert (again.refusal.code, again.refusal.context) == (refused.value.code, refused.value.context)
        assert day.visits() == []

    def test_another_scan_under_the_same_name_is_refused(self, day: Day, shift_id: int) -> None:
        day.card(9, key="retry-0003")

        assert code_of(lambda: day.card(9, key="retry-0003", intent="out")) == "idempotency.mismatch"

    def test_two_devices_may_choose_the_same_name(self, day: Day, shift_id: int) -> None:
        day.card(9, key="retry-0004")

        assert day.by_phone(9.05, key="retry-0004", code=day.screen(9.05)).reason == "ALREADY_CHECKED_IN"
