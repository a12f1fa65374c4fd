"""Shapes of the shelf's API: shops, items, stock and deliveries."""

from marshmallow import Schema, fields, validate

from ledger.shop.schemas import IN_POINTS, MOST_LINES, MOST_PRICE, MOST_QUANTITY, ORIGINS, InPoints
from ledger.web.fields import (
    AskedFlag,
    Choice,
    Day,
    Flag,
    Instant,
    List,
    Nested,
    PageQuery,
    PublicId,
    Request,
    Text,
    Whole,
    length,
)


class ShopSchema(Schema):
    """A shop."""

    id = PublicId()
    name = fields.String()
    short_name = fields.String(metadata={"description": "LY in the receipt number LY-2026-000318."})
    place_id = PublicId()
    place_name = fields.String()
    opened_at = Instant()
    closed_at = Instant(allow_none=True)


class ShopPage(Schema):
    """A page of shops."""

    items = fields.List(fields.Nested(ShopSchema))
    next = fields.String(allow_none=True)


class ShopRequest(Request):
    """A new shop."""

    place_id = PublicId(required=True)
    name = Text(required=True, longest=60)


class ShopNamesRequest(Request):
    """The names of a shop as they should have been."""

    name = Text(required=True, longest=60)
    short_name = Text(required=True, shortest=2, longest=8)


class ItemSchema(InPoints):
    """An item with its current price; `left` is the quantity still available."""

    id = PublicId()
    shop_id = PublicId()
    name = fields.String()
    spec = fields.String()
    category = fields.String()
    initials = fields.String()
    barcode = fields.String(allow_none=True)
    low_stock = fields.Integer()
    on_shelf = fields.Boolean()
    points = fields.Integer(metadata=IN_POINTS)
    price_version = fields.Integer()
    left = fields.Integer()
    state = fields.String(validate=validate.OneOf(("in", "low", "out")))


class ItemPage(Schema):
    """A page of items."""

    items = fields.List(fields.Nested(ItemSchema))
    next = fields.String(allow_none=True)


class ItemQuery(PageQuery):
    """Filter of an item list."""

    on_shelf = AskedFlag(load_default=None)


class ItemRequest(Request):
    """A new item with its first price."""

    name = Text(required=True, longest=60)
    spec = Text(required=True, longest=40, metadata={"description": "Size or packing: 5 kg bag"})
    category = Text(required=True, longest=20)
    points = Whole(1, MOST_PRICE, required=True, metadata=IN_POINTS)
    barcode = Text(load_default=None, shortest=4, longest=40, allow_none=True)
    low_stock = Whole(0, MOST_QUANTITY, load_default=5)


class ItemWordsRequest(Request):
    """An item as it should have been; all of it replaces what it said."""

    name = Text(required=True, longest=60)
    spec = Text(required=True, longest=40)
    category = Text(required=True, longest=20)
    barcode = Text(required=True, shortest=4, longest=40, allow_none=True)
    low_stock = Whole(0, MOST_QUANTITY, required=True)


class PriceRequest(Request):
    """A new price, valid from now on."""

    points = Whole(1, MOST_PRICE, required=True, metadata=IN_POINTS)


class ShelfRequest(Request):
    """Whether an item is shown at the till."""

    on_shelf = Flag(required=True)


class StockSchema(Schema):
    """Stock of an item: `stock` on hand, of which `held` is promised at a till and `left` available."""

    item_id = PublicId()
    name = fields.String()
    spec = fields.String()
    stock = fields.Integer()
    held = fields.Integer()
    left = fields.Integer()
    low_stock = fields.Integer()
    state = fields.String(validate=validate.OneOf(("in", "low", "out")))


class StockPage(Schema):
    """A page of the stock."""

    items = fields.List(fields.Nested(StockSchema))
    next = fields.String(allow_none=True)


class DeliveredRequest(Request):
    """One line of a delivery."""

    item_id = PublicId(required=True)
    quantity = Whole(1, MOST_QUANTITY, required=True)
    batch = Text(load_default="", shortest=0, longest=40)
    best_before = Day(load_default=None, allow_none=True)


class GoodsInRequest(Request):
    """A delivery; `document` is its document number, `supplier` whoever sold or donated it."""

    origin = Choice(ORIGINS, required=True)
    supplier = Text(required=True, longest=60)
    document = Text(load_default="", shortest=0, longest=60)
    lines = List(Nested(DeliveredRequest), required=True, validate=length(1, MOST_LINES))


class DeliveredSchema(Schema):
    """One line of a delivery."""

    item_id = PublicId()
    name = fields.String()
    spec = fields.String()
    quantity = fields.Integer()
    batch = fields.String()
    best_before = fields.Date(allow_none=True)


class GoodsInSchema(Schema):
    """A delivery as booked."""

    id = PublicId()
    shop_id = PublicId()
    origin = fields.String(validate=validate.OneOf(ORIGINS))
    supplier = fields.String()
    document = fields.String()
    received_at = Instant()
    lines = fields.List(fields.Nested(DeliveredSchema))
