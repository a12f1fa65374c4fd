"""Shapes of the API of full names."""

from marshmallow import Schema, fields, validate

from ledger.people.policy import ROLES
from ledger.people.volunteers.full_names import LONGEST_REASON
from ledger.web.fields import Instant, PageQuery, PublicId, Request, Text


class NameRequest(Request):
    """Why the full name is needed; auditors and the volunteer read it."""

    reason = Text(required=True, shortest=1, longest=LONGEST_REASON)


class FullNameSchema(Schema):
    """A volunteer's full name."""

    id = PublicId()
    number = fields.String(metadata={"description": "Eight digits."})
    name = fields.String()
    masked_name = fields.String()


class LookQuery(PageQuery):
    """A page of looks."""


class LookSchema(Schema):
    """Somebody read a volunteer's full name."""

    id = PublicId()
    shown_at = Instant()
    shown_to = PublicId()
    masked_name = fields.String(metadata={"description": "Of the reader; empty for somebody who has been erased."})
    role = fields.String(
        allow_none=True,
        validate=validate.OneOf(tuple(ROLES)),
        metadata={"description": "The role that let them, as they held it then."},
    )
    reason = fields.String()


class LookPage(Schema):
    """A page of looks, newest first."""

    items = fields.List(fields.Nested(LookSchema))
    next = fields.String(allow_none=True)
