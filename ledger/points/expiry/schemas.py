"""Shapes of the API of lots and their end. Amounts are integers in minor units of points."""

from marshmallow import Schema, fields, validate

from ledger.web.fields import Day, Instant, PageQuery, PublicId, Request

_LAST_DAY = {"description": "The last local day on which it is good; the grace of 30 days comes after it."}
_OVER = {"description": "What was good until this day or less long."}


class LotSchema(Schema):
    """A parcel of points as it was earned; `remaining` is what is left of it and counts what is `held` too."""

    id = PublicId()
    transfer_id = PublicId(metadata={"description": "The transfer that made it."})
    amount = fields.Integer()
    remaining = fields.Integer()
    held = fields.Integer()
    earned_at = Instant()
    expires_on = fields.Date(allow_none=True, metadata=_LAST_DAY)
    extended = fields.Boolean(metadata={"description": "Whether the last day was put off when it was given back."})


class LotPage(Schema):
    """A page of lots, in the order in which they are used up unless asked otherwise."""

    items = fields.List(fields.Nested(LotSchema))
    next = fields.String(allow_none=True)


class ExpiryRunRequest(Request):
    """A new run, to be looked at before anybody releases it."""

    ends_on = Day(required=True, metadata=_OVER)


class ExpiryRunSchema(Schema):
    """A run of expiry: what was expected when it was prepared, and what it has come to."""

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
    """All runs there have been, the newest first."""

    items = fields.List(fields.Nested(ExpiryRunSchema))
    next = fields.String(allow_none=True)


class EndingQuery(PageQuery):
    """Until which day the notice list looks ahead."""

    until = Day(required=True, metadata={"description": "A local day, inclusive."})


class EndingSchema(Schema):
    """Points of a member that end by the day: how much in how many lots, the first of them when."""

    volunteer_id = PublicId(attribute="owner_id")
    lots = fields.Integer()
    amount = fields.Integer()
    held = fields.Integer()
    first_ends_on = fields.Date(metadata=_LAST_DAY)


class EndingPage(Schema):
    """A page of the notice list."""

    items = fields.List(fields.Nested(EndingSchema))
    next = fields.String(allow_none=True)
