"""Balances of folded accounts, which no posting locks: what a block kept of them and the fold of what waits for one.

Each question is one statement, so that it sees one state of the book even while the sealer works.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.models import Transfer, Unsealed
from ledger.points.policy import COUNTS_AS_POSTED
from ledger.points.seal_facts import Facts
from ledger.points.seal_models import FoldedBalance
from ledger.proof.leaves import NONE

_transfer, _unsealed, _folded = table_of(Transfer), table_of(Unsealed), table_of(FoldedBalance)
_newer = _folded.alias("newer")
_SIDES = (("debit", -1), ("credit", 1))
_CENTER: "sa.BindParameter[Any]" = sa.bindparam("center")
_IDS: "sa.BindParameter[Any]" = sa.bindparam("ids", expanding=True)


def _kept() -> "sa.Select[Any]":
    """What the last block kept in which the account moved."""
    last = sa.select(sa.func.max(_newer.c.block_number)).where(
        _newer.c.center_id == _folded.c.center_id, _newer.c.account_id == _folded.c.account_id
    )
    return sa.select(_folded.c.account_id, _folded.c.balance.label("amount")).where(
        _folded.c.center_id == _CENTER,
        _folded.c.account_id.in_(_IDS),
        _folded.c.block_number == last.scalar_subquery(),
    )


def _waiting(side: str, sign: int) -> "sa.Select[Any]":
    """What was posted to one side in batches that no block has yet."""
    account_id = _transfer.c[f"{side}_account_id"]
    return (
        sa.select(account_id.label("account_id"), (sign * _transfer.c.amount).label("amount"))
        .join(
            _unsealed,
            sa.and_(_unsealed.c.center_id == _transfer.c.center_id, _unsealed.c.batch_id == _transfer.c.batch_id),
        )
        .where(_unsealed.c.center_id == _CENTER, account_id.in_(_IDS), _transfer.c.kind.in_(COUNTS_AS_POSTED))
    )


_parts = sa.union_all(_kept(), *(_waiting(*side) for side in _SIDES)).subquery()
_NOW = sa.select(_parts.c.account_id, sa.func.sum(_parts.c.amount)).group_by(_parts.c.account_id)
_KEPT = _kept()
_KEEP = sa.insert(_folded)


def folded_balances(session: Session, ids: Iterable[int], center_id: int) -> dict[int, int]:
    """Balances of folded accounts now; accounts in which nothing was posted are left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = session.connection().execute(_NOW, {"center": center_id, "ids": wanted})
    return {account_id: int(amount) for account_id, amount in rows}


def keep_balances(session: Session, block_number: int, batches: Sequence[Facts]) -> None:
    """Keep what each folded account that moved in a new block has after it."""
    center_id = batches[0].batch.center_id
    moved: defaultdict[int, int] = defaultdict(int)
    for transfer in (transfer for facts in batches for transfer in facts.transfers):
        if transfer.kind in COUNTS_AS_POSTED:
            if transfer.debit_version == NONE:
                moved[transfer.debit_account_id] -= transfer.amount
            if transfer.credit_version == NONE:
                moved[transfer.credit_account_id] += transfer.amount
    if not moved:
        return
    connection = session.connection()
    found = connection.execute(_KEPT, {"center": center_id, "ids": sorted(moved)})
    before = {row.account_id: row.amount for row in found}
    rows = [
        {
            "center_id": center_id,
            "account_id": account_id,
            "block_number": block_number,
            "balance": before.get(account_id, 0) + amount,
        }
        for account_id, amount in moved.items()
    ]
    connection.execute(_KEEP, rows)
