"""Confirmed hours are corrected or taken back as points are: by two people, by reversals, as a new revision."""

from typing import Any

import pytest

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book import queries as points
from ledger.points.book import service
from ledger.points.corrections import clawback
from ledger.points.policy import MINUTE, POINT, AccountKey, Movement, Source
from tests.approvals.office import Office
from tests.audit.small_book import verified
from tests.checkin.days import Day, at, award_of, code_of
from tests.databases import on_sqlite


@pytest.fixture
def office(day: Day) -> Office:
    """Two administrators, for the day's volunteer."""
    office = Office(day.world)
    office.volunteer = day.volunteer
    return office


def served(day: Day) -> int:
    """Two hours, confirmed: 120 minutes, 2.00 points."""
    day.sign_up(9)
    day.card(9)
    attendance_id: int = day.card(11).attendance["id"]
    return attendance_id


def propose(office: Office, attendance_id: int, ended: float | None) -> int:
    """Propose another end, or to take all of it back."""
    end = None if ended is None else at(ended).isoformat()
    return office.propose("checkin.hours", {"attendance_id": public_id(attendance_id), "ended_at": end})


def correct(office: Office, attendance_id: int, ended: float | None) -> None:
    """Propose and approve it in the afternoon."""
    with clock.at(at(15)):
        office.approve(propose(office, attendance_id, ended))


def member(day: Day) -> tuple[int, int, int]:
    """The volunteer's minutes, points and debt in the book."""
    keys = [AccountKey(unit, kind, day.volunteer.volunteer_id)
            for unit, kind in ((MINUTE, "member"), (POINT, "member"), (POINT, "debt"))]  # fmt: skip
    found = in_snapshot(points.balances, keys, day.world.center_id)
    minutes, mine, debt = (found[key].balance for key in keys)
    return minutes, mine, debt


def visit(day: Day) -> dict[str, Any]:
    [found] = day.visits()
    return {name: found[name] for name in ("status", "minutes", "points", "revision", "review_reason")}


def spend(day: Day, amount: int) -> None:
    """Let the volunteer spend points, by hand."""
    move = Movement(
        AccountKey(POINT, "member", day.volunteer.volunteer_id), AccountKey(POINT, "redeemed", 1), amount, "spent"
    )
    source = Source("test", "1", "spend")
    in_transaction(service.post, [move], source=source, actor=day.world.builder, reason="test")


@on_sqlite
def test_hours_are_taken_back_whole(day: Day, office: Office) -> None:
    attendance_id = served(day)

    correct(office, attendance_id, None)

    assert member(day) == (0, 0, 0)
    assert visit(day) == {"status": "VOID", "minutes": 0, "points": 0, "revision": 2, "review_reason": None}
    assert not verified(day.world).differences


@on_sqlite
def test_hours_get_another_end_and_are_posted_anew(day: Day, office: Office) -> None:
    attendance_id = served(day)

    correct(office, attendance_id, 10)

    assert member(day) == (60, 100, 0)
    corrected = {"status": "CONFIRMED", "minutes": 60, "points": 100, "revision": 2, "review_reason": "CORRECTED"}
    assert visit(day) == corrected
    correct(office, attendance_id, 10.5)
    assert (member(day), visit(day)["revision"]) == ((90, 150, 0), 3)
    assert not verified(day.world).differences


@on_sqlite
def test_what_is_spent_already_is_owed(day: Day, office: Office) -> None:
    attendance_id = served(day)
    spend(day, 150)

    correct(office, attendance_id, 10)

    # 0.50 were there, 1.50 were owed; the new award of 1.00 pays of that.
    assert member(day) == (60, 0, -50)
    correct(office, attendance_id, None)
    assert member(day) == (0, 0, -150)


@on_sqlite
def test_points_clawed_back_before_are_not_taken_twice_nor_given_again(day: Day, office: Office) -> None:
    attendance_id = served(day)
    with clock.at(at(12)):
        award = in_snapshot(award_of, attendance_id, day.world.center_id)
        in_transaction(clawback.claw_back, award, actor=day.world.builder, reason="clawback")

    assert code_of(lambda: propose_at(office, attendance_id, 10)) == "checkin.points_taken_back"
    correct(office, attendance_id, None)
    assert member(day) == (0, 0, 0)
    assert not verified(day.world).differences


def propose_at(office: Office, attendance_id: int, ended: float | None, hour: float = 15) -> int:
    with clock.at(at(hour)):
        return propose(office, attendance_id, ended)


@on_sqlite
def test_only_confirmed_hours_are_corrected_and_to_a_possible_end(day: Day, office: Office) -> None:
    attendance_id = served(day)

    told = [code_of(lambda end=end: propose_at(office, attendance_id, end)) for end in (8.5, 16, 11)]

    assert told == ["checkin.end_out_of_range", "checkin.end_out_of_range", "checkin.nothing_to_correct"]
    waiting = propose_at(office, attendance_id, None)
    assert code_of(lambda: propose_at(office, attendance_id, 10)) == "approvals.already_proposed"
    assert code_of(lambda: office.approve(waiting, by=office.first)) == "approvals.two_people_needed"
    with clock.at(at(15.5)):
        office.approve(waiting)
    assert code_of(lambda: propose_at(office, attendance_id, 10)) == "checkin.wrong_state"
