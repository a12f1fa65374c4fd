"""Every code in the ledger's registry is produced by a test."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError, registered_codes, text_of
from ledger.points.book import entries, queries
from ledger.points.expiry import queries as expiry_queries
from ledger.points.policy import MINUTE, AccountKey, Movement
from tests.databases import on_sqlite
from tests.points.books import HALF_AN_HOUR, ISSUANCE, REDEEMED, Books, member, new_source

TESTS = Path(__file__).parents[1]


def _already_posted(books: Books) -> None:
    source = new_source()
    for _ in range(2):
        books.post(Movement(ISSUANCE, member(), 1, "award"), source=source)


def _closed(books: Books) -> None:
    books.award(10)
    in_transaction(_close, books.center_id)
    books.award(10)


def _close(session: Session, center_id: int) -> None:
    statement = sa.text("UPDATE account SET closed_at = opened_at WHERE center_id = :c AND kind = 'member'")
    session.execute(statement, {"c": center_id})


def _held(books: Books, *, before: timedelta = timedelta(0)) -> list[int]:
    with clock.at(clock.now() - before):
        books.award(100)
        return books.hold(60)


def _resolve_twice(kind: str) -> Callable[[Books], object]:
    def produce(books: Books) -> None:
        held = _held(books)
        books.resolve(held, kind)  # type: ignore[arg-type]
        books.resolve(held, "post")

    return produce


def _back(books: Books, amount: int, *, original: int, way: str = "reverses_id", mirrored: bool = True) -> None:
    sides = (REDEEMED, member()) if mirrored else (member(), REDEEMED)
    books.post(Movement(*sides, amount, "void", **{way: original}))


def _sold(books: Books) -> int:
    books.award(100)
    return books.spend(10).transfer_ids[0]


def _reverse_twice(books: Books) -> None:
    sold = _sold(books)
    for _ in range(2):
        _back(books, 10, original=sold)


def _read(query: Callable[..., object]) -> Callable[[Books], object]:
    return lambda books: in_snapshot(query, 12345, books.center_id)


PRODUCED: dict[str, Callable[[Books], object]] = {
    "amount_must_be_positive": lambda books: books.award(0),
    "accounts_must_be_different": lambda books: books.post(Movement(member(), member(), 1, "gift")),
    "accounts_must_have_the_same_unit": lambda books: books.post(Movement(ISSUANCE, member(1, MINUTE), 1, "award")),
    "account_not_found": _read(queries.get_account),
    "account_closed": _closed,
    "exceeds_credits": lambda books: books.spend(1),
    "already_posted": _already_posted,
    "pending_transfer_not_found": lambda books: books.resolve([12345], "void"),
    "pending_transfer_not_pending": lambda books: books.resolve(books.award(1).transfer_ids, "void"),
    "pending_transfer_already_posted": _resolve_twice("post"),
    "pending_transfer_already_voided": _resolve_twice("void"),
    "pending_transfer_expired": lambda books: books.resolve(_held(books, before=HALF_AN_HOUR), "post"),
    "pending_transfer_not_expired": lambda books: books.resolve(_held(books), "expire"),
    "exceeds_pending_transfer_amount": lambda books: books.resolve(held := _held(books), "post", amounts={held[0]: 61}),
    "already_reversed": _reverse_twice,
    "transfer_not_correctable": lambda books: _back(books, 60, original=_held(books)[0]),
    "correction_must_mirror": lambda books: _back(books, 10, original=_sold(books), mirrored=False),
    "exceeds_refundable": lambda books: _back(books, 11, original=_sold(books), way="refund_of"),
    "unit_unknown": lambda books: books.award(1, AccountKey("tractors", "member", 1)),
    "transfer_not_found": _read(entries.get_transfer),
    "batch_not_found": _read(entries.get_batch),
    "expiry_run_not_found": _read(expiry_queries.get_run),
}


@pytest.mark.parametrize("reason", PRODUCED)
def test_code_is_produced(books: Books, reason: str) -> None:
    with pytest.raises(LedgerError) as caught:
        PRODUCED[reason](books)
    assert caught.value.code == f"points.{reason}"


@pytest.mark.parametrize("reason", PRODUCED)
@on_sqlite
def test_words_of_a_code_are_filled_by_its_context(books: Books, reason: str) -> None:
    with pytest.raises(LedgerError) as caught:
        PRODUCED[reason](books)
    text = text_of(caught.value.code)
    for words in (text.zh, text.en, text.next_zh, text.next_en):
        assert words.format_map(caught.value.context)


def test_no_code_is_left_out() -> None:
    """Codes not produced here are named by another test."""
    others = " ".join(file.read_text() for file in TESTS.rglob("test_*.py") if file != Path(__file__))
    registered = {code.removeprefix("points.") for code in registered_codes() if code.startswith("points.")}
    named = {reason for reason in registered if re.search(rf"points\\?\.{reason}\b", others)}
    assert registered - named - set(PRODUCED) == set()
    assert set(PRODUCED) <= registered
