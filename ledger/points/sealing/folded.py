"""Balances of folded accounts, which no posting locks: the balance stored with a block plus all later batches.

The answer doesn't depend on the sealer's progress: one statement reads the block and the batches beside it, and
their contents never change.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.prepared import Prepared
from ledger.kernel.types import UtcDateTime, table_of
from ledger.points.models import Account, Transfer, Unsealed
from ledger.points.policy import COUNTS_AS_POSTED
from ledger.points.sealing.facts import Facts
from ledger.points.sealing.models import Block, FoldedBalance, Leaf

# With more batches beside the block, the sealer is far behind: sum all transfers instead.
MOST_BESIDE = 3_000
_account, _transfer, _unsealed = table_of(Account), table_of(Transfer), table_of(Unsealed)
_folded, _block, _leaf = table_of(FoldedBalance), table_of(Block), table_of(Leaf)
_SIDES = (("debit", -1), ("credit", 1))
_CENTER: "sa.BindParameter[Any]" = sa.bindparam("center")
_IDS: "sa.BindParameter[Any]" = sa.bindparam("ids", expanding=True)
_BATCHES: "sa.BindParameter[Any]" = sa.bindparam("batches", expanding=True)
_AS_OF: "sa.BindParameter[Any]" = sa.bindparam("as_of", type_=UtcDateTime())
_LAST: "sa.BindParameter[Any]" = sa.bindparam("last")
_NUMBER: "sa.BindParameter[Any]" = sa.bindparam("number")
_MOST: "sa.BindParameter[Any]" = sa.bindparam("most")


@dataclass(frozen=True, slots=True)
class _Point:
    """A block, and the batches beside it that may count as well."""

    block: int
    batch_ids: list[int]


def _whole(side: str, sign: int) -> "sa.Select[Any]":
    """Sums of everything ever posted to one side of the accounts."""
    account_id = _transfer.c[f"{side}_account_id"]
    return (
        sa.select(account_id, sign * sa.func.sum(_transfer.c.amount))
        .where(_transfer.c.center_id == _CENTER, account_id.in_(_IDS), _transfer.c.kind.in_(COUNTS_AS_POSTED))
        .group_by(account_id)
    )


_WHOLE = [_whole(*side) for side in _SIDES]
# Filter by batch only: given the accounts too, a database may start there and scan their whole history.
_BESIDE = sa.select(
    *(_transfer.c[name] for name in ("debit_account_id", "credit_account_id", "amount", "kind", "recorded_at"))
).where(_transfer.c.center_id == _CENTER, _transfer.c.batch_id.in_(_BATCHES))
_KEPT = sa.select(
    _account.c.id,
    sa.select(_folded.c.balance)
    .where(
        _folded.c.center_id == _account.c.center_id,
        _folded.c.account_id == _account.c.id,
        _folded.c.block_number <= _NUMBER,
    )
    .order_by(_folded.c.block_number.desc())
    .limit(1)
    .scalar_subquery(),
).where(_account.c.center_id == _CENTER, _account.c.id.in_(_IDS))
# In one statement, so that each batch is either in a block or waiting, never both or neither.
_LAST_BLOCK = sa.select(sa.literal(0), sa.func.max(_block.c.number)).where(_block.c.center_id == _CENTER)
_some_waiting = sa.select(_unsealed.c.batch_id).where(_unsealed.c.center_id == _CENTER).limit(_MOST).subquery()
_NOW = sa.union_all(_LAST_BLOCK, sa.select(sa.literal(1), _some_waiting.c.batch_id))
_BLOCK_BEFORE = (
    sa.select(_block.c.number)
    .where(_block.c.center_id == _CENTER, _block.c.number <= _LAST, _block.c.recorded_until <= _AS_OF)
    .order_by(_block.c.recorded_until.desc(), _block.c.number.desc())
    .limit(1)
)


def _of_blocks(*which: "sa.ColumnElement[bool]") -> "sa.Select[Any]":
    """Batches of later blocks that contain something recorded up to `as_of`."""
    place = _leaf.c.leaf_index
    of_block = sa.and_(
        _leaf.c.center_id == _block.c.center_id,
        place >= _block.c.first_leaf,
        place < _block.c.first_leaf + _block.c.leaves,
    )
    behind = sa.and_(_block.c.center_id == _CENTER, _block.c.number <= _LAST, _block.c.recorded_from <= _AS_OF, *which)
    return sa.select(_leaf.c.batch_id).join(_block, of_block).where(behind).limit(_MOST)


_NEXT = _of_blocks(_block.c.number > _NUMBER, _block.c.number <= _NUMBER + 2)
_LATE = _of_blocks(_block.c.number > _NUMBER + 2, _block.c.late)
_KEEP = Prepared(sa.insert(_folded))


def folded_balances(
    session: Session, ids: Iterable[int], center_id: int, *, as_of: datetime | None = None
) -> dict[int, int]:
    """Balances of folded accounts now or as of a time of recording; 0 if nothing was posted."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    connection = session.connection()
    point = _point(connection, center_id, as_of)
    if point is None:
        return _folded_whole(connection, wanted, center_id, as_of)
    totals = dict.fromkeys(wanted, 0) | _kept(connection, wanted, center_id, point.block)
    for debit_id, credit_id, amount, kind, recorded_at in _beside(connection, point.batch_ids, center_id):
        if kind in COUNTS_AS_POSTED and (as_of is None or recorded_at <= as_of):
            if debit_id in totals:
                totals[debit_id] -= amount
            if credit_id in totals:
                totals[credit_id] += amount
    return totals


