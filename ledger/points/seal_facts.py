"""The facts of batches as the bytes that are sealed, read for many at once, so that sealing and verifying are quick.

Whoever verifies walks the log by `stream_leaves`: each leaf with its stored hash and what its batch hashes to now.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.models import Account, Batch, Lot, LotUse, Transfer, Unit
from ledger.points.seal_models import Leaf
from ledger.proof.leaves import (
    NONE,
    BatchFacts,
    LotFacts,
    TransferFacts,
    UseFacts,
    encode_account,
    encode_batch,
    leaf_hash,
)

LEAVES_AT_ONCE = 1_024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BY_KEY = itemgetter(0)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()

_account, _batch, _transfer, _unit = (table_of(each) for each in (Account, Batch, Transfer, Unit))
_lot, _use, _leaf = table_of(Lot), table_of(LotUse), table_of(Leaf)


def _bare(table: sa.Table, name: str) -> "sa.ColumnElement[Any]":
    """A column as the driver gives it, NONE where it is empty: converting each value in between costs the most."""
    column = table.c[name]
    bare = sa.type_coerce(column, sa.types.NULLTYPE)
    if not column.nullable or not isinstance(column.type, sa.BigInteger):
        return bare
    return sa.func.coalesce(bare, sa.literal_column(f"({NONE})"))


_IDS: "sa.BindParameter[Any]" = sa.bindparam("ids", expanding=True)
_CENTER: "sa.BindParameter[Any]" = sa.bindparam("center")
_of_batches = sa.and_(_transfer.c.center_id == _CENTER, _transfer.c.batch_id.in_(_IDS))
_BATCHES = sa.select(*(_bare(_batch, name) for name in BatchFacts._fields)).where(
    _batch.c.center_id == _CENTER, _batch.c.id.in_(_IDS)
)
# By the batches alone, and put in order afterwards: for an order by key, or a join that it may begin at the other end,
# SQLite walks over all that the center has, and a block would cost as much as the book is long.
_ids_of_batches = sa.select(_transfer.c.id).where(_of_batches)
_TRANSFERS = sa.select(*(_bare(_transfer, name) for name in TransferFacts._fields), _transfer.c.batch_id).where(
    _of_batches
)
_LOTS = sa.select(*(_bare(_lot, name) for name in LotFacts._fields), _lot.c.transfer_id).where(
    _lot.c.center_id == _CENTER, _lot.c.transfer_id.in_(_ids_of_batches)
)
_USES = (
    sa.select(*(_bare(_use, name) for name in UseFacts._fields), _use.c.transfer_id)
    .where(_use.c.center_id == _CENTER, _use.c.transfer_id.in_(_ids_of_batches))
    .order_by(_use.c.transfer_id, _use.c.position)
)
_ACCOUNTS = (
    sa.select(_account.c.id, _account.c.unit, _unit.c.scale, _account.c.kind, _account.c.owner_id)
    .join(_unit, sa.and_(_unit.c.center_id == _account.c.center_id, _unit.c.code == _account.c.unit))
    .where(_account.c.center_id == _CENTER)
)
_SOME_ACCOUNTS = _ACCOUNTS.where(_account.c.id.in_(_IDS))
_LEAVES = (
    sa.select(_leaf.c.leaf_index, _leaf.c.batch_id, _leaf.c.hash)
    .where(_leaf.c.center_id == _CENTER, _leaf.c.leaf_index >= sa.bindparam("start"))
    .order_by(_leaf.c.leaf_index)
    .limit(sa.bindparam("limit"))
)


class Facts(NamedTuple):
    """A batch as it stands in the book, and the bytes that are sealed of it. Times in microseconds since 1970, UTC.

    `lots` and `uses` are by transfer, and may hold those of other batches that were read with it.
    """

    batch: BatchFacts
    transfers: list[TransferFacts]
    lots: Mapping[int, Sequence[LotFacts]]
    uses: Mapping[int, Sequence[UseFacts]]
    encoding: bytes

    @property
    def leaf_hash(self) -> bytes:
        """What its leaf must be."""
        return leaf_hash(self.encoding)


class LeafRow(NamedTuple):
    """A leaf as it is stored, and the facts of its batch; None where there is no such batch."""

    leaf_index: int
    batch_id: int
    hash: bytes
    facts: Facts | None

    @property
    def true(self) -> bool:
        """Whether the batch is still what was sealed."""
        return self.facts is not None and self.facts.leaf_hash == self.hash


class FactsReader:
    """Reads the facts of a center's batches; accounts are read once, all of them before a walk through the whole log.

    A batch that has lost an account or a unit (nobody but the database's owner can do that) counts as none.
    """

    def __init__(self, session: Session, center_id: int, *, all_accounts: bool = False) -> None:
        self._connection = session.connection()
        self._center_id = center_id
        self._accounts: dict[int, bytes] = {}
        self._times: dict[Any, int] = {}
        if all_accounts:
            self._learn(self._connection.execute(_ACCOUNTS, {"center": center_id}))

    def read(self, batch_ids: Sequence[int]) -> dict[int, Facts]:
        """The facts of those of the batches that are there."""
        transfers, lots, uses = self._transfers(batch_ids), self._lots(batch_ids), self._uses(batch_ids)
        found, micros, accounts = {}, self._micros, self._accounts
        for row in self._rows(_BATCHES, batch_ids):
            batch = BatchFacts._make((*row[:5], micros(row[5]), micros(row[6]), *row[7:]))
            of_batch = transfers[batch.id]
            try:
                encoding = encode_batch(batch, of_batch, accounts, lots, uses)
            except KeyError:
                continue
            found[batch.id] = Facts(batch, of_batch, lots, uses, encoding)
        self._times.clear()
        return found

    def _transfers(self, batch_ids: Sequence[int]) -> dict[int, list[TransferFacts]]:
        found: defaultdict[int, list[TransferFacts]] = defaultdict(list)
        micros, sides = self._micros, set()
        for row in sorted(self._rows(_TRANSFERS, batch_ids), key=_BY_KEY):
            facts = TransferFacts._make((*row[:11], micros(row[11]), micros(row[12]), *row[13:18]))
            found[row[18]].append(facts)
            sides.add(row[13])
            sides.add(row[14])
        self._need(sides)
        return found

    def _lots(self, batch_ids: Sequence[int]) -> dict[int, list[LotFacts]]:
        found: defaultdict[int, list[LotFacts]] = defaultdict(list)
        for *numbers, earned_at, expires_on, transfer_id in sorted(self._rows(_LOTS, batch_ids), key=_BY_KEY):
            facts = LotFacts._make((*numbers, self._micros(earned_at), _days(expires_on)))
            found[transfer_id].append(facts)
        return found

    def _uses(self, batch_ids: Sequence[int]) -> dict[int, list[UseFacts]]:
        found: defaultdict[int, list[UseFacts]] = defaultdict(list)
        for *numbers, extended_to, transfer_id in self._rows(_USES, batch_ids):
            extended = NONE if extended_to is None else _days(extended_to)
            found[transfer_id].append(UseFacts._make((*numbers, extended)))
        return found

    def _rows(self, query: "sa.Select[Any]", ids: Sequence[int]) -> Sequence[Any]:
        return self._connection.execute(query, {"center": self._center_id, "ids": ids}).all()

    def _micros(self, moment: Any) -> int:
        """Microseconds of an instant as the driver gives it; a batch and its transfers mostly have the same one."""
        known = self._times.get(moment)
        if known is None:
            known = self._times[moment] = _micros(moment)
        return known

    def _need(self, ids: set[int]) -> None:
        missing = ids - self._accounts.keys()
        if missing:
            self._learn(self._rows(_SOME_ACCOUNTS, sorted(missing)))

    def _learn(self, rows: Any) -> None:
        for row in rows:
            self._accounts[row[0]] = encode_account(*row)


def instant(microseconds: int) -> datetime:
    """The instant that a leaf names by its microseconds."""
    return _EPOCH + microseconds * _MICROSECOND


def stream_leaves(session: Session, center_id: int, *, start: int = 0) -> Iterator[LeafRow]:
    """The log from a leaf on, in the order of the leaves, each with the facts of its batch; a block at a time.

    An index that is not there is simply left out: whoever verifies counts.
    """
    reader = FactsReader(session, center_id, all_accounts=start == 0)
    while rows := _leaves(session, center_id, start):
        facts = reader.read([row[1] for row in rows])
        for row in rows:
            yield LeafRow(row[0], row[1], row[2], facts.get(row[1]))
        start = rows[-1][0] + 1


def _leaves(session: Session, center_id: int, start: int) -> Sequence[Any]:
    values = {"center": center_id, "start": start, "limit": LEAVES_AT_ONCE}
    return session.connection().execute(_LEAVES, values).all()


def _micros(moment: str | datetime | None) -> int:
    if moment is None:
        return NONE
    instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (instant - _EPOCH) // _MICROSECOND


def _days(day: str | date | None) -> int:
    if day is None:
        return NONE
    return (date.fromisoformat(day) if isinstance(day, str) else day).toordinal() - _EPOCH_DAY
