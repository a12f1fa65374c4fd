"""Shapes of the API of one's own log-ins."""

from marshmallow import Schema, fields, validate

from ledger.people.access.attempts import CREDENTIALS, OUTCOMES
from ledger.web.fields import Choice, Instant, PageQuery, PublicId, Request, Verbatim, length

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


class OwnAttemptQuery(PageQuery):
    """Filter of the record of log-ins: from `since` until before `until`."""

    outcome = Choice(OUTCOMES, load_default=None)
    since = Instant(load_default=None)
    until = Instant(load_default=None)


class AttemptQuery(OwnAttemptQuery):
    """Filter of everybody's log-ins."""

    identity_id = PublicId(load_default=None)


class AttemptSchema(Schema):
    """Somebody has logged in, or was refused; kept 180 days, without personal text."""

    id = PublicId()
    identity_id = PublicId(metadata={"description": "Whose log-in was tried, not who tried it."})
    outcome = fields.String(
        validate=validate.OneOf(OUTCOMES),
        metadata={
            "description": "`too_many`: wrong, and the last try; later ones leave no row until the wait is over. "
            "`code_needed`: the password was right. `not_here`: it was, of somebody who has left the center."
        },
    )
    credential = fields.String(
        validate=validate.OneOf(CREDENTIALS),
        metadata={
            "description": "What was right or wrong. Before a `factor` or `recovery` code the password was right."
        },
    )
    kind = fields.String(validate=validate.OneOf(("browser", "phone", "device")))
    network = fields.String(metadata={"description": "The same for the same network; it tells nothing else of it."})
    at = Instant()


class AttemptPage(Schema):
    """A page of log-ins and refusals, newest first."""

    items = fields.List(fields.Nested(AttemptSchema))
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