def _folded_whole(
    connection: sa.Connection, ids: Sequence[int], center_id: int, as_of: datetime | None
) -> dict[int, int]:
    totals = dict.fromkeys(ids, 0)
    for query in _WHOLE:
        until = query if as_of is None else query.where(_transfer.c.recorded_at <= as_of)
        for account_id, amount in connection.execute(until, {"center": center_id, "ids": ids}):
            totals[account_id] += int(amount)
    return totals


def _beside(connection: sa.Connection, batch_ids: Sequence[int], center_id: int) -> Iterable[Any]:
    if not batch_ids:
        return ()
    return connection.execute(_BESIDE, {"center": center_id, "batches": batch_ids})


def _point(connection: sa.Connection, center_id: int, as_of: datetime | None) -> _Point | None:
    """The block to start from; None to sum from the beginning."""
    values: dict[str, Any] = {"center": center_id, "most": MOST_BESIDE + 1}
    (_, last), *waiting = connection.execute(_NOW.order_by(sa.literal_column("1")), values)
    block, beside = last or 0, [batch_id for _, batch_id in waiting]
    if as_of is not None:
        values |= {"as_of": as_of, "last": block}
        block = connection.execute(_BLOCK_BEFORE, values).scalar() or 0
        # Everything in the blocks up to this one was recorded by then. After it, only the next two and late blocks can
        # contain more: a block that isn't late was recorded entirely after the second block before it.
        values |= {"number": block}
        beside += [*connection.execute(_NEXT, values).scalars(), *connection.execute(_LATE, values).scalars()]
    return None if len(beside) > MOST_BESIDE else _Point(block, beside)


def _kept(connection: sa.Connection, ids: Sequence[int], center_id: int, block: int) -> dict[int, int]:
    """Balance of each account as stored with the last block, up to `block`, in which it moved."""
    rows = connection.execute(_KEPT, {"center": center_id, "ids": ids, "number": block})
    return {account_id: amount for account_id, amount in rows if amount is not None}


def keep_balances(session: Session, center_id: int, block_number: int, batches: Iterable[Facts]) -> None:
    """Store the balance after a new block of each folded account that moved in it."""
    moved: defaultdict[int, int] = defaultdict(int)
    for facts in batches:
        for account_id, amount, _ in facts.folded_moves():
            moved[account_id] += amount
    if not moved:
        return
    before = _kept(session.connection(), sorted(moved), center_id, block_number - 1)
    rows = [
        {
            "center_id": center_id,
            "account_id": account_id,
            "block_number": block_number,
            "balance": before.get(account_id, 0) + amount,
        }
        for account_id, amount in moved.items()
    ]
    _KEEP.run(session, rows)
