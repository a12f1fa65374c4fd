"""Reads of the shop: the shelf with prices and stock, redemptions, receipts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.organisations.models import Place
from ledger.points import queries as points
from ledger.points.policy import AccountKey, Balance
from ledger.shop.models import Item, ItemPrice, Redemption, RedemptionLine, Shop
from ledger.shop.policy import receipt_text


@dataclass(frozen=True, slots=True)
class ShopView:
    """A shop and where it is."""

    id: int
    name: str
    place_id: int
    place_name: str
    place_path: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item with its price now; `points` in minor units."""

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
    def stock_account(self) -> AccountKey:
        """Where its stock is counted."""
        return AccountKey(self.unit, "stock", self.shop_id)


@dataclass(frozen=True, slots=True)
class ShelfItem:
    """An item with what is left of it: `stock` on hand, `held` of that promised at a till."""

    item: ItemView
    stock: int
    held: int

    @property
    def left(self) -> int:
        """What can still be taken."""
        return self.stock - self.held


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of a redemption."""

    position: int
    item_id: int
    name: str
    spec: str
    quantity: int
    price: int
    price_id: int
    points: int
    points_transfer_id: int | None
    goods_transfer_id: int | None


@dataclass(frozen=True, slots=True)
class RedemptionView:
    """A redemption with its lines."""

    center_id: int
    id: int
    shop_id: int
    shop_name: str
    place_path: str
    volunteer_id: int
    payer_code_id: int
    clerk_id: int
    status: str
    total: int
    created_at: datetime
    bound_until: datetime
    held_until: datetime | None
    confirmed_at: datetime | None
    receipt_year: int | None
    receipt_number: int | None
    balance_after: int | None
    voided_at: datetime | None
    void_reason: str | None
    lines: list[LineView]

    @property
    def receipt(self) -> str:
        """The receipt's number, "" before there is one."""
        if self.receipt_year is None or self.receipt_number is None:
            return ""
        return receipt_text(self.receipt_year, self.receipt_number)


def get_shop(session: Session, shop_id: int, center_id: int) -> ShopView:
    """A shop. Raises NotFound("shop.shop_not_found")."""
    row = session.execute(_shops().where(Shop.center_id == center_id, Shop.id == shop_id)).one_or_none()
    if row is None:
        raise NotFound("shop.shop_not_found")
    return ShopView(*row)


def list_shops(
    session: Session, center_id: int, *, request: PageRequest, paths: Sequence[str] | None = None
) -> Page[ShopView]:
    """Shops by name; under the given places only, where some are given."""
    query = _shops().where(Shop.center_id == center_id)
    if paths is not None:
        query = query.where(sa.or_(sa.false(), *(Place.path.startswith(path) for path in paths)))
    return fetch_page(
        session,
        query,
        request=request,
        sorts={"name": Shop.name, "opened_at": Shop.opened_at},
        tie=Shop.id,
        make=lambda row: ShopView(*row[:7]),
    )


def _shops() -> "sa.Select[*tuple[Any, ...]]":
    columns = (Shop.id, Shop.name, Shop.place_id, Place.name, Place.path, Shop.opened_at, Shop.closed_at)
    return sa.select(*columns).join(Place, sa.and_(Place.center_id == Shop.center_id, Place.id == Shop.place_id))


def _items(center_id: int) -> "sa.Select[*tuple[Any, ...]]":
    newest = (
        sa.select(ItemPrice.item_id, sa.func.max(ItemPrice.version).label("version"))
        .where(ItemPrice.center_id == center_id)
        .group_by(ItemPrice.item_id)
        .subquery()
    )
    own = [getattr(Item, name) for name in ItemView.__slots__ if hasattr(Item, name)]
    return (
        sa.select(*own, ItemPrice.points, ItemPrice.id.label("price_id"), ItemPrice.version.label("price_version"))
        .join(newest, newest.c.item_id == Item.id)
        .join(
            ItemPrice,
            sa.and_(
                ItemPrice.center_id == Item.center_id,
                ItemPrice.item_id == Item.id,
                ItemPrice.version == newest.c.version,
            ),
        )
        .where(Item.center_id == center_id)
    )


def get_item(session: Session, item_id: int, center_id: int) -> ItemView:
    """An item. Raises Rejected("shop.item_unknown")."""
    row = session.execute(_items(center_id).where(Item.id == item_id)).one_or_none()
    if row is None:
        raise Rejected("shop.item_unknown")
    return ItemView(*row)


def find_item_named(session: Session, shop_id: int, name: str, spec: str, center_id: int) -> int | None:
    """The item of that name and size in the shop."""
    return session.scalar(
        sa.select(Item.id).where(
            Item.center_id == center_id, Item.shop_id == shop_id, Item.name == name, Item.spec == spec
        )
    )


def items_by_id(session: Session, shop_id: int, ids: Iterable[int], center_id: int) -> dict[int, ItemView]:
    """Items of a shop. Raises Rejected("shop.item_unknown") unless all are of it."""
    wanted = set(ids)
    rows = session.execute(_items(center_id).where(Item.shop_id == shop_id, Item.id.in_(wanted)))
    items = {row.id: ItemView(*row) for row in rows}
    if wanted - items.keys():
        raise Rejected("shop.item_unknown")
    return items


