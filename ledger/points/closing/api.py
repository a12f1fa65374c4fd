"""API of closed months and frozen books."""

from typing import Any

from flask_smorest import Blueprint

from ledger.approvals import queries as approvals
from ledger.approvals import service as deciding
from ledger.approvals.api import get_desk
from ledger.approvals.desk import Kind
from ledger.approvals.queries import ProposalView
from ledger.approvals.schemas import ProposalSchema
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.permissions import Permission
from ledger.points.closing import freezing, kinds
from ledger.points.closing import periods as reading
from ledger.points.closing.freezing import FreezeView
from ledger.points.closing.periods import Periods
from ledger.points.closing.schemas import FreezeList, FreezeSchema, PeriodsSchema, ReasonRequest, ReleaseRequest
from ledger.web.guard import get_actor, requires, steps_up
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("closing_api", __name__, url_prefix=PREFIX, description="Closed months, frozen books")


@bp.get("/periods")
@requires(Permission.READ_BOOKS)
@bp.response(200, PeriodsSchema)
def list_periods() -> Periods:
    """Every month since the book began: which are closed, who closed them, and what can be done next."""
    return in_snapshot(reading.periods, get_actor().center_id)


@bp.post("/periods/<string:month>/close")
@requires(Permission.PROPOSE)
@steps_up
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ReasonRequest)
@bp.response(201, ProposalSchema)
def close_period(body: dict[str, Any], month: str) -> ProposalView:
    """Propose to close a month; once another person approves, no posting can be dated into it."""
    return _propose(kinds.CLOSE, month, body["reason"])


@bp.post("/periods/<string:month>/reopen")
@requires(Permission.PROPOSE)
@steps_up
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ReasonRequest)
@bp.response(201, ProposalSchema)
def reopen_period(body: dict[str, Any], month: str) -> ProposalView:
    """Propose to reopen the last closed month."""
    return _propose(kinds.REOPEN, month, body["reason"])


@bp.get("/freezes")
@requires(Permission.READ_BOOKS)
@bp.response(200, FreezeList)
def list_freezes() -> dict[str, Any]:
    """Freezes of the book: when, why, and who released them."""
    return {"items": in_snapshot(freezing.freezes, get_actor().center_id), "next": None}


@bp.post("/freezes/<id:freeze_id>/release")
@requires(Permission.RELEASE_AS_ADMIN, Permission.RELEASE_AS_AUDITOR)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ReleaseRequest)
@bp.response(200, FreezeSchema)
def release_freeze(body: dict[str, Any], freeze_id: int) -> FreezeView:
    """Sign the release; once an administrator and an auditor have signed, the book takes postings again."""
    actor = get_actor()
    once = find_idempotency_key()
    in_transaction_once(once, freezing.release, freeze_id, body["note"], actor=actor, desk=get_desk())
    return in_snapshot(freezing.get_freeze, freeze_id, actor.center_id)


def _propose(kind: Kind, month: str, reason: str) -> ProposalView:
    actor, once = get_actor(), find_idempotency_key()
    given: dict[str, Any] = {"month": month}
    proposal_id = in_transaction_once(once, deciding.propose, kind.name, given, reason, actor=actor, desk=get_desk())
    return in_snapshot(approvals.get_proposal, proposal_id, actor.center_id)
