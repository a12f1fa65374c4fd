"""The rows that leaves are made from, as the driver returns them: the columns of `proof.leaves` in their order.

Read by ranges of keys, which is fastest: batches sealed together were mostly posted together.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import parts_of
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.models import Account, Batch, Lot, LotUse, Transfer, Unit
from ledger.points.sealing.models import Leaf
from ledger.proof.leaves import NONE, BatchFacts, LotFacts, Row, TransferFacts, UseFacts

# A range is read as a whole if it has at most this many rows per wanted row, plus some spare.
_MOST_FOR_EACH = 2
_SPARE = 16
_IDS_AT_ONCE = 1_000
Span = tuple[int, int]

_account, _batch, _transfer, _unit = (table_of(each) for each in (Account, Batch, Transfer, Unit))
_lot, _use, _leaf = table_of(Lot), table_of(LotUse), table_of(Leaf)
_CENTER: "sa.BindParameter[Any]" = sa.bindparam("center")
_FIRST: "sa.BindParameter[Any]" = sa.bindparam("first")
_LAST: "sa.BindParameter[Any]" = sa.bindparam("last")
_MOST: "sa.BindParameter[Any]" = sa.bindparam("most")
_IDS: "sa.BindParameter[Any]" = sa.bindparam("ids", expanding=True)


def _bare(table: sa.Table, name: str) -> "sa.ColumnElement[Any]":
    """A column as the driver returns it, NONE if null: SQLAlchemy's conversion of each value costs the most."""
    column = table.c[name]
    bare = sa.type_coerce(column, sa.types.NULLTYPE)
    if not column.nullable or not isinstance(column.type, sa.BigInteger):
        return bare
    return sa.func.coalesce(bare, sa.literal_column(f"({NONE})"))


def _columns(table: sa.Table, *names: str) -> "list[sa.ColumnElement[Any]]":
    return [_bare(table, name) for name in names]


def _within(table: sa.Table, name: str) -> "sa.ColumnElement[bool]":
    return sa.and_(table.c.center_id == _CENTER, table.c[name].between(_FIRST, _LAST))


def _counting(table: sa.Table) -> Prepared:
    some = sa.select(sa.literal(1)).select_from(table).where(_within(table, "id")).limit(_MOST).subquery()
    return Prepared(sa.select(sa.func.count()).select_from(some))


_BATCHES = Prepared(sa.select(*_columns(_batch, *BatchFacts._fields)).where(_within(_batch, "id")))
_TRANSFERS = Prepared(
    sa.select(*_columns(_transfer, "batch_id", *TransferFacts._fields))
    .where(_within(_transfer, "batch_id"))
    .order_by(_transfer.c.batch_id)
)
_LOTS = Prepared(
    sa.select(*_columns(_lot, "transfer_id", *LotFacts._fields))
    .where(_within(_lot, "transfer_id"))
    .order_by(_lot.c.transfer_id, _lot.c.id)
)
_USES = Prepared(
    sa.select(*_columns(_use, "transfer_id", *UseFacts._fields))
    .where(_within(_use, "transfer_id"))
    .order_by(_use.c.transfer_id, _use.c.position)
)
_HOW_MANY_BATCHES, _HOW_MANY_TRANSFERS = _counting(_batch), _counting(_transfer)
_ACCOUNTS = (
    sa.select(*_columns(_account, "id", "unit"), _bare(_unit, "scale"), *_columns(_account, "kind", "owner_id"))
    .join(_unit, sa.and_(_unit.c.center_id == _account.c.center_id, _unit.c.code == _account.c.unit))
    .where(_account.c.center_id == _CENTER)
)
_ALL_ACCOUNTS, _SOME_ACCOUNTS = Prepared(_ACCOUNTS), Prepared(_ACCOUNTS.where(_account.c.id.in_(_IDS)))
_LEAVES = Prepared(
    sa.select(*_columns(_leaf, "leaf_index", "batch_id", "hash"))
    .where(_leaf.c.center_id == _CENTER, _leaf.c.leaf_index >= _FIRST)
    .order_by(_leaf.c.leaf_index)
    .limit(_MOST)
)


class SealRows:
    """The rows of a center."""

    def __init__(self, session: Session, center_id: int) -> None:
        self._session = session
        self._center_id = center_id

    def leaves(self, start: int, limit: int) -> Sequence[Row]:
        """Up to `limit` leaves from an index on: index, batch and hash."""
        return self._read(_LEAVES, first=start, most=limit)

    def all_accounts(self) -> Sequence[Row]:
        """Arguments of `encode_account` for every account; accounts without their unit are left out."""
        return self._read(_ALL_ACCOUNTS)

    def accounts(self, ids: Sequence[int]) -> Iterator[Row]:
        """Arguments of `encode_account` for these accounts."""
        for part in parts_of(ids, _IDS_AT_ONCE):
            yield from self._read(_SOME_ACCOUNTS, ids=part)

    def spans_of_batches(self, ids: Sequence[int]) -> Iterator[Span]:
        """Ranges that contain these batches and few others; `ids` must be ascending."""
        return self._spans(_HOW_MANY_BATCHES, ids)

    def batches(self, span: Span) -> Sequence[Row]:
        """The batches of a range."""
        return self._of(_BATCHES, span)

    def transfers(self, span: Span) -> Sequence[Row]:
        """The transfers of a range of batches, grouped by batch."""
        return self._of(_TRANSFERS, span)

    def lots(self, transfer_ids: Sequence[int]) -> Iterator[tuple[Sequence[Row], Sequence[Row]]]:
        """Lots made and lot movements by these transfers and a few others; ids must be ascending."""
        for span in self._spans(_HOW_MANY_TRANSFERS, transfer_ids):
            yield self._of(_LOTS, span), self._of(_USES, span)

    def _spans(self, counting: Prepared, keys: Sequence[int]) -> Iterator[Span]:
        if not keys:
            return
        first, last, most = keys[0], keys[-1], _MOST_FOR_EACH * len(keys) + _SPARE
        if len(keys) == 1 or self._read(counting, first=first, last=last, most=most)[0][0] < most:
            yield first, last
            return
        # A straggler from long ago makes the range sparse; try each half.
        middle = len(keys) // 2
        yield from self._spans(counting, keys[:middle])
        yield from self._spans(counting, keys[middle:])

    def _of(self, query: Prepared, span: Span) -> Sequence[Row]:
        return self._read(query, first=span[0], last=span[1])

    def _read(self, query: Prepared, **values: Any) -> Sequence[Row]:
        return query.rows(self._session, {"center": self._center_id, **values})
