"""Schemas of the API of closed months and frozen books."""

from marshmallow import Schema, fields, validate

from ledger.web.fields import Instant, PublicId, Request, Text

_MONTH = {"description": "A month of the service's zone, as 2026-05."}


class TurnSchema(Schema):
    """A closing or reopening of a month; from then on nothing is dated before `closed_until`."""

    number = fields.Integer()
    event = fields.String(validate=validate.OneOf(("closed", "reopened")))
    closed_until = Instant()
    happened_at = Instant()
    proposal_id = PublicId()
    decided_by = PublicId()


class MonthSchema(Schema):
    """A month of the book with its closings and reopenings, oldest first."""

    month = fields.String(metadata=_MONTH)
    state = fields.String(validate=validate.OneOf(("current", "over", "closed")))
    turns = fields.List(fields.Nested(TurnSchema))


class PeriodsSchema(Schema):
    """Every month since the book began, newest first, and which can be closed or reopened next."""

    months = fields.List(fields.Nested(MonthSchema))
    to_close = fields.String(allow_none=True)
    to_reopen = fields.String(allow_none=True)


class ReasonRequest(Request):
    """The reason, for the person who decides."""

    reason = Text(required=True, longest=500)


class SignatureSchema(Schema):
    """One side's signature on the release of a freeze."""

    part = fields.String(validate=validate.OneOf(("admin", "auditor")))
    signed_by = PublicId()
    signed_at = Instant()
    note = fields.String()


class FreezeSchema(Schema):
    """A freeze: what was found, by which verification, who signed; the second signature releases it."""

    id = PublicId()
    reason = fields.String()
    run_id = PublicId(allow_none=True)
    frozen_at = Instant()
    released_at = Instant(allow_none=True)
    signatures = fields.List(fields.Nested(SignatureSchema))


class FreezeList(Schema):
    """All freezes, newest first."""

    items = fields.List(fields.Nested(FreezeSchema))
    next = fields.String(allow_none=True)


class ReleaseRequest(Request):
    """What was found and done; signed with the request."""

    note = Text(required=True, longest=500)
