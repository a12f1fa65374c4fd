"""Claw-backs: a wrong award is taken from available points, the rest becomes a debt that the next awards pay."""

import pytest

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Rejected
from ledger.points.book import queries
from ledger.points.book.service import Posted
from ledger.points.corrections import clawback
from ledger.points.policy import MINUTE, POINT, AccountKey, Movement
from tests.points.books import ISSUANCE, REDEEMED, Books, member, new_source

DEBT = AccountKey(POINT, "debt", 1)
CLAWBACK = AccountKey(POINT, "clawback")


def take_back(books: Books, transfer_id: int) -> Posted:
    """Claw an award back."""
    return in_transaction(clawback.claw_back, transfer_id, actor=books.actor, reason="test")


def award(books: Books, *movements: Movement) -> Posted:
    """Post awards the way check-in does."""

    def work(session: object) -> Posted:
        return books.post_in(session, *clawback.pay_debt_first(session, movements, actor=books.actor))  # type: ignore[arg-type]

    return in_transaction(work)


def debt(books: Books) -> int:
    """The member's debt, as a negative balance."""
    return in_snapshot(queries.balance, DEBT, books.center_id).balance


def test_an_award_that_is_still_there_comes_back_whole(books: Books) -> None:
    wrong = books.award(100).transfer_ids[0]
    books.award(30)
    take_back(books, wrong)
    assert (books.balance().balance, debt(books)) == (30, 0)


def test_what_is_spent_already_becomes_a_debt_and_no_balance_is_below_zero(books: Books) -> None:
    wrong = books.award(100).transfer_ids[0]
    books.spend(80)
    take_back(books, wrong)
    assert (books.balance().balance, debt(books)) == (0, -80)


def test_what_is_held_is_not_taken(books: Books) -> None:
    wrong = books.award(100).transfer_ids[0]
    (pending,) = books.hold(60)
    take_back(books, wrong)
    assert (books.balance().balance, books.balance().held, debt(books)) == (60, 60, -60)
    books.resolve([pending], "post")
    assert books.balance().balance == 0


@pytest.mark.parametrize(("earned", "left", "owed"), [(50, 0, -30), (80, 0, 0), (100, 20, 0)])
def test_the_next_award_pays_the_debt_first(books: Books, earned: int, left: int, owed: int) -> None:
    wrong = books.award(80).transfer_ids[0]
    books.spend(80)
    take_back(books, wrong)

    minutes = Movement(AccountKey(MINUTE, "service"), member(1, MINUTE), 60, "hours")
    award(books, minutes, Movement(ISSUANCE, member(), earned, "award"))

    assert (books.balance().balance, debt(books)) == (left, owed)
    assert books.balance(member(1, MINUTE)).balance == 60


def test_somebody_elses_award_pays_nothing(books: Books) -> None:
    wrong = books.award(80).transfer_ids[0]
    books.spend(80)
    take_back(books, wrong)
    award(books, Movement(ISSUANCE, member(2), 50, "award"))
    assert (books.balance(member(2)).balance, debt(books)) == (50, -80)


def test_a_debt_can_not_be_paid_beyond_what_is_owed(books: Books) -> None:
    wrong = books.award(80).transfer_ids[0]
    books.spend(80)
    take_back(books, wrong)
    with pytest.raises(Rejected, match=r"points\.exceeds_debits"):
        books.post(Movement(ISSUANCE, DEBT, 81, "debt_paid"))
    assert debt(books) == -80


def test_an_award_is_taken_back_once_whichever_way(books: Books) -> None:
    wrong = books.award(100).transfer_ids[0]
    take_back(books, wrong)
    with pytest.raises(Conflict, match=r"points\.already_reversed"):
        take_back(books, wrong)
    other = books.award(100).transfer_ids[0]
    books.post(Movement(member(), ISSUANCE, 100, "back", reverses_id=other))
    with pytest.raises(Conflict, match=r"points\.already_reversed"):
        take_back(books, other)


def test_after_a_clawback_nothing_of_the_award_can_be_reversed(books: Books) -> None:
    wrong = books.award(100).transfer_ids[0]
    books.award(100)
    take_back(books, wrong)
    with pytest.raises(Rejected, match=r"points\.exceeds_refundable"):
        books.post(Movement(member(), ISSUANCE, 100, "back", reverses_id=wrong), source=new_source("back"))


def test_only_awards_are_clawed_back(books: Books) -> None:
    books.award(100)
    spent = books.spend(10).transfer_ids[0]
    with pytest.raises(Rejected, match=r"points\.not_an_award"):
        take_back(books, spent)
    assert REDEEMED.kind == "redeemed"


def test_it_takes_the_lots_of_the_award_before_others(books: Books) -> None:
    books.award(40)
    wrong = books.award(100).transfer_ids[0]
    posted = take_back(books, wrong)
    assert books.balance().balance == 40
    assert len(posted.transfer_ids) == 1
