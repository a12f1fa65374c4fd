"""Shapes of the activities API."""

from marshmallow import Schema, fields

from ledger.activities.policy import APPROVED, CATEGORY_LENGTH, DRAFT, MOST_PEOPLE, NAME_LENGTH, STATUSES
from ledger.web.fields import Choice, Flag, Instant, PageQuery, PublicId, Request, Text, Whole


class ActivityRequest(Request):
    """An activity that a place answers for."""

    place_id = PublicId(required=True)
    name = Text(required=True, longest=NAME_LENGTH)
    category = Text(required=True, longest=CATEGORY_LENGTH)
    team_id = PublicId(load_default=None, allow_none=True)
    status = Choice((DRAFT, APPROVED), load_default=APPROVED)


class ActivitySchema(Schema):
    """What is done; people sign up for and check in to approved ones only."""

    id = PublicId()
    place_id = PublicId()
    place_name = fields.String()
    team_id = PublicId(allow_none=True)
    name = fields.String()
    category = fields.String()
    status = Choice(STATUSES)
    created_at = Instant()


class ActivityQuery(PageQuery):
    """What a list of activities is narrowed to; a place stands for what is under it too."""

    place_id = PublicId(load_default=None)
    status = Choice(STATUSES, load_default=None)
    category = Text(load_default=None, longest=CATEGORY_LENGTH)


class ActivityPage(Schema):
    """A page of activities, the newest first."""

    items = fields.List(fields.Nested(ActivitySchema))
    next = fields.String(allow_none=True)


class ShiftRequest(Request):
    """A shift of at most 24 hours; `capacity` null means no limit, `walk_in` admits who has not signed up."""

    station_id = PublicId(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = Whole(1, MOST_PEOPLE, load_default=None, allow_none=True)
    walk_in = Flag(load_default=True)


class ShiftSchema(Schema):
    """A stretch of an activity at a station."""

    id = PublicId()
    activity_id = PublicId()
    activity_name = fields.String()
    activity_status = Choice(STATUSES)
    category = fields.String()
    station_id = PublicId()
    station_name = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    capacity = fields.Integer(allow_none=True)
    signed_up = fields.Integer()
    waitlisted = fields.Integer()
    walk_in = fields.Boolean()
    cancelled_at = Instant(allow_none=True)


class ShiftQuery(PageQuery):
    """What the list of coming shifts is narrowed to: stations of a place and what is under it."""

    place_id = PublicId(load_default=None)


class ShiftPage(Schema):
    """A page of shifts, by start."""

    items = fields.List(fields.Nested(ShiftSchema))
    next = fields.String(allow_none=True)


class SignupRequest(Request):
    """Who signs up; a volunteer leaves it out."""

    volunteer_id = PublicId(load_default=None)


class SignupSchema(Schema):
    """A volunteer's place in a shift."""

    id = PublicId()
    shift_id = PublicId()
    volunteer_id = PublicId()
    masked_name = fields.String()
    status = Choice(("signed_up", "waitlisted", "cancelled"))
    created_at = Instant()


class SignupPage(Schema):
    """A page of sign-ups, in the order in which they came."""

    items = fields.List(fields.Nested(SignupSchema))
    next = fields.String(allow_none=True)
