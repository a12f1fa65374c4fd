"""Writes of the shelf: shops, items, prices, goods in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.permissions import Permission
from ledger.organisations import queries as organisations
from ledger.points.book import opening
from ledger.points.book import service as points
from ledger.points.policy import AccountKey, Movement, Source, item_unit
from ledger.shop import queries
from ledger.shop.models import GoodsIn, GoodsInLine, Item, ItemPrice, Shop
from ledger.shop.policy import new_short_name
from ledger.shop.queries import ItemView, ShopView
from ledger.shop.scan_policy import read_barcode


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item for the shelf; `points` is its price in minor units, `scale` the decimals of its quantities."""

    name: str
    spec: str
    category: str
    points: int
    barcode: str | None = None
    low_stock: int = 5
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Delivered:
    """One line of a delivery; `quantity` in the item's minor units."""

    item_id: int
    quantity: int
    batch: str = ""
    best_before: date | None = None


def open_shop(session: Session, *, place_id: int, name: str, actor: Actor) -> int:
    """Open a shop in a place, with a short name made from its name; returns its key.

    Raises NotFound("organisations.place_not_found"), Forbidden("access.denied"),
    Conflict("organisations.place_closed").
    """
    organisations.get_open_place(session, place_id, Permission.MANAGE_SHOP, actor)
    taken = queries.short_names(session, actor.center_id)
    shop = Shop(
        center_id=actor.center_id,
        id=new_id(),
        place_id=place_id,
        name=name,
        opened_at=clock.now(),
        short_name=new_short_name(initials(name), taken),
    )
    session.add(shop)
    session.flush()
    return shop.id


def set_open(session: Session, shop_id: int, *, is_open: bool, actor: Actor) -> None:
    """Close a shop for new redemptions, or reopen it; existing holds can still be confirmed.

    Raises NotFound("shop.shop_not_found"), Forbidden("access.denied"), Conflict("organisations.place_closed").
    """
    shop = queries.get_shop(session, shop_id, actor.center_id)
    actor.need(Permission.MANAGE_SHOP, shop.place_path)
    if is_open:
        _need_open_place(session, shop_id, Permission.MANAGE_SHOP, actor)
    closed_at = None if is_open else shop.closed_at or clock.now()
    session.execute(
        sa.update(Shop).where(Shop.center_id == actor.center_id, Shop.id == shop_id).values(closed_at=closed_at)
    )


def add_item(session: Session, shop_id: int, item: NewItem, *, actor: Actor) -> int:
    """Put an item on the shelf with its unit in the ledger and its first price; returns its key.

    Raises Rejected("shop.item_exists" | "shop.barcode_taken" | "shop.barcode_misread" | "shop.barcode_not_goods"),
    Forbidden("access.denied"), Conflict("organisations.place_closed").
    """
    _need_open_place(session, shop_id, Permission.MANAGE_SHOP, actor)
    if queries.find_item_named(session, shop_id, item.name, item.spec, actor.center_id) is not None:
        raise Rejected("shop.item_exists")
    barcode = read_barcode(item.barcode) if item.barcode else None
    refuse_taken(session, shop_id, barcode, actor)
    item_id = new_id()
    unit = item_unit(public_id(item_id))
    opening.add_unit(session, unit, scale=item.scale, actor=actor)
    session.add(
        Item(
            center_id=actor.center_id,
            id=item_id,
            shop_id=shop_id,
            unit=unit,
            name=item.name,
            spec=item.spec,
            category=item.category,
            initials=initials(item.name),
            barcode=barcode,
            low_stock=item.low_stock,
            created_at=clock.now(),
        )
    )
    session.flush()
    _add_price(session, item_id, item.points, version=1, actor=actor)
    return item_id


def set_price(session: Session, item_id: int, price: int, *, actor: Actor) -> int:
    """Set a new price (minor units) from now on; returns its version. An unchanged price makes no new version."""
    item = queries.get_item(session, item_id, actor.center_id)
    actor.need(Permission.MANAGE_SHOP, queries.get_shop(session, item.shop_id, actor.center_id).place_path)
    if item.points == price:
        return item.price_version
    version = item.price_version + 1
    _add_price(session, item_id, price, version=version, actor=actor)
    return version


