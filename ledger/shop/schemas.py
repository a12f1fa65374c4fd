"""Shapes of the shop's API."""

from marshmallow import Schema, fields, validate

from ledger.points.proofs.schemas import SealSchema
from ledger.web.fields import (
    Choice,
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

# These limits keep every total of a redemption far within 64 bits.
MOST_LINES, MOST_QUANTITY, MOST_PRICE = 100, 1_000_000, 1_000_000_000
ORIGINS = ("bought", "donated", "scrap")
STATUSES = ("CART", "HELD", "CONFIRMED", "VOIDED", "RELEASED")
IN_POINTS = {"description": "In minor units: 200 is 2.00 points."}


class InPoints(Schema):
    """What every answer with points says about them."""

    unit = fields.Constant("point")
    scale = fields.Constant(2)


class PayerCodeSchema(InPoints):
    """A code to show at the till, good for one cart until it expires; `available` is the spendable balance."""

    code = fields.String()
    expires_at = Instant()
    qr_svg = fields.String()
    bars_svg = fields.String()
    available = fields.Integer(metadata=IN_POINTS)


class LineRequest(Request):
    """A wanted quantity of an item; several lines of one item are added up."""

    item_id = PublicId(required=True)
    quantity = Whole(1, MOST_QUANTITY, required=True)


class RedemptionRequest(Request):
    """A scanned code. With `lines` the redemption is held at once, all or nothing."""

    shop_id = PublicId(required=True)
    payer_code = Text(required=True, longest=200)
    lines = List(Nested(LineRequest), load_default=None, validate=length(1, MOST_LINES))


class LinesRequest(Request):
    """All lines of the cart; they replace the existing ones."""

    lines = List(Nested(LineRequest), required=True, validate=length(0, MOST_LINES))


class VoidRequest(Request):
    """The reason for a void."""

    reason = Text(required=True)


class MemberSchema(Schema):
    """The member who redeems, as a till may show them."""

    masked_name = fields.String()
    number = fields.String()


class LineSchema(Schema):
    """A line with its price."""

    item_id = PublicId()
    name = fields.String()
    spec = fields.String()
    quantity = fields.Integer()
    price = fields.Integer(metadata=IN_POINTS)
    points = fields.Integer(metadata=IN_POINTS)


class RedemptionRowSchema(InPoints):
    """A redemption in a list."""

    id = PublicId()
    shop_id = PublicId()
    shop_name = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    member = fields.Nested(MemberSchema)
    total = fields.Integer(metadata=IN_POINTS)
    created_at = Instant()
    bound_until = Instant(metadata={"description": "A cart that is not held by then is released."})
    held_until = Instant(allow_none=True)
    confirmed_at = Instant(allow_none=True)
    voided_at = Instant(allow_none=True)
    receipt = fields.String(metadata={"description": "The receipt's number, empty before there is one."})
    balance_after = fields.Integer(allow_none=True, metadata=IN_POINTS)


class RedemptionSchema(RedemptionRowSchema):
    """A redemption; `available` and `held` are the member's balance at the time of the answer."""

    available = fields.Integer(metadata=IN_POINTS)
    held = fields.Integer(metadata=IN_POINTS)
    lines = fields.List(fields.Nested(LineSchema))


class DatedPointsSchema(Schema):
    """Points and their last good day, null if they never expire; a grace of 30 days follows."""

    amount = fields.Integer(metadata=IN_POINTS)
    expires_on = fields.Date(allow_none=True)


class ReceiptSchema(RedemptionRowSchema):
    """A receipt: `url` is its page for clerk and member, `check_url` (in the QR code) the public one without names."""

    clerk = fields.String(metadata={"description": "The clerk's name, masked for the member."})
    lots = fields.List(
        fields.Nested(DatedPointsSchema),
        metadata={"description": "Which points were used, by last day; a void has given them back to it."},
    )
    next_ending = fields.Nested(
        DatedPointsSchema,
        allow_none=True,
        metadata={"description": "What of the points ends next, as of now."},
    )
    lines = fields.List(fields.Nested(LineSchema))
    url = fields.String()
    check_url = fields.String()
    qr_svg = fields.String()
    seal = fields.Nested(SealSchema, metadata={"description": "As of now, also when the answer is a replay."})


class RedemptionQuery(PageQuery):
    """Filter of a redemption list."""

    shop_id = PublicId(load_default=None)
    volunteer_id = PublicId(load_default=None)
    status = Choice(STATUSES, load_default=None)
    receipt = Text(load_default=None, shortest=0, longest=20)
    since = Instant(load_default=None)
    until = Instant(load_default=None)


class RedemptionPage(Schema):
    """A page of redemptions."""

    items = fields.List(fields.Nested(RedemptionRowSchema))
    next = fields.String(allow_none=True)
