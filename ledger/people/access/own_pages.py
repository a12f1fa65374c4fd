"""The page of one's own log-ins and password."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.people.access import own
from ledger.people.access.pages import PASSWORD_FIELDS, known_device
from ledger.people.blueprint import bp
from ledger.people.words import SESSION_KINDS
from ledger.web import asked, forms
from ledger.web.cookies import SESSION, end_cookie
from ledger.web.guard import get_actor, logged_in

_FIELDS = PASSWORD_FIELDS | {"people.old_password_wrong": "old_password"}
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
        own.change_password(old, new, actor=get_actor(), address=request.remote_addr, device=known_device())
    except LedgerError as error:
        return _page(forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("people.log_ins", done="password"), 303)


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
    shown = in_snapshot(own.own_sessions, get_actor())
    done = asked.choice("done", _DONE)
    return render_template("people/log_ins.html", sessions=shown, kinds=SESSION_KINDS, errors=errors, done=done)
