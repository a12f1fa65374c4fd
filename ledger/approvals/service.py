"""Writes of approvals: one person proposes, another decides once; an approval is carried out in the same unit.

If it can't be carried out, the decision is refused with the reason and the proposal stays open.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals import newcomers, queries
from ledger.approvals.circles import remark_circle
from ledger.approvals.desk import Desk, Kind, Values
from ledger.approvals.models import Proposal, ProposalDecision
from ledger.approvals.private import forget_private, keep_private
from ledger.approvals.queries import ProposalView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Forbidden, Rejected
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.signals import signal
from ledger.kernel.types import table_of

_proposal = table_of(Proposal)


def propose(session: Session, kind: str, payload: Values, reason: str, *, actor: Actor, desk: Desk) -> int:
    """Propose something for another person to decide on. Returns the proposal's key.

    Raises Rejected("approvals.kind_unknown" | "approvals.payload_invalid" | "approvals.reason_needed"),
    Forbidden("access.denied" | "approvals.own_gain"), Conflict("approvals.already_proposed"), and whatever the kind's
    own check raises.
    """
    known = desk.kind(kind)
    actor.need(known.propose, ROOT)
    if not reason.strip():
        raise Rejected("approvals.reason_needed")
    values = known.payload.read(payload)
    subject = known.check(session, values, actor)
    desk.need_no_own_gain(session, known, values, subject.member_id, actor)
    if known.single:
        need_no_other(session, known, subject.ref, actor, desk)
    proposal_id, stored = new_id(), {**known.payload.write(values)}
    private = {name: stored.pop(name) for name in known.private}
    row = {
        "center_id": actor.center_id,
        "id": proposal_id,
        "kind": known.name,
        "subject_ref": subject.ref,
        "member_id": subject.member_id,
        "payload": json.dumps(stored, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        "reason": reason.strip(),
        "proposed_by": actor.identity_id,
        "proposed_at": clock.now(),
        "status": "proposed",
        "single_key": f"{known.name} {subject.ref}" if known.single else None,
    }
    session.connection().execute(sa.insert(_proposal), row)
    if private:
        keep_private(session, proposal_id, private, actor.center_id)
    return proposal_id


def need_no_other(session: Session, kind: Kind, subject_ref: str, actor: Actor, desk: Desk) -> None:
    """Refuse a second proposal about the same subject; one whose proposer has left is withdrawn.

    Raises Conflict("approvals.already_proposed").
    """
    other = queries.find_waiting(session, actor.center_id, kind.name, subject_ref)
    if other is None:
        return
    waiting = queries.get_proposal(session, other, actor.center_id, lock=True)
    if waiting.status == "proposed" and desk.may_still_propose(session, waiting, actor.center_id):
        raise Conflict("approvals.already_proposed")
    if waiting.status == "proposed":
        _decide(session, waiting, "withdrawn", "", actor=actor)


def approve(session: Session, proposal_id: int, note: str, *, actor: Actor, desk: Desk) -> dict[str, Any]:
    """Approve a proposal and carry it out: {"proposal_id", "result_ref"}.

    Raises NotFound("approvals.not_found"),
    Forbidden("access.denied" | "approvals.two_people_needed" | "approvals.same_household" | "approvals.own_gain"),
    Conflict("approvals.already_decided" | "approvals.proposer_left"), and whatever carrying it out raises; then nothing
    changes.
    """
    proposal, kind = _open(session, proposal_id, actor, desk)
    remarks = (
        *desk.need_another(session, actor, proposal),
        *remark_circle(session, proposal, actor=actor, desk=desk),
    )
    result_ref = kind.execute(session, kind.payload.read(proposal.payload), proposal, actor)
    _decide(session, proposal, "approved", note, actor=actor, result_ref=result_ref, remarks=remarks)
    return {"proposal_id": proposal.id, "result_ref": result_ref}


def reject(session: Session, proposal_id: int, note: str, *, actor: Actor, desk: Desk) -> dict[str, Any]:
    """Reject a proposal, with a reason: {"proposal_id"}.

    Raises the refusals named at `approve`, and Rejected("approvals.note_needed").
    """
    proposal, _kind = _open(session, proposal_id, actor, desk)
    remarks = desk.need_another(session, actor, proposal)
    if not note.strip():
        raise Rejected("approvals.note_needed")
    _decide(session, proposal, "rejected", note, actor=actor, remarks=remarks)
    return {"proposal_id": proposal.id}


def withdraw(session: Session, proposal_id: int, note: str, *, actor: Actor, desk: Desk) -> dict[str, Any]:
    """Withdraw one's own proposal: {"proposal_id"}.

    Raises NotFound("approvals.not_found"), Forbidden("approvals.not_the_proposer"),
    Conflict("approvals.already_decided").
    """
    proposal, _kind = _open(session, proposal_id, actor, desk)
    if actor.identity_id != proposal.proposed_by:
        raise Forbidden("approvals.not_the_proposer")
    _decide(session, proposal, "withdrawn", note, actor=actor)
    return {"proposal_id": proposal.id}


def withdraw_all_of(session: Session, identity_id: int, *, actor: Actor) -> int:
    """Withdraw everything that a person has proposed and that still waits, as the actor; returns how many.

    For whoever takes the person's role away; checks no permission.
    """
    waiting = queries.waiting_of(session, identity_id, actor.center_id)
    for proposal in waiting:
        _decide(session, proposal, "withdrawn", "", actor=actor)
    return len(waiting)


def withdraw_about(
    session: Session,
    kind: str,
    subject_ref: str,
    *,
    actor: Actor,
    overtaken: Callable[[Values], bool] = lambda _payload: True,
) -> None:
    """Withdraw what waits of a kind about a subject that is no longer what it was, or that `overtaken` says is done.

    It is given the payload. Checks no permission.
    """
    waiting = queries.find_waiting(session, actor.center_id, kind, subject_ref)
    if waiting is None:
        return
    proposal = queries.get_proposal(session, waiting, actor.center_id, lock=True)
    if proposal.status == "proposed" and overtaken(proposal.payload):
        _decide(session, proposal, "withdrawn", "", actor=actor)


def withdraw_all_about(session: Session, subject_ref: str, *, but: str, actor: Actor) -> None:
    """Withdraw what waits about a subject that is not what it was, of every kind but one. Checks no permission."""
    for proposal in queries.waiting_about(session, actor.center_id, subject_ref):
        if proposal.kind != but:
            _decide(session, proposal, "withdrawn", "", actor=actor)


def _open(session: Session, proposal_id: int, actor: Actor, desk: Desk) -> tuple[ProposalView, Kind]:
    """An open proposal, locked so that nobody else decides meanwhile, after what it is about."""
    proposal = queries.get_proposal(session, proposal_id, actor.center_id)
    kind = desk.kind(proposal.kind)
    kind.lock(session, kind.payload.read(proposal.payload), actor.center_id)
    proposal = queries.get_proposal(session, proposal_id, actor.center_id, lock=True)
    if proposal.status != "proposed":
        raise Conflict("approvals.already_decided", status=proposal.status)
    return proposal, kind


def _decide(
    session: Session,
    proposal: ProposalView,
    decision: str,
    note: str,
    *,
    actor: Actor,
    result_ref: str | None = None,
    remarks: Sequence[str] = (),
) -> None:
    """Store how it ended; what is remarkable about who decided is a signal too."""
    row = {
        "center_id": actor.center_id,
        "proposal_id": proposal.id,
        "decision": decision,
        "decided_by": actor.identity_id,
        "decided_at": clock.now(),
        "note": note.strip(),
        "result_ref": result_ref,
        "remarks": " ".join(remarks) or None,
    }
    session.connection().execute(sa.insert(ProposalDecision), row)
    for remark in remarks:
        signal(session, f"approvals.{remark}", [f"proposal:{public_id(proposal.id)}"], center_id=actor.center_id)
    own = (_proposal.c.center_id == actor.center_id, _proposal.c.id == proposal.id)
    session.connection().execute(sa.update(_proposal).where(*own).values(status=decision))
    forget_private(session, proposal.id, actor.center_id)
    newcomers.forget(session, proposal.subject_ref, actor.center_id)