def shelf(session: Session, shop_id: int, center_id: int, *, all_items: bool = False) -> list[ShelfItem]:
    """What the till shows: items by category and name, with what is left of each."""
    query = _items(center_id).where(Item.shop_id == shop_id).order_by(Item.category, Item.initials, Item.id)
    if not all_items:
        query = query.where(Item.on_shelf.is_(True))
    items = [ItemView(*row) for row in session.execute(query)]
    stock = points.balances(session, [item.stock_account for item in items], center_id)
    return [ShelfItem(item, stock[item.stock_account].balance, stock[item.stock_account].held) for item in items]


def member_balance(session: Session, volunteer_id: int, center_id: int) -> Balance:
    """What a member has to spend."""
    return points.balance(session, AccountKey("point", "member", volunteer_id), center_id)


def get_redemption(session: Session, redemption_id: int, center_id: int, *, lock: bool = False) -> RedemptionView:
    """A redemption with its lines. Raises NotFound("shop.redemption_not_found")."""
    query = _redemptions().where(Redemption.center_id == center_id, Redemption.id == redemption_id)
    row = session.execute(query.with_for_update(of=Redemption) if lock else query).one_or_none()
    if row is None:
        raise NotFound("shop.redemption_not_found")
    return _redemption_view(row, lines_of(session, redemption_id, center_id))


def lines_of(session: Session, redemption_id: int, center_id: int) -> list[LineView]:
    """The lines of a redemption in order."""
    line = RedemptionLine
    query = (
        sa.select(
            line.position,
            line.item_id,
            Item.name,
            Item.spec,
            line.quantity,
            ItemPrice.points.label("price"),
            line.price_id,
            line.points,
            line.points_transfer_id,
            line.goods_transfer_id,
        )
        .join(Item, sa.and_(Item.center_id == line.center_id, Item.id == line.item_id))
        .join(ItemPrice, sa.and_(ItemPrice.center_id == line.center_id, ItemPrice.id == line.price_id))
        .where(line.center_id == center_id, line.redemption_id == redemption_id)
        .order_by(line.position)
    )
    return [LineView(**row._mapping) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class RedemptionFilter:
    """What a list of redemptions is narrowed to; `paths` are the places the reader may see, None for all."""

    shop_id: int | None = None
    volunteer_id: int | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    paths: tuple[str, ...] | None = None


def list_redemptions(
    session: Session, center_id: int, wanted: RedemptionFilter, *, request: PageRequest
) -> Page[RedemptionView]:
    """Redemptions by time, newest first unless asked otherwise; without their lines."""
    query = _redemptions().where(Redemption.center_id == center_id)
    for name in ("shop_id", "volunteer_id", "status"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(Redemption, name) == value)
    if wanted.since is not None:
        query = query.where(Redemption.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Redemption.created_at < wanted.until)
    if wanted.paths is not None:
        query = query.where(sa.or_(sa.false(), *(Place.path.startswith(path) for path in wanted.paths)))
    page = PageRequest(request.limit, request.after, request.sort or "-created_at")
    sorts = {"created_at": Redemption.created_at, "total": Redemption.total}
    return fetch_page(
        session, query, request=page, sorts=sorts, tie=Redemption.id, make=lambda row: _redemption_view(row, [])
    )


def _redemptions() -> "sa.Select[*tuple[Any, ...]]":
    return (
        sa.select(Redemption, Shop.name.label("shop_name"), Place.path.label("place_path"))
        .join(Shop, sa.and_(Shop.center_id == Redemption.center_id, Shop.id == Redemption.shop_id))
        .join(Place, sa.and_(Place.center_id == Shop.center_id, Place.id == Shop.place_id))
    )


def _redemption_view(row: Any, lines: list[LineView]) -> RedemptionView:
    redemption = row.Redemption
    own = {name: getattr(redemption, name) for name in RedemptionView.__slots__ if hasattr(redemption, name)}
    return RedemptionView(**own, shop_name=row.shop_name, place_path=row.place_path, lines=lines)


def facts(session: Session, redemption_id: int, center_id: int) -> dict[str, Any]:
    """A redemption as plain values, names of goods included and the member's left out: what a replay answers too."""
    view = get_redemption(session, redemption_id, center_id)
    balance = member_balance(session, view.volunteer_id, center_id)
    times = {
        name: value and value.isoformat()
        for name in ("created_at", "bound_until", "held_until", "confirmed_at", "voided_at")
        for value in [getattr(view, name)]
    }
    lines = [
        {name: getattr(line, name) for name in ("item_id", "name", "spec", "quantity", "price", "points")}
        for line in view.lines
    ]
    own = {
        name: getattr(view, name)
        for name in ("id", "shop_id", "shop_name", "volunteer_id", "clerk_id", "status", "total", "balance_after")
    }
    return own | times | {"receipt": view.receipt, "available": balance.available, "held": balance.held, "lines": lines}
