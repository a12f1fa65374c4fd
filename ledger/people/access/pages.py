"""Pages of people: logging in and out, the first password, and what a stranger sees who scans a card."""

from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.people.access import staff_pages
from ledger.people.access.login import LoggedIn, set_first_password
from ledger.people.access.login import log_in as check_and_log_in
from ledger.people.blueprint import bp
from ledger.people.volunteers import pages as volunteer_pages
from ledger.people.volunteers import queries, service
from ledger.web import forms
from ledger.web.guard import SESSION_COOKIE, current_actor, public
from ledger.web.page_context import bring_preferences, local_path

__all__ = ["bp", "staff_pages", "volunteer_pages"]

_LOGIN_FIELDS = {"people.login_failed": "password"}
_PASSWORD_FIELDS = {
    "people.activation_code_invalid": "code",
    "people.password_too_short": "password",
    "people.password_too_long": "password",
    "people.password_too_easy": "password",
}


@bp.get("/log-in")
@public
def log_in() -> ResponseReturnValue:
    """Who are you? Somebody who is logged in goes on to where they were going."""
    goal = local_path(request.args.get("next"))
    return redirect(goal) if current_actor() else _login_page(goal)


@bp.post("/log-in")
@public
def send_log_in() -> ResponseReturnValue:
    """Log in, and go on to where the reader was going."""
    goal = local_path(request.form.get("next"))
    phone, password = forms.text("phone"), request.form.get("password", "")
    try:
        opened = check_and_log_in(phone, password, kind="browser", address=request.remote_addr)
    except LedgerError as error:
        return _login_page(goal, phone=phone, errors=forms.field_errors(error, _LOGIN_FIELDS)), error.status
    return _enter(opened, goal)


@bp.post("/log-out")
@public
def log_out() -> ResponseReturnValue:
    """End the session here and on the server."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        in_transaction(service.revoke_session, token)
    response = redirect(url_for("people.log_in"), 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@bp.get("/first-password")
@public
def first_password() -> str:
    """Set a password with the code on the slip."""
    return render_template("people/first_password.html", phone="", code=request.args.get("code", ""), errors={})


@bp.post("/first-password")
@public
def send_first_password() -> ResponseReturnValue:
    """Spend the code and log in with the new password."""
    phone, code, password = forms.text("phone"), forms.text("code"), request.form.get("password", "")
    try:
        set_first_password(phone, code, password, address=request.remote_addr)
        opened = check_and_log_in(phone, password, kind="browser", address=request.remote_addr)
    except LedgerError as error:
        errors = forms.field_errors(error, _PASSWORD_FIELDS)
        page = render_template("people/first_password.html", phone=phone, code=code, errors=errors)
        return page, error.status
    return _enter(opened, "/")


# A scanner and a QR code spell the address in capitals.
@bp.get("/k/<token>", endpoint="card")
@bp.get("/K/<token>", endpoint="card")
@public
def card(token: str) -> str:
    """What a stranger's phone shows of a card: that it is one, whom to give it to, and nothing of the person."""
    return render_template("people/card_found.html")


def _login_page(goal: str, **typed: Any) -> str:
    return render_template("people/log_in.html", **{"phone": "", "errors": {}, "goal": goal} | typed)


def _enter(opened: LoggedIn, goal: str) -> ResponseReturnValue:
    """Give the browser the session, and its switches as the person last had them."""
    response = redirect(goal, 303)
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        # Counted, not dated: the phone's own clock may be wrong, and a rehearsal's is.
        max_age=int((opened.expires_at - clock.now()).total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SETTINGS"].https,
    )
    kept = in_snapshot(queries.get_preferences, opened.identity_id)
    bring_preferences(response, language=kept.language, large_type=kept.large_type)
    return response
