"""Pages of the shelf: shops, their items with stock and price, and goods in."""

from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.people.identities import queries as identities
from ledger.people.identities.history import Corrected, history
from ledger.people.policy import mask_name
from ledger.places.queries import place_choices
from ledger.shop import delivery_queries, queries, shelf
from ledger.shop.blueprint import bp
from ledger.shop.forms import ITEM_FIELDS, LINES_MORE, lines_shown, read_delivery, read_item, read_price, read_shop
from ledger.shop.models import Item
from ledger.shop.scan_policy import shown_barcode
from ledger.shop.schemas import MOST_LINES
from ledger.web import asked, forms
from ledger.web.guard import get_actor, requires
from ledger.web.listed import is_file, listed
from ledger.web.once import idempotency_key
from ledger.web.problem import InvalidFields

KEEPERS = (Permission.MANAGE_SHOP, Permission.GOODS_IN)
READERS = (*KEEPERS, Permission.READ_BOOKS)
# Values of the filter `show`.
_ON_SHELF = {"on": True, "off": False}
_SHOP_FIELDS = dict.fromkeys(("organisations.place_not_found", "organisations.place_closed"), "place_id")
_DELIVERY_FIELDS = {"shop.item_unknown": "item-0", "shop.goods_in_empty": "item-0"}


@bp.get("/shelf", endpoint="shelf")
@requires(*READERS)
@listed
def shelf_choice() -> ResponseReturnValue:
    """Choose a shop; a keeper of only one is redirected there."""
    actor = get_actor()
    paths = [path for permission in READERS for path in actor.paths(permission)]
    shops = in_snapshot(queries.shops_under, paths, actor.center_id)
    if len(shops) == 1 and not is_file():
        return redirect(url_for("shop.shelf_of", shop_id=shops[0].id))
    return render_template("shop/shelf_choice.html", shops=shops)


@bp.get("/shelf/new")
@requires(Permission.MANAGE_SHOP)
def new_shop() -> str:
    """Form for opening a shop."""
    return _shop_form({}, {})


@bp.post("/shelf/new")
@requires(Permission.MANAGE_SHOP)
def send_new_shop() -> ResponseReturnValue:
    """Open a shop and go to its empty shelf."""
    try:
        name, place_id = read_shop()
        once, actor = idempotency_key(), get_actor()
        shop_id = in_transaction_once(once, shelf.open_shop, place_id=place_id, name=name, actor=actor)
    except LedgerError as error:
        return _shop_form(forms.everything(), forms.field_errors(error, _SHOP_FIELDS)), error.status
    return redirect(url_for("shop.shelf_of", shop_id=shop_id), 303)


def _shop_form(values: dict[str, Any], errors: dict[str, str]) -> str:
    actor = get_actor()
    places = in_snapshot(place_choices, actor.center_id, actor.paths(Permission.MANAGE_SHOP))
    return render_template("shop/shop_new.html", values=values, errors=errors, places=places)


@bp.get("/shelf/<id:shop_id>")
@requires(*READERS)
@listed
def shelf_of(shop_id: int) -> str:
    """The shelf of a shop: items, stock and prices."""
    return render_template("shop/shelf.html", **in_snapshot(_shelf, shop_id, get_actor()))


def _shelf(session: Session, shop_id: int, actor: Actor) -> dict[str, Any]:
    shop = queries.get_shop_for(session, shop_id, actor, READERS)
    show, page = asked.choice("show", _ON_SHELF), asked.page(100)
    on_shelf = _ON_SHELF[show] if show else None
    found = queries.list_items(session, shop_id, actor.center_id, request=page, on_shelf=on_shelf)
    return {
        "shop": shop,
        "items": found.items,
        "next_after": found.next,
        "sort": found.sort,
        "show": show or "",
        "may_manage": actor.may(Permission.MANAGE_SHOP, shop.place_path),
        "may_take_in": actor.may(Permission.GOODS_IN, shop.place_path),
    }


