"""The facts of batches as sealed bytes, read for many batches at once, so that sealing and verifying are quick.

Verifiers read the log with `stream_leaves`: each leaf with its stored hash and the current hash of its batch.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from ledger.points.policy import COUNTS_AS_POSTED
from ledger.points.sealing.rows import SealRows, Span
from ledger.proof.decoding import Said, decode_batch
from ledger.proof.leaves import (
    NONE,
    BatchFacts,
    Row,
    TransferFacts,
    encode_account,
    encode_batch,
    leaf_hash,
    pack_lots,
    pack_transfers,
)

# Few enough that their rows stay in the processor's cache until they are hashed.
LEAVES_AT_ONCE = 128
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ID, _SOURCE_REF, _RECORDED_AT, _REASON = (
    BatchFacts._fields.index(name) for name in ("id", "source_ref", "recorded_at", "reason")
)
# Positions in a row that begins with the batch's id.
_TRANSFER_ID, _AMOUNT, _UNIT, _KIND = (
    1 + TransferFacts._fields.index(name) for name in ("id", "amount", "unit", "kind")
)
_of = itemgetter(0)
_DEBIT_VERSION, _CREDIT_VERSION, _DEBIT, _CREDIT = (
    1 + TransferFacts._fields.index(name)
    for name in ("debit_version", "credit_version", "debit_account_id", "credit_account_id")
)


class Facts(NamedTuple):
    """A batch as recorded: the bytes that are sealed, and the rows they are made from.

    `recorded_at` is in microseconds since 1970, UTC; `rows` contains transfers of other batches too, sorted by batch.
    """

    encoding: bytes
    leaf_hash: bytes
    recorded_at: int
    row: Row
    rows: Sequence[Row]

    @property
    def batch_id(self) -> int:
        """Key of the batch."""
        return int(self.row[_ID])

    @property
    def typed(self) -> tuple[str, str]:
        """The source's reference and the reason; the leaf has only their digests."""
        return self.row[_SOURCE_REF], self.row[_REASON]

    def said(self) -> Said:
        """Everything else, decoded from the leaf."""
        return decode_batch(self.encoding)

    def folded_moves(self) -> Iterator[tuple[int, int, str]]:
        """Postings to folded accounts: account, amount (negative for debits), unit."""
        begins = bisect_left(self.rows, self.batch_id, key=_of)
        for row in self.rows[begins : bisect_right(self.rows, self.batch_id, key=_of)]:
            if row[_KIND] in COUNTS_AS_POSTED:
                if row[_DEBIT_VERSION] == NONE:
                    yield row[_DEBIT], -row[_AMOUNT], row[_UNIT]
                if row[_CREDIT_VERSION] == NONE:
                    yield row[_CREDIT], row[_AMOUNT], row[_UNIT]


# A stored leaf (index, batch, hash) with the facts of its batch, None if there is no such batch.
LeafRow = tuple[int, int, bytes, Facts | None]


class FactsReader:
    """Reads the facts of a center's batches; accounts are read once, all of them upfront for the whole log.

    A batch whose account or unit is gone (only the database's owner can do that) counts as missing.
    """

    def __init__(self, session: Session, center_id: int, *, all_accounts: bool = False) -> None:
        self._rows = SealRows(session, center_id)
        self._accounts: dict[int, bytes] = {}
        self._days = _Days({None: NONE})
        if all_accounts:
            self._learn(self._rows.all_accounts())

    def read(self, batch_ids: Sequence[int]) -> dict[int, Facts]:
        """Facts of the given batches that exist, and possibly of some batches posted between them."""
        found: dict[int, Facts] = {}
        for span in self._rows.spans_of_batches(sorted(batch_ids)):
            self._read(span, found)
        return found

    def _read(self, span: Span, found: dict[int, Facts]) -> None:
        micros, rows = _Micros({None: NONE}), self._rows.transfers(span)
        packed, lost = self._packed(rows, micros)
        transfers_of, new = packed.get, tuple.__new__
        for row in self._rows.batches(span):
            key = row[_ID]
            if key not in lost:
                encoding = encode_batch(row, transfers_of(key, []), micros)
                # Facts(...) would take as long as the hashing.
                found[key] = new(Facts, (encoding, leaf_hash(encoding), micros[row[_RECORDED_AT]], row, rows))

    def _packed(self, rows: Sequence[Row], micros: "_Micros") -> tuple[dict[int, list[bytes]], set[int]]:
        """Packed transfers by batch, and the batches whose account is gone."""
        lots: dict[int, bytes] = {}
        for made, used in self._rows.lots(sorted([row[_TRANSFER_ID] for row in rows])):
            lots |= pack_lots(made, used, micros, self._days)
        try:
            return pack_transfers(rows, self._accounts, lots, micros), set()
        except KeyError:
            lost = self._need(rows)
        whole = [row for row in rows if row[0] not in lost]
        return pack_transfers(whole, self._accounts, lots, micros), lost

    def _need(self, rows: Sequence[Row]) -> set[int]:
        """Read the accounts not known yet. Returns the batches of accounts that don't exist."""
        missing = {row[side] for row in rows for side in (_DEBIT, _CREDIT)} - self._accounts.keys()
        self._learn(self._rows.accounts(sorted(missing)))
        missing -= self._accounts.keys()
        return {row[0] for row in rows if row[_DEBIT] in missing or row[_CREDIT] in missing}

    def _learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._accounts[row[0]] = encode_account(*row)


def instant(microseconds: int) -> datetime:
    """The instant for a leaf's microseconds."""
    return _EPOCH + microseconds * _MICROSECOND


def stream_leaves(session: Session, center_id: int, *, start: int = 0) -> Iterator[LeafRow]:
    """The log from leaf `start` on, in order, each leaf with the facts of its batch; read a chunk at a time.

    A missing index is skipped: the verifier counts.
    """
    rows = SealRows(session, center_id)
    reader = FactsReader(session, center_id, all_accounts=start == 0)
    while leaves := rows.leaves(start, LEAVES_AT_ONCE):
        facts_of = reader.read([batch_id for _, batch_id, _ in leaves]).get
        for leaf_index, batch_id, hash_ in leaves:
            yield leaf_index, batch_id, hash_, facts_of(batch_id)
        start = leaves[-1][0] + 1


class _Micros(dict[Any, int]):
    """Microseconds of an instant as the driver returns it; a batch and its transfers mostly share one."""

    def __missing__(self, moment: str | datetime) -> int:
        instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        found = self[moment] = (instant - _EPOCH) // _MICROSECOND
        return found


class _Days(dict[Any, int]):
    """Days since 1970 of a day as the driver returns it."""

    def __missing__(self, day: str | date) -> int:
        found = self[day] = (date.fromisoformat(day) if isinstance(day, str) else day).toordinal() - _EPOCH_DAY
        return found
