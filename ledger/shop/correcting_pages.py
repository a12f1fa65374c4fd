"""Pages on which a shop or an item on its shelf is put right."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.people.identities.history import history
from ledger.shop import correcting, queries
from ledger.shop.blueprint import bp
from ledger.shop.forms import ITEM_FIELDS, SHOP_FIELDS, read_item_words, read_shop_names
from ledger.shop.models import Shop
from ledger.web import forms
from ledger.web.guard import get_actor, requires
from ledger.web.once import idempotency_key

_KEEPER = (Permission.MANAGE_SHOP,)


@bp.get("/shelf/items/<id:item_id>/correct")
@requires(Permission.MANAGE_SHOP)
def correct_item(item_id: int) -> str:
    """Form for putting an item right: everything but its unit and its price."""
    return _item_form(item_id, {})


@bp.post("/shelf/items/<id:item_id>/correct")
@requires(Permission.MANAGE_SHOP)
def send_corrected_item(item_id: int) -> ResponseReturnValue:
    """Put an item right, and keep what it said."""
    try:
        wanted = read_item_words()
        in_transaction_once(idempotency_key(), correcting.correct_item, item_id, wanted, actor=get_actor())
    except LedgerError as error:
        return _item_form(item_id, forms.field_errors(error, ITEM_FIELDS)), error.status
    flash(_("改好了。以前的小票和入库单上，还是当天的写法。"))
    return redirect(url_for("shop.item", item_id=item_id), 303)


def _item_form(item_id: int, errors: dict[str, str]) -> str:
    shown = in_snapshot(_item, item_id, get_actor())
    return render_template("shop/item_correct.html", values=forms.everything() or shown["said"], errors=errors, **shown)


def _item(session: Session, item_id: int, actor: Actor) -> dict[str, Any]:
    item = queries.get_item(session, item_id, actor.center_id)
    shop = queries.get_shop_for(session, item.shop_id, actor, _KEEPER)
    said = {name: getattr(item, name) for name in ("name", "spec", "category", "low_stock")}
    return {
        "item": item,
        "shop": shop,
        "said": said | {"barcode": item.shown_barcode},
        "categories": queries.categories(session, shop.id, actor.center_id),
    }


@bp.get("/shelf/<id:shop_id>/correct")
@requires(Permission.MANAGE_SHOP)
def correct_shop(shop_id: int) -> str:
    """Form for putting the names of a shop right, with what they were before."""
    return _shop_form(shop_id, {})


@bp.post("/shelf/<id:shop_id>/correct")
@requires(Permission.MANAGE_SHOP)
def send_corrected_shop(shop_id: int) -> ResponseReturnValue:
    """Put the names of a shop right."""
    try:
        name, short_name = read_shop_names()
        key, actor = idempotency_key(), get_actor()
        in_transaction_once(key, correcting.correct_shop, shop_id, name=name, short_name=short_name, actor=actor)
    except LedgerError as error:
        return _shop_form(shop_id, forms.field_errors(error, SHOP_FIELDS)), error.status
    flash(_("改好了。以前的小票和入库单上，还是当天的写法。"))
    return redirect(url_for("shop.shelf_of", shop_id=shop_id), 303)


def _shop_form(shop_id: int, errors: dict[str, str]) -> str:
    shown = in_snapshot(_shop, shop_id, get_actor())
    values = forms.everything() or {name: getattr(shown["shop"], name) for name in ("name", "short_name")}
    return render_template("shop/shop_correct.html", values=values, errors=errors, **shown)


def _shop(session: Session, shop_id: int, actor: Actor) -> dict[str, Any]:
    shop = queries.get_shop_for(session, shop_id, actor, _KEEPER)
    return {"shop": shop, "history": history(session, table_of(Shop), shop_id, shop.place_path, actor)}
