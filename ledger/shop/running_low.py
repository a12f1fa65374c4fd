"""Low stock, and points redeemed in a period: for the landing pages of staff."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.paths import under
from ledger.kernel.types import table_of
from ledger.places.models import Place
from ledger.points.models import Account
from ledger.shop.models import Item, Redemption, Shop

_item, _shop, _place = table_of(Item), table_of(Shop), table_of(Place)
_account, _redemption = table_of(Account), table_of(Redemption)


@dataclass(frozen=True, slots=True)
class LowItem:
    """An item low in stock; `left` is available, `held` is promised at a till."""

    item_id: int
    name: str
    spec: str
    shop_name: str
    left: int
    held: int


def running_low(session: Session, center_id: int, paths: Iterable[str], *, limit: int = 8) -> list[LowItem]:
    """Items on the shelves of open shops under any of the paths, at or below their mark, lowest first."""
    balance = _account.c.credits_posted - _account.c.debits_posted
    held = sa.func.coalesce(_account.c.debits_pending, 0)
    left = sa.func.coalesce(balance - _account.c.debits_pending, 0)
    stock = sa.and_(
        _account.c.center_id == _item.c.center_id,
        _account.c.unit == _item.c.unit,
        _account.c.kind == "stock",
        _account.c.owner_id == _item.c.shop_id,
    )
    query = (
        sa.select(_item.c.id, _item.c.name, _item.c.spec, _shop.c.name, left.label("left"), held)
        .join(_shop, sa.and_(_shop.c.center_id == _item.c.center_id, _shop.c.id == _item.c.shop_id))
        .join(_place, sa.and_(_place.c.center_id == _shop.c.center_id, _place.c.id == _shop.c.place_id))
        .outerjoin(_account, stock)
        .where(
            _item.c.center_id == center_id,
            _item.c.on_shelf,
            _shop.c.closed_at.is_(None),
            _place.c.closed_at.is_(None),
            left <= _item.c.low_stock,
            under(_place.c.path, paths),
        )
        .order_by("left", _item.c.initials, _item.c.id)
        .limit(limit)
    )
    return [LowItem(*row) for row in session.execute(query)]


def redeemed_between(
    session: Session, center_id: int, paths: Iterable[str], *, start: datetime, end: datetime
) -> tuple[int, int]:
    """Number of receipts and their total points, voided ones left out."""
    r = _redemption.c
    query = (
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(r.total), 0))
        .join(_shop, sa.and_(_shop.c.center_id == r.center_id, _shop.c.id == r.shop_id))
        .join(_place, sa.and_(_place.c.center_id == _shop.c.center_id, _place.c.id == _shop.c.place_id))
        .where(
            r.center_id == center_id,
            r.status == "CONFIRMED",
            r.created_at >= start,
            r.created_at < end,
            under(_place.c.path, paths),
        )
    )
    receipts, total = session.execute(query).one()
    return int(receipts), int(total)
