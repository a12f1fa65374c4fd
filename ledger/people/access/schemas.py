"""Shapes of the API of one's own log-ins."""

from marshmallow import Schema, fields, validate

from ledger.web.fields import Instant, PublicId, Request, Verbatim, length

LONGEST_TOTP = 20
TOTP = {"description": "The six digits of the second factor, or a recovery code."}


class OwnSessionSchema(Schema):
    """One of your log-ins. Not every use is noted: every 15 minutes for staff, once a day for volunteers."""

    id = PublicId()
    kind = fields.String(
        validate=validate.OneOf(("browser", "phone", "device")),
        metadata={"description": "A browser on a computer or on a phone, or a device that calls the API."},
    )
    created_at = Instant()
    used_at = Instant()
    expires_at = Instant(metadata={"description": "When it ends unless it is used before."})
    current = fields.Boolean(metadata={"description": "Whether this request was sent with it."})


class OwnSessionList(Schema):
    """Your open log-ins, the latest used first, at most a hundred."""

    items = fields.List(fields.Nested(OwnSessionSchema))
    next = fields.String(allow_none=True)


class PasswordRequest(Request):
    """The password that you have and the one that you want."""

    old_password = Verbatim(required=True, validate=length(1, 200))
    password = Verbatim(required=True, validate=length(1, 200))
    totp = Verbatim(load_default=None, validate=length(1, LONGEST_TOTP), metadata=TOTP)


class ProofRequest(Request):
    """A code of your second factor, or your password if you have none."""

    password = Verbatim(load_default=None, validate=length(1, 200))
    totp = Verbatim(load_default=None, validate=length(1, LONGEST_TOTP), metadata=TOTP)
