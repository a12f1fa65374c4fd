"""The audit API: the trial balance, the trace of a transfer, and verification of the book."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.audit.schemas import TraceSchema, TrialBalanceSchema, VerificationSchema
from ledger.audit.tracing import presenter
from ledger.audit.verifying import queries, runs
from ledger.audit.verifying.queries import TrialBalance
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.permissions import Permission
from ledger.points.schemas import BalanceQuery
from ledger.web.guard import get_actor, poll, requires
from ledger.web.openapi import PREFIX

bp = Blueprint("audit_api", __name__, url_prefix=f"{PREFIX}/audit", description="Does it add up, and why")
_WAIT_SECONDS = 20


@bp.get("/trial-balance")
@requires(Permission.READ_BOOKS)
@bp.arguments(BalanceQuery, location="query")
@bp.response(200, TrialBalanceSchema)
def trial_balance(query: dict[str, Any]) -> TrialBalance:
    """Totals posted to each side, per unit and kind of account, summed from the transfers."""
    return in_snapshot(queries.trial_balance, get_actor().center_id, **query)


@bp.get("/trace/<id:transfer_id>")
@requires(Permission.READ_BOOKS, Permission.OWN_RECORD)
@bp.response(200, TraceSchema)
def trace(transfer_id: int) -> dict[str, Any]:
    """A transfer with its batch, its source (scans, rule and calculation; lines; delivery) and the people involved."""
    return in_snapshot(presenter.trace, transfer_id, get_actor())


@bp.post("/verify")
@requires(Permission.READ_BOOKS)
@bp.response(200, VerificationSchema)
@bp.alt_response(202, schema=VerificationSchema, description="Still at it: ask GET /audit/verifications/{id}.")
def verify() -> ResponseReturnValue:
    """Recompute every counter and balance from the transfers and their sources, or join the verification under way."""
    actor = get_actor()
    run_id = runs.start(actor=actor, wait_seconds=_WAIT_SECONDS)
    run = in_snapshot(_run, run_id, actor)
    return run, 202 if run["status"] == "running" else 200


@bp.get("/verifications/<id:run_id>")
@requires(Permission.READ_BOOKS)
@poll
@bp.response(200, VerificationSchema)
def verification(run_id: int) -> dict[str, Any]:
    """Progress or result of a verification."""
    return in_snapshot(_run, run_id, get_actor())


def _run(session: Session, run_id: int, actor: Actor) -> dict[str, Any]:
    return presenter.verification(queries.get_run(session, run_id, actor.center_id))
