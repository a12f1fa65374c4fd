"""The canonical bytes of a batch, from which its leaf in the log is made: every fact that an auditor would ask for.

Numbers have a fixed width and texts a length prefix, so different batches never have the same bytes. Typed text (the
reason, the source's reference) enters as its digest: no name gets into a leaf.

Many batches are packed at once, from database rows: the columns of the facts below in their order, NONE for a null
number. `micros` and `days` map each time and day, as the database returns them, to numbers.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

VERSION = 1
# Stands for null; no real number is that small.
NONE = -(1 << 63)

_HEAD = Struct(">Bqq")
_WHEN_AND_WHO = Struct(">qqq")
_COUNT = Struct(">I")
_TRANSFER = Struct(">13q")
_ACCOUNT = Struct(">qqB")
_LOT = Struct(">5q")
_USE = Struct(">5q")
_NO_ROWS = _COUNT.pack(0)
_NO_LOTS = _NO_ROWS + _NO_ROWS

Row = Sequence[Any]
Numbers = Mapping[Any, int]


class BatchFacts(NamedTuple):
    """The header of a batch. Times are microseconds since 1970, UTC."""

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
    """A transfer; null numbers are NONE, amounts are in minor units of the accounts' unit."""

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
    """A lot that a transfer made; `expires_on` in days since 1970, NONE if it never ends."""

    id: int
    account_id: int
    amount: int
    earned_at: int
    expires_on: int


class UseFacts(NamedTuple):
    """A lot movement of a transfer; `extended_to` in days since 1970."""

    position: int
    lot_id: int
    remaining_change: int
    held_change: int
    extended_to: int


def encode_account(account_id: int, unit: str, scale: int, kind: str, owner_id: int) -> bytes:
    """Identity of an account, as encoded in the leaf of every transfer that moves it."""
    return _ACCOUNT.pack(account_id, owner_id, scale) + _text(unit) + _text(kind)


def pack_lots(made: Iterable[Row], used: Iterable[Row], micros: Numbers, days: Numbers) -> dict[int, bytes]:
    """Lots and lot movements by transfer id.

    Rows are the transfer's id and the columns of LotFacts, ordered by lot id, or UseFacts, ordered by position.
    """
    lots: dict[int, bytes] = {}
    for transfer_id, lot_id, account_id, amount, earned_at, expires_on in made:
        lot = _LOT.pack(lot_id, account_id, amount, micros[earned_at], days[expires_on])
        lots[transfer_id] = lots[transfer_id] + lot if transfer_id in lots else lot
    uses: dict[int, bytes] = {}
    for transfer_id, position, lot_id, remaining_change, held_change, extended_to in used:
        use = _USE.pack(position, lot_id, remaining_change, held_change, days[extended_to])
        uses[transfer_id] = uses[transfer_id] + use if transfer_id in uses else use
    packed = {transfer_id: _NO_ROWS + _counted(rows, _USE) for transfer_id, rows in uses.items()}
    for transfer_id, rows in lots.items():
        used_too = _counted(uses[transfer_id], _USE) if transfer_id in uses else _NO_ROWS
        packed[transfer_id] = _counted(rows, _LOT) + used_too
    return packed


def pack_transfers(
    rows: Iterable[Row], accounts: Mapping[int, bytes], lots: Mapping[int, bytes], micros: Numbers
) -> dict[int, list[bytes]]:
    """The transfers of each batch. Rows are the batch's id and the columns of TransferFacts, grouped by batch.

    `accounts` maps ids to results of `encode_account`, `lots` is the result of `pack_lots`. Raises KeyError for an
    unknown account.
    """
    found: dict[int, list[bytes]] = {}
    batch_id = recorded_at = at = None
    packed: list[bytes] = []
    pack, join, words, lots_of = _TRANSFER.pack, b"".join, _words, lots.get
    for row in rows:
        # Unpacked in one step for speed: this loop dominates the reading of a log.
        (of, key, amount, pending, reverses, refund, debit_version, debit_after, debit_held, credit_version,
         credit_after, credit_held, expires_at, recorded, debit, credit, unit, code, kind) = row  # fmt: skip
        if of != batch_id:
            batch_id = of
            packed = found[of] = []
        if recorded != recorded_at:
            recorded_at, at = recorded, micros[recorded]
        numbers = pack(
            key, amount, pending, reverses, refund, debit_version, debit_after, debit_held, credit_version,
            credit_after, credit_held, micros[expires_at], at,
        )  # fmt: skip
        parts = (numbers, accounts[debit], accounts[credit], words(unit, code, kind), lots_of(key, _NO_LOTS))
        packed.append(join(parts))
    return found


def encode_batch(row: Row, transfers: list[bytes], micros: Numbers) -> bytes:
    """The bytes of a batch. `row` has the columns of BatchFacts, `transfers` come from `pack_transfers`."""
    center_id, key, source_type, source_ref, step, effective_at, recorded_at, actor_id, reason, evidence_hash = row
    evidence = evidence_hash.encode()
    if len(transfers) > 1:
        # Each begins with its id, which is never negative, so byte order is id order.
        transfers.sort()
    return b"".join(
        (
            _HEAD.pack(VERSION, center_id, key),
            _text(source_type),
            hashlib.sha256(source_ref.encode()).digest(),
            _text(step),
            _WHEN_AND_WHO.pack(micros[effective_at], micros[recorded_at], actor_id),
            _digest(reason),
            _COUNT.pack(len(evidence)),
            evidence,
            _COUNT.pack(len(transfers)),
            *transfers,
        )
    )


def leaf_hash(encoding: bytes) -> bytes:
    """The RFC 6962 leaf hash of the bytes."""
    return hashlib.sha256(b"\x00" + encoding).digest()


def _counted(rows: bytes, form: Struct) -> bytes:
    return _COUNT.pack(len(rows) // form.size) + rows


def _own_text(text: str) -> bytes:
    encoded = text.encode()
    return _COUNT.pack(len(encoded)) + encoded


# Units, codes and steps are a few recurring words.
_text = lru_cache(maxsize=4096)(_own_text)


@lru_cache(maxsize=4096)
def _words(unit: str, code: str, kind: str) -> bytes:
    return _own_text(unit) + _own_text(code) + _own_text(kind)


@lru_cache(maxsize=4096)
def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
