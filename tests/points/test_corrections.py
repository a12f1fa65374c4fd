"""Corrections: a new transfer names the original and takes it back wholly, once, or in parts up to the whole."""

import pytest

from ledger.kernel import clock
from ledger.kernel.errors import Conflict, LedgerError, NotFound, Rejected
from ledger.points.book.service import Posted
from ledger.points.policy import AccountKey, Balance, Movement
from tests.points.books import HALF_AN_HOUR, ISSUANCE, REDEEMED, Books, member


def back(amount: int, *, reverses: int | None = None, refund_of: int | None = None) -> Movement:
    """The reverse movement of a redemption."""
    return Movement(REDEEMED, member(), amount, "void", reverses_id=reverses, refund_of=refund_of)


@pytest.fixture
def sold(books: Books) -> Posted:
    """Award 100 points and spend 60 of them."""
    books.award(100)
    return books.spend(60)


def refusal(books: Books, *movements: Movement) -> str:
    """The code of the refusal; asserts that nothing changed."""
    before = (books.accounts(), books.transfers())
    with pytest.raises(LedgerError) as caught:
        books.post(*movements)
    assert (books.accounts(), books.transfers()) == before
    return caught.value.code


def test_reversal_gives_all_back_once(books: Books, sold: Posted) -> None:
    books.post(back(60, reverses=sold.transfer_ids[0]))
    assert books.balance() == Balance(100, 0)
    with pytest.raises(Conflict) as caught:
        books.post(back(60, reverses=sold.transfer_ids[0]))
    assert caught.value.code == "points.already_reversed"
    assert books.balance() == Balance(100, 0)


def test_what_was_held_and_posted_is_reversed_in_the_amount_posted(books: Books) -> None:
    books.award(100)
    (held,) = books.hold(60)
    posted = books.resolve([held], "post", amounts={held: 25})
    assert refusal(books, back(60, reverses=posted.transfer_ids[0])) == "points.exceeds_refundable"
    books.post(back(25, reverses=posted.transfer_ids[0]))
    assert books.balance() == Balance(100, 0)


def test_one_batch_can_not_reverse_twice(books: Books, sold: Posted) -> None:
    twice = [back(60, reverses=sold.transfer_ids[0])] * 2
    assert refusal(books, *twice) == "points.already_reversed"


def test_reversal_is_the_mirror_of_the_whole(books: Books, sold: Posted) -> None:
    (original,) = sold.transfer_ids
    wrong = [
        back(59, reverses=original),
        Movement(member(), REDEEMED, 40, "void", reverses_id=original),
        Movement(REDEEMED, member(2), 60, "void", reverses_id=original),
        Movement(AccountKey("point", "redeemed", 8), member(), 60, "void", reverses_id=original),
    ]
    assert {refusal(books, movement) for movement in wrong} == {"points.correction_must_mirror"}


def test_correction_is_not_corrected(books: Books, sold: Posted) -> None:
    reversal = books.post(back(60, reverses=sold.transfer_ids[0]))
    again = Movement(member(), REDEEMED, 60, "redeem", reverses_id=reversal.transfer_ids[0])
    assert refusal(books, again) == "points.transfer_not_correctable"
    second = books.spend(10)
    refund = books.post(back(5, refund_of=second.transfer_ids[0]))
    assert refusal(books, back(5, refund_of=refund.transfer_ids[0])) == "points.transfer_not_correctable"


def test_only_what_was_posted_is_corrected(books: Books) -> None:
    books.award(100)
    held = books.hold(60)
    voided = books.resolve(held, "void")
    for transfer_id in (*held, *voided.transfer_ids):
        assert refusal(books, back(60, reverses=transfer_id)) == "points.transfer_not_correctable"


def test_correction_is_posted_at_once(books: Books, sold: Posted) -> None:
    """A pending correction could be voided, which would leave its original undecided."""
    later = Movement(REDEEMED, member(), 60, "void", clock.now() + HALF_AN_HOUR, reverses_id=sold.transfer_ids[0])
    assert refusal(books, later) == "points.transfer_not_correctable"


def test_refunds_add_up_to_the_original_at_most(books: Books, sold: Posted) -> None:
    (original,) = sold.transfer_ids
    books.post(back(20, refund_of=original))
    books.post(back(20, refund_of=original))
    with pytest.raises(Rejected) as caught:
        books.post(back(21, refund_of=original))
    assert caught.value.code == "points.exceeds_refundable"
    assert caught.value.context == {"amount": 21, "refundable": 20}
    assert refusal(books, back(10, refund_of=original), back(11, refund_of=original)) == "points.exceeds_refundable"
    books.post(back(20, refund_of=original))
    assert books.balance() == Balance(100, 0)


def test_reversal_after_a_refund_and_refund_after_a_reversal(books: Books, sold: Posted) -> None:
    (original,) = sold.transfer_ids
    books.post(back(1, refund_of=original))
    assert refusal(books, back(60, reverses=original)) == "points.exceeds_refundable"
    second = books.spend(10)
    books.post(back(10, reverses=second.transfer_ids[0]))
    assert refusal(books, back(1, refund_of=second.transfer_ids[0])) == "points.already_reversed"


def test_reversal_can_not_overdraw(books: Books) -> None:
    """The award has been spent meanwhile; taking it back needs a claw-back, not a negative balance."""
    award = books.award(100)
    books.spend(60)
    take_back = Movement(member(), ISSUANCE, 100, "void", reverses_id=award.transfer_ids[0])
    assert refusal(books, take_back) == "points.exceeds_credits"


def test_unknown_original(books: Books, sold: Posted) -> None:
    with pytest.raises(NotFound) as caught:
        books.post(back(60, reverses=12345))
    assert caught.value.code == "points.transfer_not_found"
