"""The API of one's own log-ins and password, and of the record of log-ins."""

from typing import Any

from flask import request
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.paging import Page
from ledger.kernel.permissions import Permission
from ledger.people.access import own, proving
from ledger.people.access.attempts import AttemptFilter, AttemptView, list_attempts
from ledger.people.access.proving import Given
from ledger.people.access.schemas import (
    AttemptPage,
    AttemptQuery,
    OwnAttemptQuery,
    OwnSessionList,
    PasswordRequest,
    ProofRequest,
)
from ledger.web.fields import page_of
from ledger.web.guard import get_actor, logged_in, requires
from ledger.web.openapi import PREFIX

bp = Blueprint(
    "log_ins_api", __name__, url_prefix=PREFIX, description="Your own log-ins and password, and the record of log-ins"
)


@bp.get("/sessions")
@logged_in
@bp.response(200, OwnSessionList)
def list_sessions() -> dict[str, Any]:
    """Your own open log-ins in this center, the latest used first."""
    return {"items": in_snapshot(own.own_sessions, get_actor()), "next": None}


@bp.delete("/sessions/<id:session_id>")
@logged_in
@bp.response(204)
def end_session(session_id: int) -> None:
    """End one of your own log-ins."""
    in_transaction(own.end_own_session, session_id, actor=get_actor())


@bp.delete("/sessions")
@logged_in
@bp.response(204)
def log_out_everywhere() -> None:
    """End all of your own log-ins, this one too."""
    in_transaction(own.log_out_everywhere, actor=get_actor())


@bp.get("/me/log-in-attempts")
@logged_in
@bp.arguments(OwnAttemptQuery, location="query")
@bp.response(200, AttemptPage)
def list_own_attempts(query: dict[str, Any]) -> Page[AttemptView]:
    """Your own log-ins of the last 180 days, and who was refused with your phone number."""
    return in_snapshot(_attempts, query | {"identity_id": get_actor().identity_id}, get_actor())


@bp.get("/log-in-attempts")
@requires(Permission.READ_BOOKS)
@bp.arguments(AttemptQuery, location="query")
@bp.response(200, AttemptPage)
def list_log_in_attempts(query: dict[str, Any]) -> Page[AttemptView]:
    """The log-ins of everybody in the center in the last 180 days, and the refusals."""
    return in_snapshot(_attempts, query, get_actor())


def _attempts(session: Session, query: dict[str, Any], actor: Actor) -> Page[AttemptView]:
    page = page_of(query)
    return list_attempts(session, actor.center_id, AttemptFilter(**query), request=page)


@bp.put("/me/password")
@logged_in
@bp.arguments(PasswordRequest)
@bp.response(204)
def change_password(body: dict[str, Any]) -> None:
    """Change your own password. Your other log-ins end, and so do your activation codes.

    `totp` is needed by anybody who has a second factor and gave no code of it in the last ten minutes.
    """
    old, new, totp = body["old_password"], body["password"], body["totp"]
    own.change_password(old, new, actor=get_actor(), address=request.remote_addr, totp=totp)


@bp.post("/sessions/current/proof")
@logged_in
@bp.arguments(ProofRequest)
@bp.response(204)
def prove(body: dict[str, Any]) -> None:
    """Prove again who you are, which `access.step_up_required` asks for: by a code of your second factor, `totp`.

    Without a second factor by your `password`. It is good for ten minutes in this log-in.
    """
    given = Given(request.remote_addr, body["password"], body["totp"])
    proving.step_up(get_actor(), given)
