"""Schemas of the API of lots and expiry. Amounts are integers in minor units of points."""

from marshmallow import Schema, fields, validate

from ledger.web.fields import Day, Instant, PageQuery, PublicId, Request

_LAST_DAY = {"description": "The last local day on which it is good; the grace of 30 days comes after it."}
_OVER = {"description": "What was good until this day or less long."}


class LotSchema(Schema):
    """A lot of points as earned; `remaining` is what is left of it, including what is `held`."""

    id = PublicId()
    transfer_id = PublicId(metadata={"description": "The transfer that made it."})
    amount = fields.Integer()
    remaining = fields.Integer()
    held = fields.Integer()
    earned_at = Instant()
    expires_on = fields.Date(allow_none=True, metadata=_LAST_DAY)
    extended = fields.Boolean(metadata={"description": "Whether the last day was put off when it was given back."})


class LotPage(Schema):
    """A page of lots, in order of use by default."""

    items = fields.List(fields.Nested(LotSchema))
    next = fields.String(allow_none=True)


class ExpiryRunRequest(Request):
    """A new run, for review before its release."""

    ends_on = Day(required=True, metadata=_OVER)


class ExpiryRunSchema(Schema):
    """An expiry run: what was expected at preparation, and what has been taken."""

    id = PublicId()
    ends_on = fields.Date(metadata=_OVER)
    status = fields.String(validate=validate.OneOf(("prepared", "released", "done", "dropped")))
    expected_lots = fields.Integer()
    expected_amount = fields.Integer()
    expired_lots = fields.Integer()
    expired_amount = fields.Integer()
    prepared_by = PublicId()
    prepared_at = Instant()
    released_by = PublicId(allow_none=True)
    released_at = Instant(allow_none=True)
    finished_at = Instant(allow_none=True)


class ExpiryRunList(Schema):
    """All runs, newest first."""

    items = fields.List(fields.Nested(ExpiryRunSchema))
    next = fields.String(allow_none=True)


class EndingQuery(PageQuery):
    """The last day that the notice list covers."""

    until = Day(required=True, metadata={"description": "A local day, inclusive."})


class EndingSchema(Schema):
    """Points of a member that end by the day: amount, number of lots, first day."""

    volunteer_id = PublicId(attribute="owner_id")
    lots = fields.Integer()
    amount = fields.Integer()
    held = fields.Integer()
    first_ends_on = fields.Date(metadata=_LAST_DAY)


class EndingPage(Schema):
    """A page of the notice list."""

    items = fields.List(fields.Nested(EndingSchema))
    next = fields.String(allow_none=True)