def put_on_shelf(session: Session, item_id: int, *, on_shelf: bool, actor: Actor) -> None:
    """Show an item at the till, or take it off; existing holds stay. Off the shelf its barcode is free for another.

    Raises NotFound("shop.item_not_found"), Forbidden("access.denied"), Rejected("shop.barcode_taken").
    """
    item = queries.get_item(session, item_id, actor.center_id)
    actor.need(Permission.MANAGE_SHOP, queries.get_shop(session, item.shop_id, actor.center_id).place_path)
    if on_shelf and not item.on_shelf:
        refuse_taken(session, item.shop_id, item.barcode, actor)
    session.execute(
        sa.update(Item).where(Item.center_id == actor.center_id, Item.id == item_id).values(on_shelf=on_shelf)
    )


def take_in(
    session: Session,
    shop_id: int,
    lines: Sequence[Delivered],
    *,
    origin: str,
    supplier: str,
    document: str,
    actor: Actor,
) -> dict[str, int]:
    """Book a delivery into stock; returns {"goods_in_id", "batch_id"}. `origin` is bought, donated or scrap.

    Raises Rejected("shop.goods_in_empty" | "shop.item_unknown"), Forbidden("access.denied"),
    Conflict("organisations.place_closed").
    """
    shop = _need_open_place(session, shop_id, Permission.GOODS_IN, actor)
    if not lines:
        raise Rejected("shop.goods_in_empty")
    items = queries.items_by_id(session, shop_id, [line.item_id for line in lines], actor.center_id)
    goods_in = GoodsIn(
        center_id=actor.center_id,
        id=new_id(),
        shop_id=shop_id,
        origin=origin,
        supplier=supplier,
        document=document,
        received_at=clock.now(),
        received_by=actor.identity_id,
        shop_name=shop.name,
    )
    _store_delivery(session, goods_in, lines, items)
    batch_id = _post_delivery(session, goods_in, lines, items, actor=actor)
    return {"goods_in_id": goods_in.id, "batch_id": batch_id}


def _need_open_place(session: Session, shop_id: int, permission: Permission, actor: Actor) -> ShopView:
    shop = queries.get_shop(session, shop_id, actor.center_id)
    organisations.get_open_place(session, shop.place_id, permission, actor)
    return shop


def refuse_taken(session: Session, shop_id: int, barcode: str | None, actor: Actor) -> None:
    """Raises Rejected("shop.barcode_taken") if something on the shelf has the barcode."""
    other = queries.find_item_with_barcode(session, shop_id, barcode, actor.center_id) if barcode else None
    if other is not None:
        raise Rejected("shop.barcode_taken", item=other)


def _store_delivery(
    session: Session, goods_in: GoodsIn, lines: Sequence[Delivered], items: Mapping[int, ItemView]
) -> None:
    session.add(goods_in)
    session.flush()
    session.add_all(
        GoodsInLine(
            center_id=goods_in.center_id,
            goods_in_id=goods_in.id,
            position=position,
            item_id=line.item_id,
            quantity=line.quantity,
            batch=line.batch,
            best_before=line.best_before,
            name=items[line.item_id].name,
            spec=items[line.item_id].spec,
        )
        for position, line in enumerate(lines, start=1)
    )
    session.flush()


def _post_delivery(
    session: Session, goods_in: GoodsIn, lines: Sequence[Delivered], items: Mapping[int, ItemView], *, actor: Actor
) -> int:
    """Move the goods from their origin into stock; returns the batch's id."""
    movements = [
        Movement(
            debit=AccountKey(items[line.item_id].unit, goods_in.origin, goods_in.shop_id),
            credit=AccountKey(items[line.item_id].unit, "stock", goods_in.shop_id),
            amount=line.quantity,
            code="goods_in",
        )
        for line in lines
    ]
    source = Source("goods_in", str(goods_in.id), "post")
    evidence = {"document": goods_in.document, "lines": [[line.item_id, line.quantity] for line in lines]}
    return points.post(session, movements, source=source, actor=actor, reason="goods-in", evidence=evidence).batch_id


def _add_price(session: Session, item_id: int, price: int, *, version: int, actor: Actor) -> None:
    session.add(
        ItemPrice(
            center_id=actor.center_id,
            id=new_id(),
            item_id=item_id,
            version=version,
            points=price,
            set_by=actor.identity_id,
            set_at=clock.now(),
        )
    )
    session.flush()


def initials(name: str) -> str:
    """Pinyin initials of a Chinese name, as a clerk types them: dbdm for 东北大米."""
    # Its dictionaries take 57 MB and a fifth of a start, and are of use only where goods are put on a shelf.
    pypinyin = import_module("pypinyin")
    return "".join(pypinyin.lazy_pinyin(name, style=pypinyin.Style.FIRST_LETTER)).lower()
