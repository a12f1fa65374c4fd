"""Shapes of the rules API. Times in minutes, points in minor units (100 is 1.00)."""

from marshmallow import Schema, fields, validate

from ledger.web.fields import Instant, PublicId

_MINUTES = validate.Range(min=0, max=1_440)
_STARS = validate.Range(min=1, max=100_000)
_HOUR = validate.Range(min=0, max=1_000_000)


class RuleBodySchema(Schema):
    """What a deed earns and within which windows."""

    points_per_hour = fields.Integer(strict=True, validate=_HOUR)
    early_minutes = fields.Integer(strict=True, validate=_MINUTES)
    late_minutes = fields.Integer(strict=True, validate=_MINUTES)
    shortest_stay_minutes = fields.Integer(strict=True, validate=_MINUTES)
    automatic_minutes_per_day = fields.Integer(strict=True, validate=_MINUTES)
    points_for_forgotten_check_out = fields.Integer(
        strict=True, validate=validate.Range(min=0, max=1), metadata={"description": "1: give them, 0: minutes only"}
    )
    annul_minutes = fields.Integer(strict=True, validate=_MINUTES)
    points_expire = fields.String(
        validate=validate.Regexp(
            r"^(never|rolling:[1-9][0-9]{0,2}|fixed:(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\+[0-9]{1,2})$",
            error="must be never, rolling:24 or fixed:12-31+1",
        ),
        metadata={"description": "never, rolling:24 (months, to the month's end), fixed:12-31+1 (a day, years later)"},
    )
    star_hours = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=100_000)),
        validate=validate.Length(min=1, max=10),
    )


class RuleSchema(RuleBodySchema):
    """A version: in force for deeds that begin at `effective_from` or later, until the next one."""

    id = PublicId()
    number = fields.Integer()
    effective_from = Instant()
    made_at = Instant()


class RuleList(Schema):
    """Every version, newest first."""

    items = fields.List(fields.Nested(RuleSchema))
    next = fields.String(allow_none=True)


class RuleRequest(RuleBodySchema):
    """A new version; what is left out stays as in the last one."""

    effective_from = Instant(required=True)
