"""Schemas of the approvals API, and the base of the kinds' payloads."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from ledger.approvals.desk import REMARKS, Values
from ledger.kernel.errors import Rejected
from ledger.web.fields import Choice, Instant, Members, PageQuery, PublicId, Request, Text

STATUSES = ("proposed", "approved", "rejected", "withdrawn")
_ANY = "What is asked for; its members depend on the kind and are named in the description of this operation."


class PayloadSchema(Request):
    """The payload of a kind of proposal; subclasses add its fields."""

    def read(self, given: Values) -> Values:
        """Convert a sent or stored payload to typed values. Raises Rejected("approvals.payload_invalid")."""
        try:
            values: Values = self.load(given)
        except ValidationError as error:
            # Never echo an unknown field name: it may hold anything.
            faults = [
                {"field": f"payload.{name}" if name in self.fields else "payload", "message": str(messages[0])}
                for name, messages in error.messages_dict.items()
            ]
            raise Rejected("approvals.payload_invalid", count=len(faults), errors=faults) from error
        return values

    def write(self, values: Values) -> dict[str, Any]:
        """Convert typed values to the stored form."""
        written: dict[str, Any] = self.dump(values)
        return written


class ProposalSchema(Schema):
    """A proposal and its decision; who decided, when and why are null while it is open."""

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
    remarks = fields.String(
        allow_none=True,
        metadata={"description": f"What is unusual about who decided, with spaces between them: {', '.join(REMARKS)}."},
    )
    deciders = fields.Integer(
        allow_none=True,
        metadata={"description": "How many may decide now; 0 if nobody may. In the answers about one proposal alone."},
    )


class ProposalPage(Schema):
    """A page of proposals."""

    items = fields.List(fields.Nested(ProposalSchema))
    next = fields.String(allow_none=True)


class ProposalQuery(PageQuery):
    """Filter for a list of proposals."""

    kind = Text(load_default=None, longest=60)
    status = Choice(STATUSES, load_default=None)


class ProposalRequest(Request):
    """A new proposal. The reason is for the person who decides; it must contain no names."""

    kind = Text(required=True, longest=60)
    payload = Members(required=True, metadata={"description": _ANY})
    reason = Text(required=True, longest=500)


class DecisionRequest(Request):
    """The reason; required for a rejection."""

    note = Text(load_default="", shortest=0, longest=500)
