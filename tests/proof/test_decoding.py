"""Decoding a leaf restores every fact and accepts no other bytes."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.proof.decoding import decode_batch
from ledger.proof.leaves import BatchFacts, LotFacts, TransferFacts, UseFacts, encode_account
from tests.proof.encoding import encoded, rows

ids = st.integers(1, 1 << 62)


transfers = st.lists(rows(TransferFacts, id=ids), max_size=3, unique_by=lambda each: each.id)
parcels = st.lists(st.tuples(st.lists(rows(LotFacts), max_size=2), st.lists(rows(UseFacts), max_size=2)), min_size=3)


@given(rows(BatchFacts), transfers, parcels)
def test_what_went_in_comes_out(batch: BatchFacts, moved: list[TransferFacts], made: Any) -> None:
    accounts = {key: encode_account(key, "point", 2, "member", 7) for each in moved for key in each[13:15]}
    lots = {each.id: made[number][0] for number, each in enumerate(moved)}
    uses = {each.id: made[number][1] for number, each in enumerate(moved)}

    said = decode_batch(encoded(batch, moved, accounts, lots, uses))

    assert said.batch._replace(source_ref=batch.source_ref, reason=batch.reason) == batch
    assert said.transfers == sorted(moved)
    assert (said.lots, said.uses) == (lots, uses)


def test_other_bytes_are_refused() -> None:
    encoding = encoded(BatchFacts(1, 2, "visit", "3", "award", 4, 5, 6, "award", "ab"), [], {}, {}, {})

    with pytest.raises(ValueError, match="a leaf of version 2"):
        decode_batch(b"\x02" + encoding[1:])
    with pytest.raises(ValueError, match="something behind its end"):
        decode_batch(encoding + b"\x00")
    with pytest.raises(struct.error):
        decode_batch(encoding[:-1])
