"""Two centers in one database are isolated."""

import pytest

from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.idempotency import Once
from ledger.kernel.paging import PageRequest
from ledger.points.book import entries, queries
from ledger.points.policy import Balance, Movement
from tests.points.books import ISSUANCE, REDEEMED, Books, member, new_books, new_source


@pytest.fixture
def neighbour(books: Books) -> Books:
    """The book of another center in the same database."""
    return new_books()


def test_same_member_number_is_another_account(books: Books, neighbour: Books) -> None:
    books.award(100)
    neighbour.award(30)
    books.spend(20)
    assert (books.balance(), neighbour.balance()) == (Balance(80, 0), Balance(30, 0))
    lines = {line.kind: line.credits - line.debits for line in in_snapshot(queries.trial_balance, neighbour.center_id)}
    assert lines == {"issuance": -30, "member": 30}


def test_same_source_posts_in_each_center(books: Books, neighbour: Books) -> None:
    source = new_source()
    for book in (books, neighbour):
        book.post(Movement(ISSUANCE, member(), 10, "award"), source=source)
    assert len(in_snapshot(entries.batches_of, source.type, source.ref, books.center_id)) == 1


def test_same_key_is_another_request_in_each_center(books: Books, neighbour: Books) -> None:
    answers = [
        in_transaction_once(Once(book.center_id, "scope", "key", "hash"), lambda _session, book=book: book.center_id)
        for book in (books, neighbour)
    ]
    assert answers == [books.center_id, neighbour.center_id]


def test_keys_of_one_center_mean_nothing_in_another(books: Books, neighbour: Books) -> None:
    posted = books.award(100)
    held = books.hold(10)
    account_id = books.account_id(member())
    codes = {}
    for name, read in {
        "transfer": lambda: in_snapshot(entries.get_transfer, posted.transfer_ids[0], neighbour.center_id),
        "batch": lambda: in_snapshot(entries.get_batch, posted.batch_id, neighbour.center_id),
        "account": lambda: in_snapshot(queries.get_account, account_id, neighbour.center_id),
        "hold": lambda: neighbour.resolve(held, "post"),
        "reversal": lambda: neighbour.post(
            Movement(member(), ISSUANCE, 100, "void", reverses_id=posted.transfer_ids[0])
        ),
    }.items():
        with pytest.raises(LedgerError) as caught:
            read()
        codes[name] = caught.value.code
    assert codes == {
        "transfer": "points.transfer_not_found",
        "batch": "points.batch_not_found",
        "account": "points.account_not_found",
        "hold": "points.pending_transfer_not_found",
        "reversal": "points.transfer_not_found",
    }
    page = in_snapshot(entries.statement, account_id, neighbour.center_id, request=PageRequest())
    assert page.items == []
    assert books.balance() == Balance(100, 10)


def test_centers_of_one_database_are_written_to_at_once(books: Books, neighbour: Books) -> None:
    for book in (books, neighbour):
        book.award(5)
        book.post(Movement(member(), REDEEMED, 5, "redeem"))
    assert [len(book.transfers()) for book in (books, neighbour)] == [2, 2]
