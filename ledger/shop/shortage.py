"""Says why a cart can't be held: too few points, or goods that are sold out, too few, or held by others."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.errors import Rejected
from ledger.points.book import queries as ledger
from ledger.shop import queries
from ledger.shop.models import Redemption, RedemptionLine
from ledger.shop.policy import shortage
from ledger.shop.queries import ItemView
from ledger.shop.redemption_queries import LineView, RedemptionView


def refuse_short(session: Session, redemption: RedemptionView, items: dict[int, ItemView]) -> None:
    """Raises Rejected("shop.points_insufficient" | "shop.sold_out" | "shop.held_by_others" | "shop.stock_short")."""
    balance = queries.member_balance(session, redemption.volunteer_id, redemption.center_id)
    if redemption.total > balance.available:
        raise Rejected(
            "shop.points_insufficient",
            need_points=redemption.total,
            available_points=balance.available,
            held_points=balance.held,
            short_points=redemption.total - balance.available,
        )
    accounts = [items[line.item_id].stock_account for line in redemption.lines]
    stock = ledger.balances(session, accounts, redemption.center_id)
    for line in redemption.lines:
        there = stock[items[line.item_id].stock_account]
        if found := shortage(line.quantity, there.balance, there.held):
            told: dict[str, Any] = {"item": line.name, "item_id": line.item_id, "left": there.available}
            if found == "held_by_others":
                told["until"] = _held_until(session, redemption, line).isoformat()
            raise Rejected(f"shop.{found}", **told)


def _held_until(session: Session, redemption: RedemptionView, line: LineView) -> datetime:
    """When the first of the others' holds of an item ends, if nobody confirms it."""
    now = clock.now()
    held = (
        Redemption.center_id == redemption.center_id,
        Redemption.shop_id == redemption.shop_id,
        Redemption.status == "HELD",
        Redemption.held_until > now,
        RedemptionLine.item_id == line.item_id,
    )
    of = (RedemptionLine.center_id == Redemption.center_id, RedemptionLine.redemption_id == Redemption.id)
    query = sa.select(sa.func.min(Redemption.held_until)).join(RedemptionLine, sa.and_(*of)).where(*held)
    return session.scalar(query) or now
