"""The bytes of a leaf contain every fact, are unique per batch, and never change."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.proof.leaves import NONE, BatchFacts, LotFacts, TransferFacts, UseFacts, encode_account, leaf_hash
from tests.proof.encoding import encoded

BATCH = BatchFacts(7, 8, "redemption", "123", "post", 1_000_000, 2_000_000, 9, "redemption", "ab" * 32)
TRANSFER = TransferFacts(
    id=10, amount=500, pending_id=3, reverses_id=NONE, refund_of=NONE, debit_version=4, debit_balance_after=1500,
    debit_held_after=0, credit_version=NONE, credit_balance_after=NONE, credit_held_after=NONE, expires_at=NONE,
    recorded_at=2_000_000, debit_account_id=20, credit_account_id=21, unit="point", code="redeem", kind="post",
)  # fmt: skip
ACCOUNTS = {20: (20, "point", 2, "member", 30), 21: (21, "point", 2, "redeemed", 31)}


@dataclass(frozen=True)
class Book:
    """One batch with all inputs of its leaf."""

    batch: BatchFacts = BATCH
    transfers: tuple[TransferFacts, ...] = (TRANSFER,)
    accounts: dict[int, tuple[int, str, int, str, int]] = field(default_factory=lambda: dict(ACCOUNTS))
    lots: dict[int, list[LotFacts]] = field(default_factory=lambda: {10: [LotFacts(40, 20, 500, 1_500_000, 20_000)]})
    uses: dict[int, list[UseFacts]] = field(default_factory=lambda: {10: [UseFacts(0, 41, -500, 0, NONE)]})

    @property
    def encoding(self) -> bytes:
        """The bytes of the leaf."""
        accounts = {account_id: encode_account(*account) for account_id, account in self.accounts.items()}
        return encoded(self.batch, self.transfers, accounts, self.lots, self.uses)


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    return value + 1 if isinstance(value, int) else value + "x"


def forgeries() -> dict[str, Book]:
    """Copies of the book with one fact changed each."""
    book = Book()
    found = {
        f"batch {name}": replace(book, batch=BATCH._replace(**{name: changed(getattr(BATCH, name))}))
        for name in BATCH._fields
    }
    for name in TRANSFER._fields:
        if not name.endswith("account_id"):
            forged = TRANSFER._replace(**{name: changed(getattr(TRANSFER, name))})
            lots = {forged.id: book.lots[10]}
            found[f"transfer {name}"] = replace(book, transfers=(forged,), lots=lots, uses={forged.id: book.uses[10]})
    for number, account in ACCOUNTS.items():
        for at, value in enumerate(account):
            other: Any = (*account[:at], changed(value), *account[at + 1 :])
            found[f"account {number} {at}"] = replace(book, accounts=ACCOUNTS | {number: other})
    lot, use = book.lots[10][0], book.uses[10][0]
    for name in lot._fields:
        found[f"lot {name}"] = replace(book, lots={10: [lot._replace(**{name: changed(getattr(lot, name))})]})
    for name in use._fields:
        found[f"use {name}"] = replace(book, uses={10: [use._replace(**{name: changed(getattr(use, name))})]})
    sides = TRANSFER._replace(debit_account_id=21, credit_account_id=20)
    return found | {
        "sides changed over": replace(book, transfers=(sides,)),
        "transfer gone": replace(book, transfers=()),
        "transfer twice": replace(book, transfers=(TRANSFER, TRANSFER)),
        "lot gone": replace(book, lots={}),
        "use gone": replace(book, uses={}),
    }


@pytest.mark.parametrize("forgery", forgeries())
def test_every_fact_is_in_the_leaf(forgery: str) -> None:
    assert leaf_hash(forgeries()[forgery].encoding) != leaf_hash(Book().encoding)


def test_leaves_of_the_first_version_stay_as_they_are() -> None:
    """Sealed leaves must stay verifiable for ever: a new layout needs a new version byte."""
    encoding = Book().encoding
    assert encoding[0] == 1
    assert hashlib.sha256(encoding).hexdigest() == "bde945175bc0676c37e4535f5fe61c8625f0d4d8b8442236dc47757bcced5cca"
    assert leaf_hash(encoding) == hashlib.sha256(b"\x00" + encoding).digest()


texts = st.text(max_size=5)


@given(st.tuples(texts, texts, texts, texts), st.tuples(texts, texts, texts, texts))
def test_texts_do_not_run_into_each_other(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    names = ("source_type", "step", "evidence_hash", "source_ref")
    one, other = (
        replace(Book(), batch=BATCH._replace(**dict(zip(names, each, strict=True)))).encoding
        for each in (first, second)
    )
    assert (one == other) == (first == second)


def test_what_somebody_typed_is_not_in_the_leaf() -> None:
    book = replace(Book(), batch=BATCH._replace(reason="王桂兰多领了一袋", source_ref="wang-gui-lan"))
    assert "王桂兰".encode() not in book.encoding
    assert b"wang" not in book.encoding
