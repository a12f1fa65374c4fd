"""Schemas of the rules API. Times in minutes, points in minor units (100 is 1.00)."""

from flask_babel import lazy_gettext as _
from marshmallow import Schema, fields

from ledger.rules.policy import MOST_MINUTES, MOST_PEOPLE_PER_CODE, MOST_POINTS_PER_HOUR, MOST_STAR_HOURS, MOST_STARS
from ledger.web.fields import Instant, List, Pattern, PublicId, Request, Whole, length


class RuleBodySchema(Request):
    """What a deed earns and within which windows."""

    points_per_hour = Whole(0, MOST_POINTS_PER_HOUR)
    early_minutes = Whole(0, MOST_MINUTES)
    late_minutes = Whole(0, MOST_MINUTES)
    shortest_stay_minutes = Whole(0, MOST_MINUTES)
    automatic_minutes_per_day = Whole(0, MOST_MINUTES)
    points_for_forgotten_check_out = Whole(0, 1, metadata={"description": "1: give them, 0: minutes only"})
    annul_minutes = Whole(0, MOST_MINUTES)
    people_per_code = Whole(
        1,
        MOST_PEOPLE_PER_CODE,
        metadata={"description": "So many check in by one code of a screen."},
    )
    points_expire = Pattern(
        r"^(never|rolling:[1-9][0-9]{0,2}|fixed:(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\+[0-9]{1,2})$",
        error=_("请填 never、rolling:24 或者 fixed:12-31+1 这样的"),
        metadata={"description": "never, rolling:24 (months, to the month's end), fixed:12-31+1 (a day, years later)"},
    )
    star_hours = List(Whole(1, MOST_STAR_HOURS), validate=length(1, MOST_STARS))


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
    """A new version; omitted fields keep the last version's values."""

    effective_from = Instant(required=True)
