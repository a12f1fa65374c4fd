"""Doubtful attendances: decided by somebody else, credited to their real end, never the same minute twice."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.checkin import service
from ledger.checkin.models import ReviewDecision
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.points.book import queries as points
from ledger.points.policy import MINUTE, POINT, AccountKey
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody
from tests.checkin.days import Day, at, code_of, scan
from tests.world import Person


def balances(day: Day) -> tuple[int, int]:
    """The volunteer's minutes and points in the book."""
    keys = [AccountKey(unit, "member", day.volunteer.volunteer_id) for unit in (MINUTE, POINT)]
    found = in_snapshot(points.balances, keys, day.world.center_id)
    return found[keys[0]].balance, found[keys[1]].balance


def forgotten(day: Day) -> int:
    day.sign_up(9)
    attendance_id: int = day.card(9).attendance["id"]
    with clock.at(at(12)):
        in_transaction(service.close_forgotten, day.world.center_id)
    return attendance_id


def decisions(session: Session, center_id: int) -> list[Any]:
    query = sa.select(ReviewDecision.decision, ReviewDecision.ended_at, ReviewDecision.note)
    return [tuple(row) for row in session.execute(query.where(ReviewDecision.center_id == center_id))]


def test_a_forgotten_check_out_is_credited_to_its_real_end_without_points(day: Day) -> None:
    facts = day.review(forgotten(day), ended_at=at(10.5), note="问过队长")

    assert (facts["status"], facts["minutes"], facts["points"]) == ("CONFIRMED", 90, 0)
    assert balances(day) == (90, 0)
    assert in_snapshot(decisions, day.world.center_id) == [("approve", at(10.5), "问过队长")]


def test_the_policy_may_give_points_for_it(day: Day) -> None:
    body = RuleBody(points_for_forgotten_check_out=1)
    in_transaction(rules.add_version, body, effective_from=at(0), actor=day.world.builder)

    facts = day.review(forgotten(day), ended_at=at(10.5))

    assert (facts["points"], balances(day)) == (150, (90, 150))


def test_a_rejected_one_earns_nothing_and_keeps_the_reason(day: Day) -> None:
    facts = day.review(forgotten(day), approve=False, note="当天没有来")

    assert (facts["status"], balances(day)) == ("REJECTED", (0, 0))
    assert in_snapshot(decisions, day.world.center_id) == [("reject", None, "当天没有来")]


def test_neither_who_scanned_in_nor_who_scanned_out_nor_who_gains_decides(day: Day) -> None:
    body = RuleBody(automatic_minutes_per_day=60)
    in_transaction(rules.add_version, body, effective_from=at(0), actor=day.world.builder)
    second, third = (day.world.add_staff("station_manager") for _ in range(2))
    day.world.employ(day.volunteer, "station_manager")
    day.sign_up(9)
    attendance_id = day.card(9, station_id=day.world.station_id).attendance["id"]
    with clock.at(at(11)):
        pending = scan(second, card=day.volunteer.card, station_id=day.world.station_id)
    assert (pending.outcome, pending.reason) == ("pending", "DAILY_LIMIT_REVIEW")

    def decided_by(person: Person) -> str:
        day.manager = person
        return code_of(lambda: day.review(attendance_id))

    assert decided_by(second) == "checkin.four_eyes_required"
    assert decided_by(day.volunteer) == "checkin.four_eyes_required"
    assert decided_by(day.clerk) == "access.denied"
    day.manager = third
    assert day.review(attendance_id)["minutes"] == 120


@pytest.mark.parametrize("near", ["clerk", "volunteer"])
def test_nobody_of_the_household_of_who_scanned_or_who_gains_decides(day: Day, near: str) -> None:
    day.world.house("柳荫017", day.manager, day.clerk if near == "clerk" else day.volunteer)
    attendance_id = forgotten(day)

    assert code_of(lambda: day.review(attendance_id, ended_at=at(10.5))) == "checkin.same_household"
    assert code_of(lambda: day.review(attendance_id, approve=False, note="没有来")) == "checkin.same_household"
    assert in_snapshot(decisions, day.world.center_id) == []
    day.manager = day.world.add_staff("station_manager")
    assert day.review(attendance_id, ended_at=at(10.5))["minutes"] == 90


