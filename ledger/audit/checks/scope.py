"""What a verification looks at: the whole book of a center, or what came into it behind the beginning of its log."""

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


@dataclass(frozen=True, slots=True)
class LogHead:
    """The beginning of a log: how many leaves, and their root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Scope:
    """A center's book at an instant; with `since` only what its log does not have in that beginning.

    `against` is a beginning that somebody kept outside: the log must still have it.
    """

    center_id: int
    now: datetime
    since: LogHead | None = None
    against: LogHead | None = None

    @property
    def first_leaf(self) -> int:
        """The first leaf to be looked at."""
        return self.since.size if self.since is not None else 0

    def new_batches(self) -> Ids:
        """Keys of the batches that are looked at, where not all are: those behind the beginning and those that wait."""
        sealed = sa.select(_leaf.c.batch_id).where(
            _leaf.c.center_id == self.center_id, _leaf.c.leaf_index >= self.first_leaf
        )
        return sealed.union_all(sa.select(_unsealed.c.batch_id).where(_unsealed.c.center_id == self.center_id))

    def new_transfers(self) -> Ids:
        """Keys of their transfers."""
        return sa.select(_transfer.c.id).where(*self._new())

    def touched_accounts(self) -> Ids:
        """Keys of the accounts that these transfers moved."""
        sides = [sa.select(_transfer.c[f"{side}_account_id"]).where(*self._new()) for side in ("debit", "credit")]
        return sa.union(*sides)

    def touched_lots(self) -> Ids:
        """Keys of the lots that these transfers made or used."""
        used = sa.select(_use.c.lot_id).where(
            _use.c.center_id == self.center_id, _use.c.transfer_id.in_(self.new_transfers())
        )
        made = sa.select(_lot.c.id).where(
            _lot.c.center_id == self.center_id, _lot.c.transfer_id.in_(self.new_transfers())
        )
        return sa.union(used, made)

    def new_sources(self, source_type: str) -> "sa.Select[Any]":
        """What the new batches of a kind of source name as theirs."""
        own = (_batch.c.center_id == self.center_id, _batch.c.source_type == source_type)
        return sa.select(_batch.c.source_ref).where(*own, _batch.c.id.in_(self.new_batches())).distinct()

    def among(self, column: "sa.ColumnElement[Any]", ids: Ids) -> "sa.ColumnElement[bool]":
        """A condition that leaves nothing out of the whole book, and otherwise all but `ids`."""
        return sa.true() if self.since is None else column.in_(ids)

    def _new(self) -> "tuple[sa.ColumnElement[bool], ...]":
        return _transfer.c.center_id == self.center_id, _transfer.c.batch_id.in_(self.new_batches())
