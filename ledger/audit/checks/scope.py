"""What a verification covers: the whole book of a center, or only what came after a given head of its log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.kernel.types import table_of
from ledger.points.models import Batch, Lot, LotUse, Transfer, Unsealed
from ledger.points.sealing.models import Leaf

_batch, _transfer, _unsealed, _leaf = (table_of(each) for each in (Batch, Transfer, Unsealed, Leaf))
_lot, _use = table_of(Lot), table_of(LotUse)
Ids = sa.Select[Any] | sa.CompoundSelect[Any]
_CENTER = sa.bindparam("center", type_=sa.BigInteger)
_FIRST_LEAF = sa.bindparam("first_leaf", type_=sa.BigInteger)


@dataclass(frozen=True, slots=True)
class LogHead:
    """A head of a log: its number of leaves and their root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Scope:
    """A center's book at an instant; with `since` only what was added to the log after that head.

    `against` is a head that somebody kept outside: the log must still begin with it.
    """

    center_id: int
    now: datetime
    since: LogHead | None = None
    against: LogHead | None = None

    @property
    def first_leaf(self) -> int:
        """Index of the first leaf to check."""
        return self.since.size if self.since is not None else 0

    @property
    def shape(self) -> "Shape":
        """What the statements of this scope have in common with those of others."""
        return WHOLE if self.since is None else NEW

    @property
    def values(self) -> dict[str, int]:
        """The values of the parameters in statements of its shape."""
        return {_CENTER.key: self.center_id, _FIRST_LEAF.key: self.first_leaf}

    def new_sources(self, source_type: str) -> "sa.Select[Any]":
        """Source references of the new batches with this type of source, for `values`."""
        own = (_batch.c.center_id == self.center_id, _batch.c.source_type == source_type)
        return sa.select(_batch.c.source_ref).where(*own, _batch.c.id.in_(self.shape.new_batches())).distinct()


@dataclass(frozen=True, slots=True)
class Shape:
    """Whole books, or what was added to them. Statements name center and head by parameters, so each is built once."""

    whole: bool

    @property
    def center_id(self) -> "sa.BindParameter[int]":
        """The center to check."""
        return _CENTER

    def new_batches(self) -> Ids:
        """Keys of the new batches: those sealed after `since` and those not yet sealed."""
        sealed = sa.select(_leaf.c.batch_id).where(
            _leaf.c.center_id == self.center_id, _leaf.c.leaf_index >= _FIRST_LEAF
        )
        return sealed.union_all(sa.select(_unsealed.c.batch_id).where(_unsealed.c.center_id == self.center_id))

    def new_transfers(self) -> Ids:
        """Keys of the transfers in new batches."""
        return sa.select(_transfer.c.id).where(*self._new())

    def touched_accounts(self) -> Ids:
        """Keys of the accounts moved by new transfers."""
        sides = [sa.select(_transfer.c[f"{side}_account_id"]).where(*self._new()) for side in ("debit", "credit")]
        return sa.union(*sides)

    def touched_lots(self) -> Ids:
        """Keys of the lots made or used by new transfers."""
        used = sa.select(_use.c.lot_id).where(
            _use.c.center_id == self.center_id, _use.c.transfer_id.in_(self.new_transfers())
        )
        made = sa.select(_lot.c.id).where(
            _lot.c.center_id == self.center_id, _lot.c.transfer_id.in_(self.new_transfers())
        )
        return sa.union(used, made)

    def among(self, column: "sa.ColumnElement[Any]", ids: Callable[[], Ids]) -> "sa.ColumnElement[bool]":
        """Whether the row is covered: always for the whole book, otherwise only if its key is among `ids()`."""
        return sa.true() if self.whole else column.in_(ids())

    def _new(self) -> "tuple[sa.ColumnElement[bool], ...]":
        return _transfer.c.center_id == self.center_id, _transfer.c.batch_id.in_(self.new_batches())


WHOLE, NEW = Shape(whole=True), Shape(whole=False)
