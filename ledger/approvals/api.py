"""The approvals API: propose, read, decide."""

from dataclasses import asdict
from typing import Any, Protocol

from flask import current_app, request
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.approvals import queries, service
from ledger.approvals.desk import AUDITS, Desk
from ledger.approvals.queries import ProposalFilter, ProposalView
from ledger.approvals.schemas import DecisionRequest, ProposalPage, ProposalQuery, ProposalRequest, ProposalSchema
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.paging import Page
from ledger.kernel.permissions import STEPS_UP, Permission
from ledger.web.fields import page_of
from ledger.web.guard import get_actor, requires, steps_up_when
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("approvals_api", __name__, url_prefix=PREFIX, description="What takes two people")
READERS = (Permission.READ_BOOKS, Permission.PROPOSE, Permission.DECIDE)
# The desk says which of them may decide on what.
DECIDERS = (Permission.DECIDE, *AUDITS)


@bp.get("/approvals")
@requires(*READERS)
@bp.arguments(ProposalQuery, location="query")
@bp.response(200, ProposalPage)
def list_proposals(query: dict[str, Any]) -> Page[ProposalView]:
    """Proposals, newest first; `status=proposed` lists those still open."""
    page = page_of(query)
    return in_snapshot(queries.list_proposals, get_actor().center_id, ProposalFilter(**query), request=page)


def _kind_steps_up() -> bool:
    """Whether a proposal asks for proof: all do but those that name, letter by letter, a kind whose page asks for none.

    The schema reads what is sent more kindly than this does, with blanks around it for one.
    """
    sent = request.get_json(silent=True)
    name = sent.get("kind") if isinstance(sent, dict) else None
    return not any(kind.name == name and kind.propose not in STEPS_UP for kind in get_desk().kinds)


@bp.post("/approvals")
@requires(Permission.PROPOSE)
@steps_up_when(_kind_steps_up)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ProposalRequest)
@bp.response(201, ProposalSchema)
def propose(body: dict[str, Any]) -> dict[str, Any]:
    """Propose something for another person to decide on.

    Kinds and their payloads: `points.adjustment` {"volunteer_id", "amount" in minor units, negative to take away,
    "cause": "missed" | "mistake" | "carried_over" | "other", "transfer_id" it corrects, optional};
    `points.period_close` and `points.period_reopen` {"month": "2026-05"}; `points.expiry_release` {"run_id"} of a
    prepared run; `points.clawback` {"transfer_id"} of an award; `checkin.hours` {"attendance_id", "ended_at"
    when they really left, null to take all of it back}; `people.grant` {"identity_id", "role", "place_id",
    "household" as the register has it, null for none, "valid_until" optional}; `people.code` {"identity_id"} of
    somebody who decides or audits: whoever approves it then prints the code on the page of the approval;
    `people.factor` {"identity_id"} of somebody who has lost their second factor; `people.household` {"identity_id",
    "household"} for anybody who decides or audits, or lives with somebody who does; `people.contact` {"identity_id",
    "name", "phone"} for anybody who works here: name and number are in no answer, and are forgotten when it ends.
    """
    kind, payload, reason = body["kind"], body["payload"], body["reason"]
    once, actor, desk = find_idempotency_key(), get_actor(), get_desk()
    # Refused before the unit: the words are the reader's, and a corrected payload may come under the same key.
    desk.kind(kind).payload.read(payload)
    return _shown(in_transaction_once(once, service.propose, kind, payload, reason, actor=actor, desk=desk))


@bp.get("/approvals/<id:proposal_id>")
@requires(*READERS)
@bp.response(200, ProposalSchema)
def get_proposal(proposal_id: int) -> dict[str, Any]:
    """A proposal with its decision."""
    return _shown(proposal_id)


@bp.post("/approvals/<id:proposal_id>/approve")
@requires(*DECIDERS)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(DecisionRequest)
@bp.response(200, ProposalSchema)
def approve(body: dict[str, Any], proposal_id: int) -> dict[str, Any]:
    """Approve a proposal and carry it out. If that fails, the answer says why and the proposal stays open."""
    return _decide(service.approve, proposal_id, body["note"])


@bp.post("/approvals/<id:proposal_id>/reject")
@requires(*DECIDERS)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(DecisionRequest)
@bp.response(200, ProposalSchema)
def reject(body: dict[str, Any], proposal_id: int) -> dict[str, Any]:
    """Reject a proposal, with a reason."""
    return _decide(service.reject, proposal_id, body["note"])


@bp.post("/approvals/<id:proposal_id>/withdraw")
@requires(Permission.PROPOSE)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(DecisionRequest)
@bp.response(200, ProposalSchema)
def withdraw(body: dict[str, Any], proposal_id: int) -> dict[str, Any]:
    """Withdraw your own proposal."""
    return _decide(service.withdraw, proposal_id, body["note"])


def get_desk() -> Desk:
    """The desk that this application was built with."""
    desk: Desk = current_app.extensions["approvals"]
    return desk


class _Decision(Protocol):
    """Signature shared by `approve`, `reject` and `withdraw`."""

    def __call__(self, session: Session, proposal_id: int, note: str, *, actor: Actor, desk: Desk) -> object: ...


def _decide(how: _Decision, proposal_id: int, note: str) -> dict[str, Any]:
    in_transaction_once(find_idempotency_key(), how, proposal_id, note, actor=get_actor(), desk=get_desk())
    return _shown(proposal_id)


def _shown(proposal_id: int) -> dict[str, Any]:
    return in_snapshot(_see, proposal_id, get_actor().center_id, get_desk())


def _see(session: Session, proposal_id: int, center_id: int, desk: Desk) -> dict[str, Any]:
    proposal = queries.get_proposal(session, proposal_id, center_id)
    free = len(desk.free(session, proposal, center_id)) if proposal.status == "proposed" else None
    return asdict(proposal) | {"deciders": free}
