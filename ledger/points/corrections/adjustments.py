"""Manual adjustments between a member and the account of the cause; one person proposes, another decides."""

from sqlalchemy.orm import Session

from ledger.approvals.desk import Subject, Values
from ledger.approvals.queries import ProposalView
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.points.book import entries, queries, service
from ledger.points.policy import POINT, AccountKey, Movement, Source

NAME = "points.adjustment"
SOURCE = "approval"
# Causes of adjustments, with the number that owns the account; a number is never reused for another cause.
CAUSES = {"missed": 1, "mistake": 2, "carried_over": 3, "other": 9}


def movement(values: Values) -> Movement:
    """The movement of an adjustment: from the account of its cause to the member, or back."""
    cause = AccountKey(POINT, "adjustment", CAUSES[values["cause"]])
    member = AccountKey(POINT, "member", values["volunteer_id"])
    debit, credit = (cause, member) if values["amount"] > 0 else (member, cause)
    return Movement(debit, credit, abs(values["amount"]), "adjustment")


def check_amount(amount: int) -> None:
    """Raises Rejected("points.adjustment_zero") for an amount that changes nothing."""
    if amount == 0:
        raise Rejected("points.adjustment_zero")


def check(session: Session, values: Values, actor: Actor) -> Subject:
    """Check an adjustment for a member known to belong to the center. Returns its subject.

    Raises Rejected("points.adjustment_zero" | "points.exceeds_credits"), NotFound("points.transfer_not_found").
    """
    amount = values["amount"]
    check_amount(amount)
    if values["transfer_id"] is not None:
        entries.get_transfer(session, values["transfer_id"], actor.center_id)
    member = queries.balance(session, AccountKey(POINT, "member", values["volunteer_id"]), actor.center_id)
    if -amount > member.available:
        raise Rejected("points.exceeds_credits", amount=-amount, available=member.available, held=member.held)
    return Subject(str(values["volunteer_id"]), member_id=values["volunteer_id"])


def post(session: Session, values: Values, proposal: ProposalView, actor: Actor) -> str:
    """Post the adjustment in the open period, once per proposal. Returns the batch. Raises what the ledger refuses."""
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
