"""Shapes of the activities API."""

from marshmallow import Schema, fields

from ledger.activities.policy import APPROVED, CATEGORY_LENGTH, DRAFT, MOST_PEOPLE, NAME_LENGTH, STATUSES
from ledger.web.fields import Choice, Flag, Instant, PageQuery, PublicId, Request, Text, Whole


class ActivityRequest(Request):
    """An activity for which a place is responsible."""

    place_id = PublicId(required=True)
    name = Text(required=True, longest=NAME_LENGTH)
    category = Text(required=True, longest=CATEGORY_LENGTH)
    team_id = PublicId(load_default=None, allow_none=True)
    status = Choice((DRAFT, APPROVED), load_default=APPROVED)


class CorrectedActivityRequest(Request):
    """An activity as it should have been."""

    name = Text(required=True, longest=NAME_LENGTH)
    category = Text(required=True, longest=CATEGORY_LENGTH)


class ActivitySchema(Schema):
    """An activity; people can only sign up for and check in to approved ones."""

    id = PublicId()
    place_id = PublicId()
    place_name = fields.String()
    team_id = PublicId(allow_none=True)
    name = fields.String()
    category = fields.String()
    status = Choice(STATUSES)
    created_at = Instant()


class ActivityQuery(PageQuery):
    """Filters for a list of activities; a place includes everything under it."""

    place_id = PublicId(load_default=None)
    status = Choice(STATUSES, load_default=None)
    category = Text(load_default=None, longest=CATEGORY_LENGTH)


class ActivityPage(Schema):
    """A page of activities, newest first."""

    items = fields.List(fields.Nested(ActivitySchema))
    next = fields.String(allow_none=True)


class ShiftRequest(Request):
    """A shift of at most 24 hours; `capacity` null means no limit, `walk_in` admits people who haven't signed up."""

    station_id = PublicId(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = Whole(1, MOST_PEOPLE, load_default=None, allow_none=True)
    walk_in = Flag(load_default=True)


class ShiftSchema(Schema):
    """A shift of an activity at a station."""

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
    """Filters for the list of coming shifts: stations of a place and everything under it."""

    place_id = PublicId(load_default=None)


class ShiftPage(Schema):
    """A page of shifts, by start."""

    items = fields.List(fields.Nested(ShiftSchema))
    next = fields.String(allow_none=True)


class SignupRequest(Request):
    """The person to sign up; volunteers leave it out."""

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
    """A page of sign-ups, in order of arrival."""

    items = fields.List(fields.Nested(SignupSchema))
    next = fields.String(allow_none=True)
