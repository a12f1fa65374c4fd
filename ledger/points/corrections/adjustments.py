"""Points by hand: an adjustment between a member and the account of its cause; one proposes it, another decides."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from ledger.approvals.desk import Kind, Subject, Values
from ledger.approvals.queries import ProposalView
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.points.book import entries, queries, service
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.web.fields import MOST_AMOUNT, PublicId

NAME = "points.adjustment"
SOURCE = "approval"
# Why points are adjusted, with the number that is the owner of the account; a number is never used for another cause.
CAUSES = {"missed": 1, "mistake": 2, "carried_over": 3, "other": 9}
FindMember = Callable[[Session, int, int], object]


class AdjustmentPayload(Schema):
    """Whose points, by how many minor units (below zero takes away), for which cause; a transfer that it corrects."""

    volunteer_id = PublicId(required=True)
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(min=-MOST_AMOUNT, max=MOST_AMOUNT))
    cause = fields.String(required=True, validate=validate.OneOf(tuple(CAUSES)))
    transfer_id = PublicId(load_default=None, allow_none=True)


def kind(get_member: FindMember) -> Kind:
    """The kind of proposal; `get_member(session, volunteer_id, center_id)` raises NotFound for nobody of ours."""

    def check(session: Session, values: Values, actor: Actor) -> Subject:
        get_member(session, values["volunteer_id"], actor.center_id)
        _check(session, values, actor)
        return Subject(str(values["volunteer_id"]), member_id=values["volunteer_id"])

    return Kind(
        name=NAME,
        title=_("调整积分"),
        propose=Permission.PROPOSE,
        decide=Permission.DECIDE,
        payload=AdjustmentPayload(),
        check=check,
        execute=_post,
    )


def movement(values: Values) -> Movement:
    """What an adjustment moves: from the account of its cause to the member, or back."""
    cause = AccountKey(POINT, "adjustment", CAUSES[values["cause"]])
    member = AccountKey(POINT, "member", values["volunteer_id"])
    debit, credit = (cause, member) if values["amount"] > 0 else (member, cause)
    return Movement(debit, credit, abs(values["amount"]), "adjustment")


def _check(session: Session, values: Values, actor: Actor) -> None:
    """Raises Rejected("points.adjustment_zero" | "points.exceeds_credits"), NotFound("points.transfer_not_found")."""
    amount = values["amount"]
    if amount == 0:
        raise Rejected("points.adjustment_zero")
    if values["transfer_id"] is not None:
        entries.get_transfer(session, values["transfer_id"], actor.center_id)
    member = queries.balance(session, AccountKey(POINT, "member", values["volunteer_id"]), actor.center_id)
    if -amount > member.available:
        raise Rejected("points.exceeds_credits", amount=-amount, available=member.available, held=member.held)


def _post(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    """Book it in the open period, under the proposal's key; the batch. Raises what the ledger refuses."""
    posted = service.post(
        session,
        [movement(values)],
        source=Source(SOURCE, str(proposal.id), "post"),
        actor=actor,
        reason="adjustment",
        evidence={
            "proposal": proposal.id,
            "payload": proposal.payload,
            "reason": proposal.reason,
            "proposed_by": proposal.proposed_by,
            "proposed_at": proposal.proposed_at.isoformat(),
            "decided_by": actor.identity_id,
        },
    )
    return f"batch:{public_id(posted.batch_id)}"
