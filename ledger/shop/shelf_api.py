"""The shelf over the API: shops, their items with price and stock, and goods in."""

from typing import Any

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.shop import correcting, presenter, queries, shelf
from ledger.shop.correcting import ItemWords
from ledger.shop.delivery_queries import get_delivery
from ledger.shop.shelf import Delivered, NewItem
from ledger.shop.shelf_schemas import (
    GoodsInRequest,
    GoodsInSchema,
    ItemPage,
    ItemQuery,
    ItemRequest,
    ItemSchema,
    ItemWordsRequest,
    PriceRequest,
    ShelfRequest,
    ShopNamesRequest,
    ShopPage,
    ShopRequest,
    ShopSchema,
    StockPage,
)
from ledger.web.fields import PageQuery, page_of
from ledger.web.guard import get_actor, logged_in, requires
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("shelf_api", __name__, url_prefix=PREFIX, description="What shops have and what it costs")


@bp.get("/shops")
@logged_in
@bp.arguments(PageQuery, location="query")
@bp.response(200, ShopPage)
def list_shops(query: dict[str, Any]) -> dict[str, Any]:
    """All shops of the center, including closed ones."""
    found = in_snapshot(queries.list_shops, get_actor().center_id, request=page_of(query))
    return {"items": found.items, "next": found.next}


@bp.post("/shops")
@requires(Permission.MANAGE_SHOP)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ShopRequest)
@bp.response(201, ShopSchema)
def open_shop(request: dict[str, Any]) -> Any:
    """Open a shop in a place."""
    place_id, name, actor = request["place_id"], request["name"], get_actor()
    shop_id = in_transaction_once(find_idempotency_key(), shelf.open_shop, place_id=place_id, name=name, actor=actor)
    return in_snapshot(queries.get_shop, shop_id, actor.center_id)


@bp.get("/shops/<id:shop_id>/items")
@logged_in
@bp.arguments(ItemQuery, location="query")
@bp.response(200, ItemPage)
def list_items(query: dict[str, Any], shop_id: int) -> dict[str, Any]:
    """Items of a shop with prices and stock."""
    on_shelf, page = query.pop("on_shelf"), page_of(query)
    found = in_snapshot(_items, shop_id, page, on_shelf, get_actor())
    return {"items": [presenter.item(each) for each in found.items], "next": found.next}


def _items(session: Session, shop_id: int, page: PageRequest, on_shelf: bool | None, actor: Actor) -> Any:
    queries.get_shop(session, shop_id, actor.center_id)
    return queries.list_items(session, shop_id, actor.center_id, request=page, on_shelf=on_shelf)


@bp.post("/shops/<id:shop_id>/items")
@requires(Permission.MANAGE_SHOP)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ItemRequest)
@bp.response(201, ItemSchema)
def add_item(request: dict[str, Any], shop_id: int) -> dict[str, Any]:
    """Put a new item on the shelf with its first price."""
    wanted = NewItem(**request)
    item_id = in_transaction_once(find_idempotency_key(), shelf.add_item, shop_id, wanted, actor=get_actor())
    return in_snapshot(_item, item_id, get_actor())


@bp.put("/items/<id:item_id>")
@requires(Permission.MANAGE_SHOP)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ItemWordsRequest)
@bp.response(200, ItemSchema)
def correct_item(request: dict[str, Any], item_id: int) -> dict[str, Any]:
    """Put an item right, all of it but unit and price; receipts and deliveries keep the words of their day."""
    wanted = ItemWords(**request)
    in_transaction_once(find_idempotency_key(), correcting.correct_item, item_id, wanted, actor=get_actor())
    return in_snapshot(_item, item_id, get_actor())


@bp.put("/shops/<id:shop_id>")
@requires(Permission.MANAGE_SHOP)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ShopNamesRequest)
@bp.response(200, ShopSchema)
def correct_shop(request: dict[str, Any], shop_id: int) -> Any:
    """Put the names of a shop right, the short one until its first receipt; papers keep the words of their day."""
    actor, key = get_actor(), find_idempotency_key()
    name, short_name = request["name"], request["short_name"]
    in_transaction_once(key, correcting.correct_shop, shop_id, name=name, short_name=short_name, actor=actor)
    return in_snapshot(queries.get_shop, shop_id, actor.center_id)


@bp.post("/items/<id:item_id>/prices")
@requires(Permission.MANAGE_SHOP)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(PriceRequest)
@bp.response(201, ItemSchema)
def set_price(request: dict[str, Any], item_id: int) -> dict[str, Any]:
    """Set a new price from now on; carts priced before must be priced again."""
    price = request["points"]
    in_transaction_once(find_idempotency_key(), shelf.set_price, item_id, price, actor=get_actor())
    return in_snapshot(_item, item_id, get_actor())


@bp.put("/items/<id:item_id>/shelf")
@requires(Permission.MANAGE_SHOP)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ShelfRequest)
@bp.response(200, ItemSchema)
def put_on_shelf(request: dict[str, Any], item_id: int) -> dict[str, Any]:
    """Show an item at the till, or take it off; existing holds stay."""
    on_shelf = request["on_shelf"]
    in_transaction_once(find_idempotency_key(), shelf.put_on_shelf, item_id, on_shelf=on_shelf, actor=get_actor())
    return in_snapshot(_item, item_id, get_actor())


def _item(session: Session, item_id: int, actor: Actor) -> dict[str, Any]:
    view = queries.get_item(session, item_id, actor.center_id)
    return presenter.item(queries.with_stock(session, [view], actor.center_id)[0])


@bp.get("/shops/<id:shop_id>/stock")
@requires(*queries.STAFF)
@bp.arguments(PageQuery, location="query")
@bp.response(200, StockPage)
def list_stock(query: dict[str, Any], shop_id: int) -> dict[str, Any]:
    """Stock of a shop according to the ledger, including items off the shelf; for staff of its place."""
    found = in_snapshot(_stock, shop_id, page_of(query), get_actor())
    return {"items": [presenter.stock(each) for each in found.items], "next": found.next}


def _stock(session: Session, shop_id: int, page: PageRequest, actor: Actor) -> Any:
    queries.get_shop_for(session, shop_id, actor)
    return queries.list_items(session, shop_id, actor.center_id, request=page)


@bp.post("/shops/<id:shop_id>/goods-in")
@requires(Permission.GOODS_IN)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(GoodsInRequest)
@bp.response(201, GoodsInSchema)
def take_in(request: dict[str, Any], shop_id: int) -> Any:
    """Book a delivery into stock; `origin` says whether it was bought, donated or made from scrap."""
    booked = in_transaction_once(find_idempotency_key(), _take_in, shop_id, request, actor=get_actor())
    return in_snapshot(get_delivery, booked["goods_in_id"], get_actor().center_id)


def _take_in(session: Session, shop_id: int, request: dict[str, Any], *, actor: Actor) -> dict[str, int]:
    lines = [Delivered(**line) for line in request["lines"]]
    origin, supplier, document = request["origin"], request["supplier"], request["document"]
    return shelf.take_in(session, shop_id, lines, origin=origin, supplier=supplier, document=document, actor=actor)
