"""Corrections of shops and of the goods on their shelves. Receipts and deliveries keep the words of their day."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.changes import change
from ledger.kernel.errors import Rejected
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.shop import queries
from ledger.shop.models import Item, Shop
from ledger.shop.policy import clean_short_name
from ledger.shop.scan_policy import read_barcode
from ledger.shop.shelf import initials, refuse_taken


@dataclass(frozen=True, slots=True)
class ItemWords:
    """What may be corrected of an item; never its unit. The price has versions of its own (`shelf.set_price`)."""

    name: str
    spec: str
    category: str
    barcode: str | None
    low_stock: int


def correct_item(session: Session, item_id: int, wanted: ItemWords, *, actor: Actor) -> None:
    """Put an item right, and keep what it said before; nothing is kept where nothing changes.

    Raises NotFound("shop.item_not_found"), Forbidden("access.denied"), Rejected("shop.item_exists" |
    "shop.barcode_taken" | "shop.barcode_misread" | "shop.barcode_not_goods").
    """
    item = queries.get_item(session, item_id, actor.center_id)
    actor.need(Permission.MANAGE_SHOP, queries.get_shop(session, item.shop_id, actor.center_id).place_path)
    same = queries.find_item_named(session, item.shop_id, wanted.name, wanted.spec, actor.center_id)
    if same not in (None, item_id):
        raise Rejected("shop.item_exists")
    values = asdict(wanted) | {"barcode": None, "initials": initials(wanted.name)}
    if wanted.barcode and wanted.barcode in (item.barcode, item.shown_barcode):
        # What an old list brought may have no check digit; it can stay while the rest is put right.
        values["barcode"] = item.barcode
    elif wanted.barcode:
        values["barcode"] = read_barcode(wanted.barcode)
    if item.on_shelf and values["barcode"] != item.barcode:
        refuse_taken(session, item.shop_id, values["barcode"], actor)
    change(session, table_of(Item), item_id, wanted=values, actor=actor)


def correct_shop(session: Session, shop_id: int, *, name: str, short_name: str, actor: Actor) -> None:
    """Put the names of a shop right, and keep what they were; the short name until its first receipt.

    Raises NotFound("shop.shop_not_found"), Forbidden("access.denied"), Rejected("shop.short_name_invalid" |
    "shop.short_name_taken" | "shop.short_name_printed").
    """
    actor.need(Permission.MANAGE_SHOP, queries.get_shop(session, shop_id, actor.center_id).place_path)
    # The counter of receipts refers to the shop, so its first receipt waits for this lock, or this for the receipt.
    session.execute(sa.select(Shop.id).where(Shop.center_id == actor.center_id, Shop.id == shop_id).with_for_update())
    shop = queries.get_shop(session, shop_id, actor.center_id)
    wanted = {"name": name, "short_name": clean_short_name(short_name)}
    if wanted["short_name"] != shop.short_name:
        if queries.has_receipts(session, shop_id, actor.center_id):
            raise Rejected("shop.short_name_printed")
        if wanted["short_name"] in queries.short_names(session, actor.center_id):
            raise Rejected("shop.short_name_taken")
    change(session, table_of(Shop), shop_id, wanted=wanted, actor=actor)