@bp.post("/shelf/<id:shop_id>/open")
@requires(Permission.MANAGE_SHOP)
def open_or_close(shop_id: int) -> ResponseReturnValue:
    """Close the shop for new redemptions, or reopen it."""
    wanted = forms.verbatim("open") == "1"
    in_transaction_once(idempotency_key(), shelf.set_open, shop_id, is_open=wanted, actor=get_actor())
    return redirect(url_for("shop.shelf_of", shop_id=shop_id), 303)


@bp.get("/shelf/<id:shop_id>/items/new")
@requires(Permission.MANAGE_SHOP)
def new_item(shop_id: int) -> str:
    """Form for a new item."""
    return _item_form(shop_id, {})


@bp.post("/shelf/<id:shop_id>/items/new")
@requires(Permission.MANAGE_SHOP)
def send_new_item(shop_id: int) -> ResponseReturnValue:
    """Put a new item on the shelf with its first price."""
    try:
        item = read_item()
        in_transaction_once(idempotency_key(), shelf.add_item, shop_id, item, actor=get_actor())
    except LedgerError as error:
        return _item_form(shop_id, forms.field_errors(error, ITEM_FIELDS)), error.status
    flash(_("%(item)s上架了，接着入库就能兑换", item=item.name))
    return redirect(url_for("shop.shelf_of", shop_id=shop_id), 303)


def _item_form(shop_id: int, errors: dict[str, str]) -> str:
    values = forms.everything() or {"low_stock": "5", "category": asked.verbatim("category")}
    shown = in_snapshot(_shop_and_categories, shop_id, get_actor())
    return render_template("shop/item_new.html", values=values, errors=errors, **shown)


def _shop_and_categories(session: Session, shop_id: int, actor: Actor) -> dict[str, Any]:
    shop = queries.get_shop_for(session, shop_id, actor, (Permission.MANAGE_SHOP,))
    return {"shop": shop, "categories": queries.categories(session, shop_id, actor.center_id)}


@bp.get("/shelf/items/<id:item_id>")
@requires(*READERS)
@listed
def item(item_id: int) -> str:
    """One item with its price history, and whether it is shown at the till."""
    return _draw_item(item_id, "", {})


@bp.post("/shelf/items/<id:item_id>/price")
@requires(Permission.MANAGE_SHOP)
def change_price(item_id: int) -> ResponseReturnValue:
    """Set a new price from now on."""
    try:
        price = read_price()
    except InvalidFields as error:
        return _draw_item(item_id, forms.verbatim("points"), forms.field_errors(error, {})), error.status
    in_transaction_once(idempotency_key(), shelf.set_price, item_id, price, actor=get_actor())
    flash(_("价目改好了，从现在起算"))
    return redirect(url_for("shop.item", item_id=item_id), 303)


@bp.post("/shelf/items/<id:item_id>/shelf")
@requires(Permission.MANAGE_SHOP)
def show_or_hide(item_id: int) -> ResponseReturnValue:
    """Show an item at the till, or take it off."""
    wanted = forms.verbatim("on_shelf") == "1"
    in_transaction_once(idempotency_key(), shelf.put_on_shelf, item_id, on_shelf=wanted, actor=get_actor())
    return redirect(url_for("shop.item", item_id=item_id), 303)


def _draw_item(item_id: int, price: str, errors: dict[str, str]) -> str:
    return render_template("shop/item.html", price=price, errors=errors, **in_snapshot(_item, item_id, get_actor()))


def _item(session: Session, item_id: int, actor: Actor) -> dict[str, Any]:
    view = queries.get_item(session, item_id, actor.center_id)
    shop = queries.get_shop_for(session, view.shop_id, actor, READERS)
    return {
        "shop": shop,
        "shown": queries.with_stock(session, [view], actor.center_id)[0],
        "prices": queries.prices(session, item_id, actor.center_id),
        "history": [_as_printed(each) for each in history(session, table_of(Item), item_id, shop.place_path, actor)],
        "may_manage": actor.may(Permission.MANAGE_SHOP, shop.place_path),
    }