def test_only_the_managers_of_the_station_decide(day: Day) -> None:
    attendance_id = forgotten(day)
    day.manager = day.world.add_staff("station_manager", place_id=day.world.add_station("东门站"))

    assert code_of(lambda: day.review(attendance_id, ended_at=at(10))) == "access.denied"


def test_the_end_may_not_lie_ahead(day: Day) -> None:
    attendance_id = forgotten(day)

    assert code_of(lambda: day.review(attendance_id, hour=12, ended_at=at(12.1))) == "checkin.end_out_of_range"


class TestDailyLimit:
    """More than eight hours on one local day need a review."""

    def test_eight_hours_are_confirmed_and_a_minute_more_waits(self, day: Day) -> None:
        day.sign_up(8, hours=4)
        day.sign_up(13, hours=4)
        day.sign_up(18, hours=4)
        for start, end in ((8, 12), (13, 17)):
            day.card(start)
            assert day.card(end).outcome == "ok"
        day.card(18)

        third = day.card(18.2)

        assert (third.outcome, third.reason) == ("pending", "DAILY_LIMIT_REVIEW")
        assert (third.attendance["minutes"], third.attendance["points"]) == (12, 0)
        assert balances(day) == (480, 800)
        facts = day.review(third.attendance["id"], hour=19)
        assert (facts["minutes"], facts["points"], balances(day)) == (12, 20, (492, 820))

    def test_a_visit_over_midnight_counts_for_both_days(self, day: Day) -> None:
        day.sign_up(15, hours=7)
        day.sign_up(22.5, hours=6)
        day.card(15)
        day.card(22)
        day.card(22.5)

        # Seven hours earlier and one and a half before midnight make more than eight.
        assert day.card(28.5).reason == "DAILY_LIMIT_REVIEW"

    def test_what_a_night_leaves_of_yesterday_is_not_held_against_today(self, day: Day) -> None:
        day.sign_up(20, hours=5)
        day.sign_up(26, hours=7)
        for start, end in ((20, 25), (26, 33)):
            day.card(start)
            assert day.card(end).outcome == "ok"
        assert balances(day) == (720, 1200)

    def test_the_hour_after_midnight_is_held_against_today(self, day: Day) -> None:
        day.sign_up(20, hours=5)
        day.sign_up(26, hours=8)
        day.card(20)
        assert day.card(25).outcome == "ok"
        day.card(26)

        assert day.card(34).reason == "DAILY_LIMIT_REVIEW"


def test_minutes_of_overlapping_shifts_are_the_union_and_not_the_sum(day: Day) -> None:
    long, short = day.sign_up(9, hours=4), day.sign_up(9, hours=3)
    assert day.card(9).attendance["shift_id"] == short
    day.card(10.5)
    assert day.card(10.5, intent="in", shift_id=long).attendance["shift_id"] == long
    day.card(12)

    assert balances(day)[0] == 180


def test_who_opened_it_may_void_it_for_a_while(day: Day) -> None:
    day.sign_up(9)
    attendance_id = day.card(9).attendance["id"]
    with clock.at(at(9.25)):
        assert code_of(lambda: in_transaction(service.annul, attendance_id, actor=day.manager.actor)) == "access.denied"
        voided = in_transaction(service.annul, attendance_id, actor=day.clerk.actor)

    assert voided["status"] == "VOID"
    assert day.card(9.3).attendance["visit"] == 2


def test_a_stranger_hears_nothing_of_an_attendance(day: Day) -> None:
    day.sign_up(9)
    attendance_id = day.card(9).attendance["id"]
    stranger = day.world.add_volunteer("李建国")

    assert (
        code_of(lambda: in_transaction(service.annul, attendance_id, actor=stranger.actor))
        == "checkin.attendance_not_found"
    )


@pytest.mark.parametrize("table", ["scan_event", "review_decision"])
def test_facts_are_append_only(day: Day, table: str) -> None:
    day.review(forgotten(day), ended_at=at(10))
    for statement in (f"UPDATE {table} SET center_id = center_id", f"DELETE FROM {table}"):
        with (
            pytest.raises(sa.exc.DBAPIError, match="append only"),
            day.world.database.writer.begin() as connection,
        ):
            connection.exec_driver_sql(statement)
