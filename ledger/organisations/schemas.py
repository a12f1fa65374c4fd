"""Shapes of the organisations API."""

from marshmallow import Schema, fields, validate

from ledger.organisations.policy import INSTITUTE, NAME_LENGTH, STATION
from ledger.web.fields import AskedDegrees, AskedWhole, Choice, Degrees, Instant, PageQuery, PublicId, Request, Text


class PlaceRequest(Request):
    """A place to add under another; position in WGS-84 degrees, both or neither."""

    parent_id = PublicId(required=True)
    kind = Choice((INSTITUTE, STATION), required=True)
    name = Text(required=True, longest=NAME_LENGTH)
    latitude = Degrees(90, load_default=None, allow_none=True)
    longitude = Degrees(180, load_default=None, allow_none=True)


class PlaceSchema(Schema):
    """A center, institute or station. `path` holds the ids from the top down, so what is under it begins with it."""

    id = PublicId()
    parent_id = PublicId(allow_none=True)
    kind = fields.String(validate=validate.OneOf(("center", "institute", "station")))
    name = fields.String()
    path = fields.String()
    latitude = fields.Float(allow_none=True)
    longitude = fields.Float(allow_none=True)
    closed_at = Instant(allow_none=True)


class PlaceQuery(PageQuery):
    """What a list of places is narrowed to."""

    parent_id = PublicId(load_default=None)
    kind = Choice(("center", "institute", "station"), load_default=None)


class PlacePage(Schema):
    """A page of places, from the top down."""

    items = fields.List(fields.Nested(PlaceSchema))
    next = fields.String(allow_none=True)


class NearestQuery(Request):
    """Where one is: WGS-84 degrees, as browsers give them."""

    lat = AskedDegrees(90, required=True)
    lon = AskedDegrees(180, required=True)
    limit = AskedWhole(1, 50, load_default=5)


class NearPlaceSchema(Schema):
    """A station and how far it is."""

    place = fields.Nested(PlaceSchema)
    metres = fields.Integer()


class NearPlaceList(Schema):
    """Open stations, the nearest first."""

    items = fields.List(fields.Nested(NearPlaceSchema))
    next = fields.String(allow_none=True)


class TeamRequest(Request):
    """A team to add."""

    place_id = PublicId(required=True)
    name = Text(required=True, longest=NAME_LENGTH)


class TeamSchema(Schema):
    """A team, where it is at home, and how many belong to it."""

    id = PublicId()
    place_id = PublicId()
    place_name = fields.String()
    name = fields.String()
    members = fields.Integer()


class TeamQuery(PageQuery):
    """What a list of teams is narrowed to: a place and what is under it."""

    place_id = PublicId(load_default=None)


class TeamPage(Schema):
    """A page of teams."""

    items = fields.List(fields.Nested(TeamSchema))
    next = fields.String(allow_none=True)


class MemberRequest(Request):
    """Who joins a team."""

    volunteer_id = PublicId(required=True)
