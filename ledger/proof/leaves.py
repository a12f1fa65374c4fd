"""The canonical bytes of a batch, from which its leaf in the log is made: all that a judge would ask for.

Numbers have a fixed width and texts their length before them, so two different batches never have the same bytes. What
somebody may have typed (the reason, the source's own name) is in it by its digest: no name gets into a leaf.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

VERSION = 1
# Stands for a number that is not there; none of ours is ever that small.
NONE = -(1 << 63)

_HEAD = Struct(">Bqq")
_WHEN_AND_WHO = Struct(">qqq")
_COUNT = Struct(">I")
_TRANSFER = Struct(">13q")
_ACCOUNT = Struct(">qqB")
_LOT = Struct(">5q")
_USE = Struct(">5q")
_NO_ROWS = _COUNT.pack(0)


class BatchFacts(NamedTuple):
    """The header of a batch. Times are microseconds since 1970 in UTC."""

    center_id: int
    id: int
    source_type: str
    source_ref: str
    step: str
    effective_at: int
    recorded_at: int
    actor_id: int
    reason: str
    evidence_hash: str


class TransferFacts(NamedTuple):
    """A transfer; numbers that are not there are NONE, amounts are in minor units of the accounts' unit."""

    id: int
    amount: int
    pending_id: int
    reverses_id: int
    refund_of: int
    debit_version: int
    debit_balance_after: int
    debit_held_after: int
    credit_version: int
    credit_balance_after: int
    credit_held_after: int
    expires_at: int
    recorded_at: int
    debit_account_id: int
    credit_account_id: int
    unit: str
    code: str
    kind: str


class LotFacts(NamedTuple):
    """A lot that a transfer made; `expires_on` in days since 1970, NONE where it never ends."""

    id: int
    account_id: int
    amount: int
    earned_at: int
    expires_on: int


class UseFacts(NamedTuple):
    """What a transfer did to a lot; `extended_to` in days since 1970."""

    position: int
    lot_id: int
    remaining_change: int
    held_change: int
    extended_to: int


def encode_account(account_id: int, unit: str, scale: int, kind: str, owner_id: int) -> bytes:
    """What an account is, as it stands in the leaf of every transfer that moves it."""
    return _ACCOUNT.pack(account_id, owner_id, scale) + _text(unit) + _text(kind)


def encode_batch(
    batch: BatchFacts,
    transfers: Sequence[TransferFacts],
    accounts: Mapping[int, bytes],
    lots: Mapping[int, Sequence[LotFacts]],
    uses: Mapping[int, Sequence[UseFacts]],
) -> bytes:
    """The bytes of a batch with its transfers in the order of their ids.

    `accounts` has what `encode_account` gave for each account by id; `lots` and `uses` are those of each transfer by
    its id, lots in the order of their ids, uses in the order of their positions.
    """
    parts = [
        _HEAD.pack(VERSION, batch.center_id, batch.id),
        _text(batch.source_type),
        hashlib.sha256(batch.source_ref.encode()).digest(),
        _text(batch.step),
        _WHEN_AND_WHO.pack(batch.effective_at, batch.recorded_at, batch.actor_id),
        _digest(batch.reason),
        _own_text(batch.evidence_hash),
        _COUNT.pack(len(transfers)),
    ]
    for transfer in transfers:
        parts += (
            _TRANSFER.pack(*transfer[:13]),
            accounts[transfer.debit_account_id],
            accounts[transfer.credit_account_id],
            _text(transfer.unit),
            _text(transfer.code),
            _text(transfer.kind),
            _rows(_LOT, lots[transfer.id]) if transfer.id in lots else _NO_ROWS,
            _rows(_USE, uses[transfer.id]) if transfer.id in uses else _NO_ROWS,
        )
    return b"".join(parts)


def leaf_hash(encoding: bytes) -> bytes:
    """The leaf of those bytes in the tree of RFC 6962."""
    return hashlib.sha256(b"\x00" + encoding).digest()


def _rows(form: Struct, rows: Iterable[tuple[int, ...]]) -> bytes:
    packed = [form.pack(*row) for row in rows]
    return _COUNT.pack(len(packed)) + b"".join(packed)


def _own_text(text: str) -> bytes:
    encoded = text.encode()
    return _COUNT.pack(len(encoded)) + encoded


# Units, codes and steps are few words that come again and again.
_text = lru_cache(maxsize=4096)(_own_text)


@lru_cache(maxsize=4096)
def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
