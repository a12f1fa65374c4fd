"""Shapes of the API of approvals."""

from marshmallow import Schema, fields, validate

from ledger.web.fields import Instant, PageQuery, PublicId, Text

STATUSES = ("proposed", "approved", "rejected", "withdrawn")
_ANY = "What is asked for; its members depend on the kind and are named in the description of this operation."


class ProposalSchema(Schema):
    """A proposal and its decision; who decided, when and why are null while it waits."""

    id = PublicId()
    kind = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    payload = fields.Dict(keys=fields.String(), metadata={"description": _ANY})
    reason = fields.String()
    proposed_by = PublicId()
    proposed_at = Instant()
    decided_by = PublicId(allow_none=True)
    decided_at = Instant(allow_none=True)
    note = fields.String(allow_none=True)
    result_ref = fields.String(
        allow_none=True, metadata={"description": "What an approved one led to, as batch:0123456789abc."}
    )


class ProposalPage(Schema):
    """A page of proposals."""

    items = fields.List(fields.Nested(ProposalSchema))
    next = fields.String(allow_none=True)


class ProposalQuery(PageQuery):
    """What a list of proposals is narrowed to."""

    kind = Text(load_default=None, longest=60)
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))


class ProposalRequest(Schema):
    """Something for another person to decide on. The reason is for whoever decides: no names in it."""

    kind = Text(required=True, longest=60)
    payload = fields.Dict(required=True, keys=fields.String(), metadata={"description": _ANY})
    reason = Text(required=True, longest=500)


class DecisionRequest(Schema):
    """Why; a rejection needs it."""

    note = Text(load_default="", shortest=0, longest=500)
