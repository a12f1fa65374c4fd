"""Reads of the shop: shops, and the items on their shelves with price and stock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ledger.kernel.actor import Actor
from ledger.kernel.characters import name_key
from ledger.kernel.errors import Forbidden, NotFound, Rejected
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import under
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.places.models import Place
from ledger.points.book import queries as points
from ledger.points.policy import POINT, AccountKey, Balance
from ledger.shop.models import Item, ItemPrice, ReceiptCounter, Shop
from ledger.shop.policy import StockState, stock_state
from ledger.shop.scan_policy import shown_barcode

STAFF = (Permission.TILL, Permission.GOODS_IN, Permission.MANAGE_SHOP, Permission.READ_BOOKS)


@dataclass(frozen=True, slots=True)
class ShopView:
    """A shop and its place."""

    id: int
    name: str
    place_id: int
    place_name: str
    place_path: str
    opened_at: datetime
    closed_at: datetime | None
    short_name: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item with its current price; `points` in minor units."""

    id: int
    shop_id: int
    unit: str
    name: str
    spec: str
    category: str
    initials: str
    barcode: str | None
    low_stock: int
    on_shelf: bool
    points: int
    price_id: int
    price_version: int

    @property
    def shown_barcode(self) -> str:
        """The barcode as it is printed below its bars, "" if there is none."""
        return shown_barcode(self.barcode or "")

    @property
    def stock_account(self) -> AccountKey:
        """The account that counts its stock."""
        return AccountKey(self.unit, "stock", self.shop_id)


@dataclass(frozen=True, slots=True)
class ShelfItem:
    """An item with its stock: `stock` on hand, of which `held` is promised at a till."""

    item: ItemView
    stock: int
    held: int

    @property
    def left(self) -> int:
        """Quantity still available."""
        return self.stock - self.held

    @property
    def state(self) -> StockState:
        """Stock level: plenty, low or none."""
        return stock_state(self.left, self.item.low_stock)


@dataclass(frozen=True, slots=True)
class PriceView:
    """A price valid from a given time; `points` in minor units."""

    version: int
    points: int
    set_at: datetime
    set_by: int


def get_shop(session: Session, shop_id: int, center_id: int) -> ShopView:
    """A shop. Raises NotFound("shop.shop_not_found")."""
    rows = _ONE_SHOP.rows(session, {"center": center_id, "id": shop_id})
    if not rows:
        raise NotFound("shop.shop_not_found")
    return ShopView(*rows[0])


def get_shop_for(session: Session, shop_id: int, actor: Actor, permissions: Sequence[Permission] = STAFF) -> ShopView:
    """A shop at which the actor is staff. Raises NotFound("shop.shop_not_found"), Forbidden("access.denied")."""
    shop = get_shop(session, shop_id, actor.center_id)
    if not any(actor.may(permission, shop.place_path) for permission in permissions):
        raise Forbidden("access.denied", permission=", ".join(permissions))
    return shop


def list_shops(session: Session, center_id: int, *, request: PageRequest) -> Page[ShopView]:
    """Shops of the center including closed ones, by name by default."""
    return fetch_page(
        session,
        _shops().where(Shop.center_id == center_id),
        request=request,
        sorts={"name": Shop.name, "opened_at": Shop.opened_at},
        tie=Shop.id,
        make=lambda row: ShopView(*row[:8]),
    )


def short_names(session: Session, center_id: int) -> set[str]:
    """The short names of all shops of the center."""
    return set(session.scalars(sa.select(Shop.short_name).where(Shop.center_id == center_id)))


def has_receipts(session: Session, shop_id: int, center_id: int) -> bool:
    """Whether a number with the shop's short name was ever printed."""
    own = (ReceiptCounter.center_id == center_id, ReceiptCounter.shop_id == shop_id)
    return session.scalar(sa.select(sa.literal(1)).where(*own).limit(1)) is not None


def shops_under(session: Session, paths: Iterable[str], center_id: int, *, open_only: bool = False) -> list[ShopView]:
    """All shops under any of the paths, by place and name."""
    query = _shops().where(Shop.center_id == center_id, under(Place.path, paths))
    if open_only:
        query = query.where(Shop.closed_at.is_(None), Place.closed_at.is_(None))
    return [ShopView(*row) for row in session.execute(query.order_by(Place.path, Shop.name, Shop.id))]


def _shops() -> "sa.Select[*tuple[Any, ...]]":
    # A shop in a place that is closed is closed with it.
    closed_at = sa.func.coalesce(Shop.closed_at, Place.closed_at).label("closed_at")
    columns = (Shop.id, Shop.name, Shop.place_id, Place.name, Place.path, Shop.opened_at, closed_at, Shop.short_name)
    return sa.select(*columns).join(Place, sa.and_(Place.center_id == Shop.center_id, Place.id == Shop.place_id))


