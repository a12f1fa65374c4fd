"""Lot movements of a posting in one account: lots made, taken from and given back to."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.models import Lot, LotUse

Change = Literal["earned", "taken", "given_back"]
_lot, _use = table_of(Lot), table_of(LotUse)
_until_then = table_of(LotUse).alias("until_then")
# A lot may have been extended before or after: show its last day as this transfer left it.
_put_off_to = (
    sa.select(sa.func.max(_until_then.c.extended_to))
    .where(
        _until_then.c.center_id == _use.c.center_id,
        _until_then.c.lot_id == _use.c.lot_id,
        _until_then.c.transfer_id <= _use.c.transfer_id,
    )
    .scalar_subquery()
)
_MADE = sa.select(_lot.c.transfer_id, _lot.c.id, _lot.c.amount, _lot.c.earned_at, _lot.c.expires_on).order_by(_lot.c.id)
_USED = (
    sa.select(
        _use.c.transfer_id,
        _lot.c.id,
        _use.c.remaining_change,
        _lot.c.earned_at,
        sa.func.coalesce(_put_off_to, _lot.c.expires_on, type_=sa.Date()),
        _use.c.extended_to,
    )
    .join(_lot, sa.and_(_lot.c.center_id == _use.c.center_id, _lot.c.id == _use.c.lot_id))
    .where(_use.c.remaining_change != 0)
    .order_by(_use.c.transfer_id, _use.c.position)
)


@dataclass(frozen=True, slots=True)
class LotPart:
    """Points of one lot that a transfer earned, took or gave back; `amount` is positive, in minor units.

    `expires_on` is the last good local day as the transfer left it, None if it never ends; `put_off` means that this
    transfer extended it.
    """

    lot_id: int
    change: Change
    amount: int
    earned_at: datetime
    expires_on: date | None
    put_off: bool


def parts_by_transfer(
    session: Session, account_id: int, transfer_ids: Collection[int], center_id: int
) -> dict[int, list[LotPart]]:
    """Lot movements in the account by transfer, in order; transfers without any are left out."""
    found: dict[int, list[LotPart]] = defaultdict(list)
    for transfer_id, lot_id, amount, earned_at, expires_on in session.execute(
        _MADE.where(*_of(_lot, account_id, transfer_ids, center_id))
    ):
        found[transfer_id].append(LotPart(lot_id, "earned", amount, earned_at, expires_on, put_off=False))
    for transfer_id, lot_id, change, earned_at, expires_on, put_off_to in session.execute(
        _USED.where(*_of(_use, account_id, transfer_ids, center_id))
    ):
        kind: Change = "taken" if change < 0 else "given_back"
        part = LotPart(lot_id, kind, abs(change), earned_at, expires_on, put_off=put_off_to is not None)
        found[transfer_id].append(part)
    return found


def _of(
    table: sa.Table, account_id: int, transfer_ids: Collection[int], center_id: int
) -> "tuple[sa.ColumnElement[bool], ...]":
    return table.c.center_id == center_id, table.c.transfer_id.in_(transfer_ids), _lot.c.account_id == account_id
