"""Shapes of the check-in API."""

from marshmallow import Schema, fields, validate

from ledger.web.fields import Instant, PageQuery, PublicId, Text


class ScanRequest(Schema):
    """One scan: `code` by the volunteer, or `card` by a clerk at `station_id`."""

    client_scan_id = Text(
        required=True, shortest=8, longest=100, metadata={"description": "Made by the client, one per scan."}
    )
    intent = fields.String(load_default="auto", validate=validate.OneOf(("in", "out", "auto")))
    code = Text(longest=300, load_default=None, metadata={"description": "A station's code or the address with it."})
    card = Text(
        longest=300,
        load_default=None,
        metadata={"description": "A card's address or token, a volunteer number, or a full phone number."},
    )
    station_id = PublicId(load_default=None)
    shift_id = PublicId(load_default=None)
    device = Text(longest=100, load_default=None)
    scanned_at = Instant(load_default=None)
    confirmed = fields.List(
        Text(longest=40),
        load_default=list,
        validate=validate.Length(max=5),
        metadata={"description": "Questions answered with yes: WALK_IN, DWELL_TOO_SHORT, OPEN_SESSION_ELSEWHERE."},
    )


class AttendanceSchema(Schema):
    """A person's presence in a shift; minutes whole, points in minor units."""

    id = PublicId()
    volunteer_id = PublicId()
    masked_name = fields.String()
    number = fields.String()
    shift_id = PublicId()
    activity_name = fields.String()
    station_id = PublicId()
    station_name = fields.String()
    shift_starts_at = Instant()
    shift_ends_at = Instant()
    status = fields.String(validate=validate.OneOf(("OPEN", "CLOSED", "PENDING", "CONFIRMED", "REJECTED", "VOID")))
    opened_at = Instant()
    closed_at = Instant(allow_none=True)
    minutes = fields.Integer()
    points = fields.Integer()
    unit = fields.Constant("point")
    scale = fields.Constant(2)
    review_reason = fields.String(allow_none=True)


class ReasonTextSchema(Schema):
    """The same sentence in both languages."""

    zh = fields.String()
    en = fields.String()


class ScanAnswerSchema(Schema):
    """What a scan was answered."""

    outcome = fields.String(validate=validate.OneOf(("ok", "info", "pending")))
    reason = fields.String()
    reason_text = fields.Nested(ReasonTextSchema)
    attendance = fields.Nested(AttendanceSchema)
    next_actions = fields.List(fields.String())


class AttendanceQuery(PageQuery):
    """What a list of attendances is narrowed to."""

    volunteer_id = PublicId(load_default=None)
    shift_id = PublicId(load_default=None)
    station_id = PublicId(load_default=None)
    status = fields.String(load_default=None, validate=validate.Length(max=20))
    since = Instant(load_default=None)
    until = Instant(load_default=None)


class AttendancePage(Schema):
    """A page of attendances."""

    items = fields.List(fields.Nested(AttendanceSchema))
    next = fields.String(allow_none=True)


class ReviewRequest(Schema):
    """A decision; `ended_at` is the real end of a visit whose check-out was forgotten."""

    ended_at = Instant(load_default=None)
    note = Text(shortest=0, load_default="")


class StationCodeSchema(Schema):
    """The code a station's screen shows now."""

    code = fields.String()
    url = fields.String()
    qr_svg = fields.String()
    step_seconds = fields.Integer()
    valid_until = Instant()
