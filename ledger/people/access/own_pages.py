"""The page of one's own log-ins and password."""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.people.access import factors, own, proving
from ledger.people.access.pages import PASSWORD_FIELDS, known_device
from ledger.people.access.sessions import level_in
from ledger.people.blueprint import bp
from ledger.people.levels import VOLUNTEER
from ledger.people.words import SESSION_KINDS
from ledger.web import asked, forms
from ledger.web.cookies import SESSION, end_cookie
from ledger.web.guard import get_actor, logged_in

_FIELDS = PASSWORD_FIELDS | {"people.old_password_wrong": "old_password", "people.own_totp_wrong": "totp"}
_DONE = ("password", "ended")


@bp.get("/me/log-ins")
@logged_in
def log_ins() -> str:
    """Show where one is logged in, and the form for a new password."""
    return _page({})


@bp.post("/me/password")
@logged_in
def change_password() -> ResponseReturnValue:
    """Change one's own password, which ends one's other log-ins."""
    old, new = forms.verbatim("old_password"), forms.verbatim("password")
    try:
        _change_password(old, new)
    except LedgerError as error:
        return _page(forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("people.log_ins", done="password"), 303)


def _change_password(old: str, new: str) -> None:
    totp, device = forms.verbatim("totp"), known_device()
    own.change_password(old, new, actor=get_actor(), address=request.remote_addr, totp=totp, device=device)


@bp.post("/me/log-ins/<id:session_id>/end")
@logged_in
def end_log_in(session_id: int) -> ResponseReturnValue:
    """End one of one's own log-ins."""
    in_transaction(own.end_own_session, session_id, actor=get_actor())
    return redirect(url_for("people.log_ins", done="ended"), 303)


@bp.post("/me/log-ins/end")
@logged_in
def log_out_everywhere() -> ResponseReturnValue:
    """End all of one's log-ins, this one too."""
    in_transaction(own.log_out_everywhere, actor=get_actor())
    response = redirect(url_for("people.log_in"), 303)
    end_cookie(response, SESSION)
    return response


def _page(errors: dict[str, str]) -> str:
    shown = in_snapshot(_shown, get_actor())
    return render_template(
        "people/log_ins.html", kinds=SESSION_KINDS, errors=errors, done=asked.choice("done", _DONE), **shown
    )


def _shown(session: Session, actor: Actor) -> dict[str, Any]:
    with_factor = factors.has_factor(session, actor.identity_id, actor.center_id)
    is_staff = level_in(session, actor.identity_id, actor.center_id) > VOLUNTEER
    asks_code = proving.missing_proof(session, actor) == "totp"
    sessions = own.own_sessions(session, actor)
    return {
        "sessions": sessions,
        "is_staff": is_staff or with_factor,
        "with_factor": with_factor,
        "asks_code": asks_code,
    }
