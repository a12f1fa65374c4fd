"""Reads of lots: those of an account in order of use, and the lot movements of transfers."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.lots.policy import LotState, Use, in_order
from ledger.points.models import Lot, LotUse, Transfer

_lot, _use, _transfer = table_of(Lot), table_of(LotUse), table_of(Transfer)
_COLUMNS = [
    _lot.c[name]
    for name in (
        "id", "account_id", "transfer_id", "amount", "earned_at", "expires_on", "extended_to", "remaining", "held",
    )
]  # fmt: skip
_LEFT = Prepared(
    sa.select(*_COLUMNS).where(
        _lot.c.center_id == sa.bindparam("center"),
        _lot.c.account_id.in_(sa.bindparam("accounts", expanding=True)),
        _lot.c.remaining > 0,
    )
)
_USE_COLUMNS = (_use.c.transfer_id, _use.c.lot_id, _use.c.remaining_change, _use.c.held_change, _use.c.extended_to)
_USES = Prepared(
    sa.select(*(column.label(f"use_{column.name}") for column in _USE_COLUMNS), *_COLUMNS)
    .join(_lot, sa.and_(_lot.c.center_id == _use.c.center_id, _lot.c.id == _use.c.lot_id))
    .where(
        _use.c.center_id == sa.bindparam("center"),
        _use.c.transfer_id.in_(sa.bindparam("transfers", expanding=True)),
        sa.or_(_use.c.remaining_change < 0, _use.c.held_change > 0),
    )
    .order_by(_use.c.transfer_id, _use.c.position)
)


def _corrections(by: str) -> "sa.Select[Any]":
    """Corrections that name their original in the column `by`: (original, correction)."""
    original = _transfer.c[by]
    return sa.select(original, _transfer.c.id).where(
        _transfer.c.center_id == sa.bindparam("center"), original.in_(sa.bindparam("transfers", expanding=True))
    )


# One index each, then what they gave back by key: for a condition on both columns, or a join with the lot movements,
# SQLite scans all lot movements of the center.
_CORRECTIONS = sa.union_all(_corrections("refund_of"), _corrections("reverses_id"))
_GIVEN_BACK = Prepared(
    sa.select(_use.c.transfer_id, _use.c.lot_id, _use.c.remaining_change).where(
        _use.c.center_id == sa.bindparam("center"),
        _use.c.transfer_id.in_(sa.bindparam("transfers", expanding=True)),
        _use.c.remaining_change > 0,
    )
)


def lots_of(session: Session, account_id: int, center_id: int) -> list[LotState]:
    """Lots of an account with something left, in order of use."""
    return in_order(lots_left(session, [account_id], center_id).values())


def lots_left(session: Session, account_ids: Collection[int], center_id: int) -> dict[int, LotState]:
    """Lots of the accounts with something left, by id."""
    left = _LEFT.rows(session, {"center": center_id, "accounts": list(account_ids)})
    return {row[0]: LotState(*row) for row in left}


def uses_of(
    session: Session, transfer_ids: Collection[int], center_id: int
) -> tuple[dict[int, list[Use]], dict[int, LotState]]:
    """What each transfer took or held of lots, in order, and those lots; what it gave back is left out."""
    found: dict[int, list[Use]] = defaultdict(list)
    lots: dict[int, LotState] = {}
    rows = _USES.rows(session, {"center": center_id, "transfers": list(transfer_ids)})
    for transfer_id, lot_id, remaining_change, held_change, extended_to, *lot in rows:
        found[transfer_id].append(Use(lot_id, remaining_change, held_change, extended_to))
        lots[lot_id] = LotState(*lot)
    return found, lots


def returned_of(session: Session, transfer_ids: Collection[int], center_id: int) -> dict[int, dict[int, int]]:
    """Amounts given back by corrections, by original transfer and lot."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    parameters = {"center": center_id, "transfers": list(transfer_ids)}
    original_of = {row[1]: row[0] for row in session.connection().execute(_CORRECTIONS, parameters)}
    given_back = _GIVEN_BACK.rows(session, {"center": center_id, "transfers": list(original_of)}) if original_of else ()
    for transfer_id, lot_id, amount in given_back:
        original = original_of[transfer_id]
        found[original][lot_id] = found[original].get(lot_id, 0) + amount
    return found
