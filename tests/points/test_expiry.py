"""Expiry: prepared, released, carried out lot by lot; points held or given back keep their dates."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.kernel import clock, runtime
from ledger.kernel.actor import Actor, Grant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry import service as expiry
from ledger.points.expiry.queries import RunView
from ledger.points.models import Lot, LotUse
from ledger.points.policy import POINT, AccountKey, Movement
from tests.points.books import HALF_AN_HOUR, ISSUANCE, REDEEMED, Books, accounts_of, member, rows_of
from tests.points.soundness import assert_lots

DAY = date(2026, 12, 31)
BEFORE = datetime(2026, 6, 3, 8, tzinfo=UTC)
LAST_OF_GRACE = datetime(2027, 1, 30, 15, 59, tzinfo=UTC)
OVER = datetime(2027, 1, 30, 16, 1, tzinfo=UTC)
BREAKAGE = AccountKey(POINT, "breakage", 202612)


@pytest.fixture
def admin(books: Books) -> Actor:
    """The actor who prepares and releases; the two-person rule is tested with approvals."""
    return Actor(1, books.center_id, frozenset({Grant(Permission.PROPOSE, "/")}))


def give(books: Books, amount: int, good_until: date | None, to: int = 1) -> int:
    """Award points good until a day. Returns the transfer."""
    with clock.at(BEFORE):
        return books.post(Movement(ISSUANCE, member(to), amount, "award", good_until=good_until)).transfer_ids[0]


def expire(admin: Actor, *, at: datetime = OVER, ends_on: date = DAY, limit: int = 50) -> RunView:
    """Prepare, release and carry out a run."""
    with clock.at(at):
        run_id = in_transaction(expiry.prepare, ends_on, actor=admin)
        in_transaction(expiry.release, run_id, actor=admin)
        while in_transaction(expiry.carry_out, admin.center_id, limit=limit):
            pass
    return in_snapshot(expiry_queries.get_run, run_id, admin.center_id)


def lots(books: Books) -> list[dict[str, Any]]:
    """The lots, after checking them against their movements."""
    accounts, found, uses = in_snapshot(_rows, books.center_id)
    assert_lots(accounts, found, uses)
    return found


def _rows(session: Session, center_id: int) -> tuple[list[Any], list[Any], list[Any]]:
    return accounts_of(session, center_id), rows_of(session, Lot, center_id), rows_of(session, LotUse, center_id)


def test_what_is_over_goes_to_the_breakage_of_its_month_and_the_rest_stays(books: Books, admin: Actor) -> None:
    give(books, 300, DAY)
    give(books, 200, date(2027, 12, 31))
    give(books, 100, None)

    run = expire(admin)

    assert (run.status, run.expected_lots, run.expected_amount) == ("done", 1, 300)
    assert (run.expired_lots, run.expired_amount) == (1, 300)
    assert books.balance().balance == 300
    assert [lot["remaining"] for lot in lots(books)] == [0, 200, 100]
    (transfer,) = [row for row in books.transfers() if row["code"] == "expiry"]
    assert transfer["credit_account_id"] == books.account_id(BREAKAGE)


def test_within_the_grace_nothing_can_be_prepared(books: Books, admin: Actor) -> None:
    give(books, 300, DAY)
    with clock.at(LAST_OF_GRACE), pytest.raises(Rejected) as refused:
        in_transaction(expiry.prepare, DAY, actor=admin)
    assert refused.value.code == "points.expiry_too_early"
    assert refused.value.context["last_day"] == "2026-12-30"
    assert books.balance().balance == 300


def test_a_run_carried_out_twice_expires_nothing_twice(books: Books, admin: Actor) -> None:
    for number in range(5):
        give(books, 10, DAY, to=number)

    run = expire(admin, limit=2)
    with clock.at(OVER):
        assert in_transaction(expiry.carry_out, books.center_id) == 0
        with pytest.raises(Rejected, match=r"points\.nothing_expires"):
            in_transaction(expiry.prepare, DAY, actor=admin)

    assert (run.expired_lots, run.expired_amount) == (5, 50)
    assert len([row for row in books.transfers() if row["code"] == "expiry"]) == 5


def test_nothing_moves_before_the_release_and_a_run_is_released_once(books: Books, admin: Actor) -> None:
    give(books, 300, DAY)
    with clock.at(OVER):
        run_id = in_transaction(expiry.prepare, DAY, actor=admin)
        assert in_transaction(expiry.carry_out, books.center_id) == 0
        in_transaction(expiry.release, run_id, actor=admin)
        with pytest.raises(Conflict, match=r"points\.expiry_wrong_state"):
            in_transaction(expiry.release, run_id, actor=admin)
        with pytest.raises(Conflict, match=r"points\.expiry_wrong_state"):
            in_transaction(expiry.drop, run_id, actor=admin)
    assert books.balance().balance == 300


def test_what_is_held_does_not_expire_and_goes_with_the_next_run_once_released(books: Books, admin: Actor) -> None:
    give(books, 300, DAY)
    with clock.at(OVER):
        (pending,) = books.hold(100, until=OVER + timedelta(days=90))

    assert expire(admin).expired_amount == 200
    assert (books.balance().balance, books.balance().held) == (100, 100)

    with clock.at(OVER):
        books.resolve([pending], "void")
    assert expire(admin).expired_amount == 100
    assert books.balance().balance == 0


def test_held_points_can_be_spent_after_their_day(books: Books, admin: Actor) -> None:
    give(books, 300, DAY)
    with clock.at(OVER):
        (pending,) = books.hold(100, until=OVER + timedelta(days=90))
    expire(admin)
    with clock.at(OVER + timedelta(days=1)):
        books.resolve([pending], "post")
    assert books.balance().balance == 0
    assert lots(books)[0]["remaining"] == 0


def test_a_refund_goes_back_to_the_lots_it_came_from_last_taken_first(books: Books) -> None:
    give(books, 50, DAY)
    give(books, 50, date(2027, 12, 31))
    with clock.at(BEFORE):
        spent = books.spend(80).transfer_ids[0]
        books.post(Movement(REDEEMED, member(), 40, "refund", refund_of=spent))
    assert [(lot["expires_on"], lot["remaining"]) for lot in lots(books)] == [(DAY, 10), (date(2027, 12, 31), 50)]

    with clock.at(BEFORE):
        books.post(Movement(REDEEMED, member(), 40, "refund", refund_of=spent))
    assert [lot["remaining"] for lot in lots(books)] == [50, 50]
    assert len(lots(books)) == 2


@pytest.mark.parametrize(("at_fault", "left"), [(True, 80), (False, 0)])
def test_a_lot_that_died_meanwhile_is_extended_only_where_the_shop_was_at_fault(
    books: Books, admin: Actor, at_fault: bool, left: int
) -> None:
    give(books, 80, DAY)
    with clock.at(BEFORE):
        spent = books.spend(80).transfer_ids[0]
    extended = date(2027, 3, 2) if at_fault else None
    with clock.at(OVER):
        books.post(Movement(REDEEMED, member(), 80, "refund", refund_of=spent, extend_to=extended))
        if at_fault:
            with pytest.raises(Rejected, match=r"points\.nothing_expires"):
                in_transaction(expiry.prepare, DAY, actor=admin)
        else:
            expire(admin)

    assert books.balance().balance == left
    (lot,) = lots(books)
    assert (lot["expires_on"], lot["extended_to"]) == (DAY, extended)


def test_an_extended_lot_expires_after_its_new_day(books: Books, admin: Actor) -> None:
    give(books, 80, DAY)
    with clock.at(BEFORE):
        spent = books.spend(80).transfer_ids[0]
    with clock.at(OVER):
        back = Movement(REDEEMED, member(), 80, "refund", refund_of=spent, extend_to=date(2027, 3, 2))
        books.post(back)
    run = expire(admin, at=datetime(2027, 4, 2, tzinfo=UTC), ends_on=date(2027, 3, 2))
    assert run.expired_amount == 80


def test_a_gift_carries_its_dates_along(books: Books) -> None:
    give(books, 30, DAY)
    give(books, 30, None)
    with clock.at(BEFORE):
        books.post(Movement(member(1), member(2), 40, "gift"))
    account = books.account_id(member(2))
    given = [(lot["expires_on"], lot["remaining"]) for lot in lots(books) if lot["account_id"] == account]
    assert given == [(DAY, 30), (None, 10)]


def test_the_notice_list_names_who_loses_how_much_and_when(books: Books) -> None:
    give(books, 30, DAY)
    give(books, 20, date(2026, 11, 30))
    give(books, 10, None, to=2)
    give(books, 40, DAY, to=3)
    with clock.at(BEFORE):
        books.hold(5, by=member(3), until=BEFORE + HALF_AN_HOUR)

    found = in_snapshot(
        expiry_queries.list_ending, books.center_id, DAY, request=PageRequest(limit=50, sort="-amount")
    ).items

    assert [(each.owner_id, each.lots, each.amount, each.held) for each in found] == [(1, 2, 50, 0), (3, 1, 40, 5)]
    assert found[0].first_ends_on == date(2026, 11, 30)
    first = in_snapshot(expiry_queries.list_ending, books.center_id, DAY, request=PageRequest(limit=1))
    second = in_snapshot(
        expiry_queries.list_ending, books.center_id, DAY, request=PageRequest(limit=1, after=first.next)
    )
    assert [each.owner_id for each in (*first.items, *second.items)] == [1, 3]


def test_the_job_carries_out_what_is_released(books: Books, admin: Actor, database: Database) -> None:
    give(books, 300, DAY)
    job = next(each for each in jobs.SCHEDULE if each.name == "expire-lots")
    with clock.at(OVER):
        run_id = in_transaction(expiry.prepare, DAY, actor=admin)
        in_transaction(expiry.release, run_id, actor=admin)
        jobs.run(runtime.current(), job, at=datetime(2019, 1, 1, tzinfo=UTC))
    assert books.balance().balance == 0
