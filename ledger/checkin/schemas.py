"""Shapes of the check-in API."""

from typing import Any

from flask_babel import gettext as _
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ledger.web.fields import Choice, Instant, List, PageQuery, PublicId, Request, Text, length

STATUSES = ("OPEN", "CLOSED", "PENDING", "CONFIRMED", "REJECTED", "VOID")


class ScanRequest(Request):
    """One scan: `code` by the volunteer, or `card` by a clerk at `station_id`."""

    client_scan_id = Text(
        required=True, shortest=8, longest=100, metadata={"description": "Made by the client, one per scan."}
    )
    intent = Choice(("in", "out", "auto"), load_default="auto")
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
    confirmed = List(
        Text(longest=40),
        load_default=list,
        validate=length(0, 5),
        metadata={"description": "Questions answered with yes: WALK_IN, DWELL_TOO_SHORT, OPEN_SESSION_ELSEWHERE."},
    )

    @validates_schema
    def _one_way_in(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data.get("code") is None) == (data.get("card") is None):
            raise ValidationError(_("二维码和卡号要填一样，也只能填一样"), "code")


class BalancesSchema(Schema):
    """The member's balances after a posting, per unit that moved: whole minutes, points and debt in minor units."""

    minute = fields.Integer()
    point = fields.Integer()
    debt = fields.Integer()


class AttendanceSchema(Schema):
    """A person's presence in a shift; whole minutes, points in minor units."""

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
    status = fields.String(validate=validate.OneOf(STATUSES))
    opened_at = Instant()
    closed_at = Instant(allow_none=True)
    minutes = fields.Integer()
    points = fields.Integer()
    unit = fields.Constant("point")
    scale = fields.Constant(2)
    review_reason = fields.String(allow_none=True)
    balances = fields.Nested(BalancesSchema, metadata={"description": "In the answer to a check-out that posted."})


class ReasonTextSchema(Schema):
    """The same sentence in both languages."""

    zh = fields.String()
    en = fields.String()


class ScanAnswerSchema(Schema):
    """The answer to a scan."""

    outcome = fields.String(validate=validate.OneOf(("ok", "info", "pending")))
    reason = fields.String()
    reason_text = fields.Nested(ReasonTextSchema)
    attendance = fields.Nested(AttendanceSchema)
    next_actions = fields.List(fields.String())


class AttendanceQuery(PageQuery):
    """Filter of an attendance list."""

    volunteer_id = PublicId(load_default=None)
    shift_id = PublicId(load_default=None)
    station_id = PublicId(load_default=None)
    status = Choice(STATUSES, load_default=None)
    since = Instant(load_default=None)
    until = Instant(load_default=None)


class AttendancePage(Schema):
    """A page of attendances."""

    items = fields.List(fields.Nested(AttendanceSchema))
    next = fields.String(allow_none=True)


class ReviewRequest(Request):
    """A decision; `ended_at` is the real end of a visit with a forgotten check-out."""

    ended_at = Instant(load_default=None)
    note = Text(shortest=0, load_default="")


class ShiftNowSchema(Schema):
    """The current shift at a station."""

    activity_name = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    arrived = fields.Integer()
    expected = fields.Integer(metadata={"description": "How many had signed up; others may come too."})


class ShiftNextSchema(Schema):
    """The next shift, and when its check-in opens."""

    activity_name = fields.String()
    starts_at = Instant()
    ends_at = Instant()
    opens_at = Instant()


class ArrivalSchema(Schema):
    """Somebody who has arrived or left."""

    masked_name = fields.String()
    what = fields.String(validate=validate.OneOf(("in", "out")))
    time = Instant()


class SerialSchema(Schema):
    """A code that the screen shows from `valid_from` on, once the serial before it has let in its people."""

    serial = fields.Integer()
    code = fields.String()
    url = fields.String()
    valid_from = Instant()
    valid_until = Instant()


class CameSchema(Schema):
    """How many people the current step has let in, and the serial that the screen shows now."""

    serial = fields.Integer()
    count = fields.Integer()
    valid_until = Instant(metadata={"description": "The end of the step that these belong to."})
    latest = fields.List(fields.String(), metadata={"description": "Masked names of the last to come or go."})


class StationCodeSchema(Schema):
    """The current code of a station's screen, and those that follow: eight of this step, eight of the next."""

    code = fields.String()
    url = fields.String()
    qr_svg = fields.String()
    serials = fields.List(fields.Nested(SerialSchema))
    step_seconds = fields.Integer()
    valid_until = Instant()
    server_time = Instant()
    now = fields.Nested(ShiftNowSchema, allow_none=True)
    next = fields.Nested(ShiftNextSchema, allow_none=True)
    arrivals = fields.List(fields.Nested(ArrivalSchema), metadata={"description": "The last ones to come or go."})
