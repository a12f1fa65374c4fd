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


class CorrectedPlaceRequest(Request):
    """A place as it should have been; position in WGS-84 degrees, both or neither."""

    name = Text(required=True, longest=NAME_LENGTH)
    latitude = Degrees(90, required=True, allow_none=True)
    longitude = Degrees(180, required=True, allow_none=True)


class PlaceSchema(Schema):
    """A center, institute or station. `path` holds the ids from the top down, so places under it share its prefix."""

    id = PublicId()
    parent_id = PublicId(allow_none=True)
    kind = fields.String(validate=validate.OneOf(("center", "institute", "station")))
    name = fields.String()
    path = fields.String()
    latitude = fields.Float(allow_none=True)
    longitude = fields.Float(allow_none=True)
    closed_at = Instant(allow_none=True)


class PlaceQuery(PageQuery):
    """Filters for a list of places."""

    parent_id = PublicId(load_default=None)
    kind = Choice(("center", "institute", "station"), load_default=None)


class PlacePage(Schema):
    """A page of places, from the top down."""

    items = fields.List(fields.Nested(PlaceSchema))
    next = fields.String(allow_none=True)


class NearestQuery(Request):
    """The current position in WGS-84 degrees, as browsers report it."""

    lat = AskedDegrees(90, required=True)
    lon = AskedDegrees(180, required=True)
    limit = AskedWhole(1, 50, load_default=5)


class NearPlaceSchema(Schema):
    """A station and its distance."""

    place = fields.Nested(PlaceSchema)
    metres = fields.Integer()


class NearPlaceList(Schema):
    """Open stations, nearest first."""

    items = fields.List(fields.Nested(NearPlaceSchema))
    next = fields.String(allow_none=True)


class TeamRequest(Request):
    """A team to add."""

    place_id = PublicId(required=True)
    name = Text(required=True, longest=NAME_LENGTH)


class TeamSchema(Schema):
    """A team, its home place, and its number of members."""

    id = PublicId()
    place_id = PublicId()
    place_name = fields.String()
    name = fields.String()
    members = fields.Integer()


class TeamQuery(PageQuery):
    """Filters for a list of teams; a place includes everything under it."""

    place_id = PublicId(load_default=None)


class TeamPage(Schema):
    """A page of teams."""

    items = fields.List(fields.Nested(TeamSchema))
    next = fields.String(allow_none=True)


class MemberRequest(Request):
    """The volunteer who joins a team."""

    volunteer_id = PublicId(required=True)
