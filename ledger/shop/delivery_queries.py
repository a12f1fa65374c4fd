"""Reads of goods in: one delivery with its lines, and the deliveries of a shop."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.errors import NotFound
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.places.models import Place
from ledger.shop.models import GoodsIn, GoodsInLine, Shop


@dataclass(frozen=True, slots=True)
class DeliveredLine:
    """A line of a delivery; `quantity` in the item's minor units."""

    item_id: int
    name: str
    spec: str
    quantity: int
    batch: str
    best_before: date | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery with its lines; lists omit the lines."""

    id: int
    shop_id: int
    shop_name: str
    place_path: str
    origin: str
    supplier: str
    document: str
    received_at: datetime
    received_by: int
    lines: list[DeliveredLine]


def get_delivery(session: Session, goods_in_id: int, center_id: int) -> DeliveryView:
    """A delivery with its lines. Raises NotFound("shop.goods_in_not_found")."""
    query = _deliveries().where(GoodsIn.center_id == center_id, GoodsIn.id == goods_in_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("shop.goods_in_not_found")
    line = GoodsInLine
    lines = session.execute(
        sa.select(line.item_id, line.name, line.spec, line.quantity, line.batch, line.best_before)
        .where(line.center_id == center_id, line.goods_in_id == goods_in_id)
        .order_by(line.position)
    )
    return _delivery(row, [DeliveredLine(*each) for each in lines])


def list_deliveries(session: Session, shop_id: int, center_id: int, *, request: PageRequest) -> Page[DeliveryView]:
    """Deliveries to a shop without their lines, newest first by default."""
    query = _deliveries().where(GoodsIn.center_id == center_id, GoodsIn.shop_id == shop_id)
    return fetch_page(
        session,
        query,
        request=request,
        sorts={"received_at": GoodsIn.received_at},
        tie=GoodsIn.id,
        make=lambda row: _delivery(row, []),
        usual="-received_at",
    )


def _delivery(row: Any, lines: list[DeliveredLine]) -> DeliveryView:
    own = dict(zip(DeliveryView.__slots__[:-1], row, strict=False))
    return DeliveryView(**own, lines=lines)


def _deliveries() -> "sa.Select[*tuple[Any, ...]]":
    return (
        sa.select(
            GoodsIn.id,
            GoodsIn.shop_id,
            GoodsIn.shop_name,
            Place.path,
            GoodsIn.origin,
            GoodsIn.supplier,
            GoodsIn.document,
            GoodsIn.received_at,
            GoodsIn.received_by,
        )
        .join(Shop, sa.and_(Shop.center_id == GoodsIn.center_id, Shop.id == GoodsIn.shop_id))
        .join(Place, sa.and_(Place.center_id == Shop.center_id, Place.id == Shop.place_id))
    )