def _as_printed(change: Corrected) -> Corrected:
    """A correction with the barcodes as everywhere else: as they are printed on the goods."""
    if "barcode" not in change.fields:
        return change
    was, now = (shown_barcode(barcode or "") for barcode in change.fields["barcode"])
    return replace(change, fields=change.fields | {"barcode": (was, now)})


@bp.get("/shelf/<id:shop_id>/goods-in")
@requires(*READERS)
@listed
def deliveries(shop_id: int) -> str:
    """Deliveries to a shop."""
    return render_template("shop/deliveries.html", **in_snapshot(_deliveries, shop_id, get_actor()))


def _deliveries(session: Session, shop_id: int, actor: Actor) -> dict[str, Any]:
    shop = queries.get_shop_for(session, shop_id, actor, READERS)
    page = asked.page()
    found = delivery_queries.list_deliveries(session, shop_id, actor.center_id, request=page)
    return {
        "shop": shop,
        "deliveries": found.items,
        "next_after": found.next,
        "sort": found.sort,
        "may_take_in": actor.may(Permission.GOODS_IN, shop.place_path),
    }


@bp.get("/shelf/<id:shop_id>/goods-in/new")
@requires(Permission.GOODS_IN)
def new_delivery(shop_id: int) -> str:
    """Form for a delivery."""
    return _draw_delivery(shop_id, {})


@bp.post("/shelf/<id:shop_id>/goods-in/new")
@requires(Permission.GOODS_IN)
def send_new_delivery(shop_id: int) -> ResponseReturnValue:
    """Book a delivery into stock, or redisplay the form with more lines on request."""
    if forms.pressed("more"):
        return _draw_delivery(shop_id, {}, lines=min(lines_shown() + LINES_MORE, MOST_LINES))
    try:
        delivery = read_delivery()
        booked = in_transaction_once(idempotency_key(), _take_in, shop_id, delivery, actor=get_actor())
    except LedgerError as error:
        return _draw_delivery(shop_id, forms.field_errors(error, _DELIVERY_FIELDS)), error.status
    return redirect(url_for("shop.delivery", goods_in_id=booked["goods_in_id"], new=1), 303)


def _take_in(session: Session, shop_id: int, delivery: dict[str, Any], *, actor: Actor) -> dict[str, int]:
    return shelf.take_in(
        session,
        shop_id,
        delivery["lines"],
        origin=delivery["origin"],
        supplier=delivery["supplier"],
        document=delivery["document"],
        actor=actor,
    )


def _draw_delivery(shop_id: int, errors: dict[str, str], *, lines: int | None = None) -> str:
    values = forms.everything() or {"item-0": asked.verbatim("item_id")}
    shown = in_snapshot(_shop_and_items, shop_id, get_actor())
    lines = lines or lines_shown()
    return render_template("shop/delivery_new.html", values=values, errors=errors, lines=lines, **shown)


def _shop_and_items(session: Session, shop_id: int, actor: Actor) -> dict[str, Any]:
    shop = queries.get_shop_for(session, shop_id, actor, (Permission.GOODS_IN,))
    items = [shown.item for shown in queries.shelf(session, shop_id, actor.center_id, all_items=True)]
    return {"shop": shop, "items": [(public_id(each.id), f"{each.name} {each.spec}") for each in items]}


@bp.get("/shelf/goods-in/<id:goods_in_id>")
@requires(*READERS)
@listed
def delivery(goods_in_id: int) -> str:
    """One delivery, for printing and signing."""
    return render_template("shop/delivery.html", **in_snapshot(_delivery, goods_in_id, get_actor()))


def _delivery(session: Session, goods_in_id: int, actor: Actor) -> dict[str, Any]:
    view = delivery_queries.get_delivery(session, goods_in_id, actor.center_id)
    shop = queries.get_shop_for(session, view.shop_id, actor, READERS)
    name = identities.names_of(session, [view.received_by], actor.center_id).get(view.received_by, "")
    received_by = name if actor.may(Permission.MANAGE_SHOP, shop.place_path) else mask_name(name)
    return {"delivery": view, "received_by": received_by, "is_new": asked.has("new")}
