"""Reads of lots: those of an account in the order in which they are used up, and what transfers did to them."""

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.lot_policy import LotState, Use, in_order
from ledger.points.models import Lot, LotUse, Transfer

_lot, _use, _transfer = table_of(Lot), table_of(LotUse), table_of(Transfer)
_COLUMNS = [
    _lot.c[name]
    for name in (
        "id", "account_id", "transfer_id", "amount", "earned_at", "expires_on", "extended_to", "remaining", "held",
    )
]  # fmt: skip
_LEFT = sa.select(*_COLUMNS).where(
    _lot.c.center_id == sa.bindparam("center"),
    _lot.c.account_id.in_(sa.bindparam("accounts", expanding=True)),
    _lot.c.remaining > 0,
)
_NAMED = sa.select(*_COLUMNS).where(
    _lot.c.center_id == sa.bindparam("center"), _lot.c.id.in_(sa.bindparam("ids", expanding=True))
)
_USES = (
    sa.select(_use.c.transfer_id, _use.c.lot_id, _use.c.remaining_change, _use.c.held_change, _use.c.extended_to)
    .where(
        _use.c.center_id == sa.bindparam("center"),
        _use.c.transfer_id.in_(sa.bindparam("transfers", expanding=True)),
    )
    .order_by(_use.c.transfer_id, _use.c.position)
)
_corrects = sa.func.coalesce(_transfer.c.refund_of, _transfer.c.reverses_id)
_RETURNED = (
    sa.select(_corrects.label("original"), _use.c.lot_id, sa.func.sum(_use.c.remaining_change).label("amount"))
    .join(_use, sa.and_(_use.c.center_id == _transfer.c.center_id, _use.c.transfer_id == _transfer.c.id))
    .where(
        _transfer.c.center_id == sa.bindparam("center"),
        sa.or_(
            _transfer.c.refund_of.in_(sa.bindparam("refunded", expanding=True)),
            _transfer.c.reverses_id.in_(sa.bindparam("reversed", expanding=True)),
        ),
        _use.c.remaining_change > 0,
    )
    .group_by(_corrects, _use.c.lot_id)
)


def lots_of(session: Session, account_id: int, center_id: int) -> list[LotState]:
    """The lots of an account of which something is left, in the order in which they are used up."""
    return in_order(lots_in_use(session, [account_id], (), center_id).values())


def lots_in_use(
    session: Session, account_ids: Collection[int], lot_ids: Collection[int], center_id: int
) -> dict[int, LotState]:
    """Lots of the accounts of which something is left, and the lots named, by id."""
    connection = session.connection()
    found: list[LotState] = []
    if account_ids:
        left = connection.execute(_LEFT, {"center": center_id, "accounts": list(account_ids)})
        found += [LotState(*row) for row in left]
    missing = set(lot_ids) - {lot.id for lot in found}
    if missing:
        found += [LotState(*row) for row in connection.execute(_NAMED, {"center": center_id, "ids": list(missing)})]
    return {lot.id: lot for lot in found}


def uses_of(session: Session, transfer_ids: Collection[int], center_id: int) -> dict[int, list[Use]]:
    """What each of the transfers took or held of lots, in order; what it gave back is left out."""
    found: dict[int, list[Use]] = defaultdict(list)
    rows = session.connection().execute(_USES, {"center": center_id, "transfers": list(transfer_ids)})
    for transfer_id, *use in rows:
        if use[1] < 0 or use[2] > 0:
            found[transfer_id].append(Use(*use))
    return dict(found)


def returned_of(session: Session, transfer_ids: Collection[int], center_id: int) -> dict[int, dict[int, int]]:
    """By transfer and lot, what corrections of the transfer have given back."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    ids = list(transfer_ids)
    for row in session.connection().execute(_RETURNED, {"center": center_id, "refunded": ids, "reversed": ids}):
        found[row.original][row.lot_id] = int(row.amount)
    return dict(found)
