"""Confirmed hours are corrected or taken back as points are: by two people, by reversals, as a new revision."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book import queries as points
from ledger.points.book import service
from ledger.points.corrections import clawback
from ledger.points.expiry import service as expiry
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


AFTER_EXPIRY = datetime(2028, 2, 16, 4, tzinfo=UTC)


def live_points(day: Day, amount: int) -> None:
    """Let the volunteer earn points in 2028, good until the end of 2029."""
    mine = AccountKey(POINT, "member", day.volunteer.volunteer_id)
    move = Movement(AccountKey(POINT, "issuance"), mine, amount, "award", good_until=date(2029, 12, 31))
    with clock.at(AFTER_EXPIRY):
        source = Source("test", "2", "award")
        in_transaction(service.post, [move], source=source, actor=day.world.builder, reason="test")


def expire(day: Day) -> None:
    """Expire in 2028 what was good until the end of 2027."""
    with clock.at(AFTER_EXPIRY):
        run = in_transaction(expiry.prepare, date(2027, 12, 31), actor=day.world.builder)
        in_transaction(expiry.release, run, actor=day.world.builder)
        while in_transaction(expiry.carry_out, day.world.center_id):
            pass


@on_sqlite
@pytest.mark.parametrize(
    ("spent", "end", "owed"), [(0, 10.983, 0), (0, None, 0), (150, 10, 50), (150, 10.75, 0), (150, None, 150)]
)
def test_what_has_expired_is_not_taken_from_later_points(
    day: Day, office: Office, spent: int, end: float | None, owed: int
) -> None:
    attendance_id = served(day)
    if spent:
        spend(day, spent)
    expire(day)
    live_points(day, 200)

    with clock.at(AFTER_EXPIRY):
        office.approve(propose(office, attendance_id, end))

    assert member(day)[1:] == (200 - owed, 0)
    with clock.at(AFTER_EXPIRY):
        assert code_of(lambda: expire(day)) == "points.nothing_expires"
    wrong = {each.check for each in verified(day.world).differences}
    assert not wrong & {"attendance_posted", "kind_misused", "refund_differs"}


@on_sqlite
def test_taking_back_what_has_expired_leaves_no_debt(day: Day, office: Office) -> None:
    attendance_id = served(day)
    expire(day)
    with clock.at(AFTER_EXPIRY):
        award = in_snapshot(award_of, attendance_id, day.world.center_id)
        foreseen = in_snapshot(clawback.foresee, award, actor=day.world.builder)
        in_transaction(clawback.claw_back, award, actor=day.world.builder, reason="clawback")
        office.approve(propose(office, attendance_id, None))

    assert (foreseen.expired, foreseen.available, foreseen.debt) == (200, 0, 0)
    assert member(day) == (0, 0, 0)


@on_sqlite
def test_a_correction_leaves_the_last_day_of_later_points(day: Day, office: Office) -> None:
    attendance_id = served(day)
    spend(day, 150)
    live_points(day, 200)
    with clock.at(AFTER_EXPIRY):
        office.approve(propose(office, attendance_id, 10.983))
    expire(day)

    # 46 of the old 2.00 were left, and no later point had their last day.
    assert member(day)[1:] == (200, 0)


@on_sqlite
def test_hours_corrected_up_and_down_are_one_award_in_parts(day: Day, office: Office) -> None:
    attendance_id = served(day)

    for end, points_then in ((10, 100), (10.75, 175), (9.5, 50)):
        correct(office, attendance_id, end)
        assert member(day)[1:] == (points_then, 0)
    correct(office, attendance_id, None)

    assert member(day) == (0, 0, 0)
    assert not verified(day.world).differences


@on_sqlite
@pytest.mark.parametrize("end", [10, None])
def test_a_revision_set_back_is_named(day: Day, office: Office, end: float | None) -> None:
    attendance_id = served(day)
    correct(office, attendance_id, end)

    def work(session: Session) -> None:
        session.execute(sa.text("UPDATE attendance SET revision = 1 WHERE id = :id"), {"id": attendance_id})

    in_transaction(work)

    found = [(each.check, each.row_id) for each in verified(day.world).differences]
    assert ("award_missing", attendance_id) in found


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