def _items(center_id: "int | sa.BindParameter[int]") -> "sa.Select[*tuple[Any, ...]]":
    older = aliased(ItemPrice)
    newest = (
        sa.select(sa.func.max(older.version))
        .where(older.center_id == Item.center_id, older.item_id == Item.id)
        .scalar_subquery()
    )
    now = sa.and_(ItemPrice.center_id == Item.center_id, ItemPrice.item_id == Item.id, ItemPrice.version == newest)
    own = [getattr(Item, name) for name in ItemView.__slots__ if hasattr(Item, name)]
    price = (ItemPrice.points, ItemPrice.id.label("price_id"), ItemPrice.version.label("price_version"))
    return sa.select(*own, *price).join(ItemPrice, now).where(Item.center_id == center_id)


_ONE_SHOP = Prepared(_shops().where(Shop.center_id == sa.bindparam("center"), Shop.id == sa.bindparam("id")))
_SOME_ITEMS = Prepared(
    _items(sa.bindparam("center")).where(
        Item.shop_id == sa.bindparam("shop"), Item.id.in_(sa.bindparam("ids", expanding=True))
    )
)


def get_item(session: Session, item_id: int, center_id: int) -> ItemView:
    """An item. Raises NotFound("shop.item_not_found")."""
    row = session.execute(_items(center_id).where(Item.id == item_id)).one_or_none()
    if row is None:
        raise NotFound("shop.item_not_found")
    return ItemView(*row)


def find_item_named(session: Session, shop_id: int, name: str, spec: str, center_id: int) -> int | None:
    """The item with that name and size in the shop, however they are written."""
    goods = sa.select(Item.id, Item.name, Item.spec).where(Item.center_id == center_id, Item.shop_id == shop_id)
    wanted = (name_key(name), name_key(spec))
    rows = session.connection().execute(goods)
    return next((row.id for row in rows if (name_key(row.name), name_key(row.spec)) == wanted), None)


def find_item_with_barcode(session: Session, shop_id: int, barcode: str, center_id: int) -> str | None:
    """The name of the good on the shop's shelf that has this barcode, in its one form."""
    on_shelf = sa.and_(Item.on_shelf.is_(True), Item.barcode == barcode)
    return session.scalar(sa.select(Item.name).where(Item.center_id == center_id, Item.shop_id == shop_id, on_shelf))


def categories(session: Session, shop_id: int, center_id: int) -> list[str]:
    """Categories of goods in a shop."""
    query = sa.select(Item.category).where(Item.center_id == center_id, Item.shop_id == shop_id)
    return list(session.scalars(query.distinct().order_by(Item.category)))


def prices(session: Session, item_id: int, center_id: int) -> list[PriceView]:
    """Prices of an item, newest first."""
    columns = (ItemPrice.version, ItemPrice.points, ItemPrice.set_at, ItemPrice.set_by)
    query = sa.select(*columns).where(ItemPrice.center_id == center_id, ItemPrice.item_id == item_id)
    return [PriceView(*row) for row in session.execute(query.order_by(ItemPrice.version.desc()))]


def items_by_id(session: Session, shop_id: int, ids: Iterable[int], center_id: int) -> dict[int, ItemView]:
    """Items of a shop by id. Raises Rejected("shop.item_unknown") if any is not in it."""
    wanted = set(ids)
    parameters = {"center": center_id, "shop": shop_id, "ids": sorted(wanted)}
    items = {row[0]: ItemView(*row) for row in _SOME_ITEMS.rows(session, parameters)}
    if wanted - items.keys():
        raise Rejected("shop.item_unknown")
    return items


def shelf(session: Session, shop_id: int, center_id: int, *, all_items: bool = False) -> list[ShelfItem]:
    """Items for the till by category and name, with their stock."""
    query = _items(center_id).where(Item.shop_id == shop_id).order_by(Item.category, Item.initials, Item.id)
    if not all_items:
        query = query.where(Item.on_shelf.is_(True))
    return with_stock(session, [ItemView(*row) for row in session.execute(query)], center_id)


def list_items(
    session: Session, shop_id: int, center_id: int, *, request: PageRequest, on_shelf: bool | None = None
) -> Page[ShelfItem]:
    """Items of a shop with their stock, by pinyin initials by default."""
    query = _items(center_id).where(Item.shop_id == shop_id)
    if on_shelf is not None:
        query = query.where(Item.on_shelf.is_(on_shelf))
    sorts = {"initials": Item.initials, "category": Item.category, "name": Item.name, "points": ItemPrice.points}
    columns = len(ItemView.__slots__)
    page = fetch_page(
        session, query, request=request, sorts=sorts, tie=Item.id, make=lambda row: ItemView(*row[:columns])
    )
    return page.of(with_stock(session, page.items, center_id))


def with_stock(session: Session, items: Sequence[ItemView], center_id: int) -> list[ShelfItem]:
    """Add the stock from the ledger to items."""
    stock = points.balances(session, [item.stock_account for item in items], center_id)
    return [ShelfItem(item, stock[item.stock_account].balance, stock[item.stock_account].held) for item in items]


def member_balance(session: Session, volunteer_id: int, center_id: int) -> Balance:
    """A member's balance of points."""
    return points.balance(session, AccountKey(POINT, "member", volunteer_id), center_id)
