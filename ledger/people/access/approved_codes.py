"""Codes for whoever decides or audits: two people agree, and whoever approved makes the code by a call of its own.

Paper tears and printers jam, so the same person may print again while the approval lasts and no code of it was used.
"""

from datetime import timedelta

from sqlalchemy.orm import Session

from ledger.approvals.queries import ProposalView, get_proposal
from ledger.approvals.service import withdraw_about
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Forbidden, NotFound
from ledger.kernel.ids import parse_public_id, public_id
from ledger.people.access import credentials, events
from ledger.people.access.sessions import level_in
from ledger.people.identities.queries import lock_password
from ledger.people.levels import DECIDER

NAME = "people.code"
# An approval that nobody used ends.
APPROVAL_LASTS = timedelta(hours=24)


def make_approved_code(session: Session, proposal_id: int, *, actor: Actor, again: bool = False) -> tuple[int, str]:
    """Make the code of an approved proposal for whoever approved it; returns whose it is, and the code.

    With `again`, one in place of an earlier one, which ends.

    Raises NotFound("approvals.not_found"), Forbidden("people.code_not_yours"), Conflict("people.code_made" |
    "people.code_over").
    """
    proposal = get_proposal(session, proposal_id, actor.center_id, lock=True)
    if proposal.kind != NAME or proposal.status != "approved":
        raise NotFound("approvals.not_found")
    if proposal.decided_by != actor.identity_id:
        raise Forbidden("people.code_not_yours")
    identity_id = parse_public_id(proposal.payload["identity_id"])
    lock_password(session, identity_id, actor.center_id)
    code = why_no_code(session, proposal, actor.center_id)
    if code is not None and not (again and may_print_again(session, proposal, actor)):
        raise Conflict(code)
    about, proposer = _about(proposal), proposal.proposed_by
    return identity_id, credentials.store_code(session, identity_id, actor=actor, about=about, proposed_by=proposer)


def may_make_code(session: Session, proposal: ProposalView, actor: Actor) -> bool:
    """Whether this person approved a code that is not made yet and may be."""
    own = proposal.kind == NAME and proposal.status == "approved" and proposal.decided_by == actor.identity_id
    return own and why_no_code(session, proposal, actor.center_id) is None


def may_print_again(session: Session, proposal: ProposalView, actor: Actor) -> bool:
    """Whether this person made the code of an approval that still holds, and nobody has used one since."""
    own = proposal.kind == NAME and proposal.status == "approved" and proposal.decided_by == actor.identity_id
    if not own or proposal.decided_at is None or _is_over(session, proposal, actor.center_id):
        return False
    person, center_id = parse_public_id(proposal.payload["identity_id"]), actor.center_id
    made = events.happened(session, events.CODE_MADE, _about(proposal), center_id)
    return made and not events.used_since(session, person, proposal.decided_at, center_id)


def why_no_code(session: Session, proposal: ProposalView, center_id: int) -> str | None:
    """Why an approval makes no code any more, None if it does: used, over, or its person is not who they were.

    Whoever has left it and come back is somebody whom other people agreed on: the approval is not for them.
    """
    if events.happened(session, events.CODE_MADE, _about(proposal), center_id):
        return "people.code_made"
    return "people.code_over" if _is_over(session, proposal, center_id) else None


def _is_over(session: Session, proposal: ProposalView, center_id: int) -> bool:
    """Whether the approval has lasted its time, or its person has left that level since, or has another number.

    One of a clock that was fast is over too: what came after it is dated earlier.
    """
    at = proposal.decided_at
    if at is None or not clock.now() - APPROVAL_LASTS < at <= clock.latest():
        return True
    identity_id = parse_public_id(proposal.payload["identity_id"])
    moved = events.has_moved(session, identity_id, center_id, since=at)
    return moved or level_in(session, identity_id, center_id) < DECIDER


def withdraw_codes(session: Session, identity_id: int, *, actor: Actor) -> None:
    """Withdraw the code that waits for somebody whose level rises or falls, or who gets one on the server.

    What was approved is over by itself when a level moves.
    """
    withdraw_about(session, NAME, f"identity:{public_id(identity_id)}", actor=actor)


def _about(proposal: ProposalView) -> str:
    return f"proposal:{public_id(proposal.id)}"
