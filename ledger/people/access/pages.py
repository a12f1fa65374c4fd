"""Pages for logging in and out, the activation slip, and the first password."""

from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials
from ledger.people.access.login import LoggedIn, set_first_password
from ledger.people.access.login import log_in as check_and_log_in
from ledger.people.blueprint import bp
from ledger.people.identities import queries as identities
from ledger.people.policy import mask_phone
from ledger.web import asked, forms
from ledger.web.addresses import absolute
from ledger.web.forms import Form
from ledger.web.guard import SESSION_COOKIE, current_actor, get_actor, public, requires
from ledger.web.page_context import bring_preferences, local_path
from ledger.web.qr import qr_svg

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
    """Show the log-in form; readers who are logged in already go on to their destination."""
    goal = local_path(asked.verbatim("next"))
    return redirect(goal) if current_actor() else _login_page(goal)


@bp.post("/log-in")
@public
def send_log_in() -> ResponseReturnValue:
    """Log in and redirect to the reader's destination."""
    goal = local_path(forms.verbatim("next"))
    try:
        phone, password = forms.text("phone"), forms.verbatim("password")
        opened = check_and_log_in(phone, password, kind="browser", address=request.remote_addr)
    except LedgerError as error:
        return _login_page(
            goal, phone=forms.verbatim("phone"), errors=forms.field_errors(error, _LOGIN_FIELDS)
        ), error.status
    return _enter(opened, goal)


@bp.post("/log-out")
@public
def log_out() -> ResponseReturnValue:
    """End the session here and on the server."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        in_transaction(credentials.revoke_session, token)
    response = redirect(url_for("people.log_in"), 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@bp.get("/first-password")
@public
def first_password() -> str:
    """Show the form that sets a password with the code on the slip."""
    return render_template("people/first_password.html", phone="", code=asked.verbatim("code"), errors={})


@bp.post("/first-password")
@public
def send_first_password() -> ResponseReturnValue:
    """Use up the code and log in with the new password."""
    password = forms.verbatim("password")
    try:
        phone, code = _phone_and_code()
        set_first_password(phone, code, password, address=request.remote_addr)
        opened = check_and_log_in(phone, password, kind="browser", address=request.remote_addr)
    except LedgerError as error:
        errors = forms.field_errors(error, _PASSWORD_FIELDS)
        typed = {name: forms.verbatim(name) for name in ("phone", "code")}
        return render_template("people/first_password.html", **typed, errors=errors), error.status
    return _enter(opened, "/")


def _phone_and_code() -> tuple[str, str]:
    with Form() as form:
        return form.text("phone"), form.text("code")


@bp.post("/people/<id:identity_id>/activation-code")
@requires(Permission.MANAGE_VOLUNTEERS, Permission.MANAGE_STAFF)
def print_activation_code(identity_id: int) -> str:
    """Print a slip with a code that sets a password once; only this response shows the code."""
    code = in_transaction(credentials.make_activation_code, identity_id, actor=get_actor())
    shown = in_snapshot(_slip, identity_id)
    url = absolute("people.first_password", code=code)
    return render_template("people/activation_slip.html", code=code, url=url, qr=qr_svg(url), **shown)


def _slip(session: Session, identity_id: int) -> dict[str, Any]:
    phone = identities.phone_of(session, identity_id)
    return {
        "name": identities.names_of(session, [identity_id])[identity_id],
        "phone": _("没有手机号，不能登录") if phone is None else mask_phone(phone),
    }


def _login_page(goal: str, **typed: Any) -> str:
    return render_template("people/log_in.html", **{"phone": "", "errors": {}, "goal": goal} | typed)


def _enter(opened: LoggedIn, goal: str) -> ResponseReturnValue:
    """Give the browser the session and the person's last display preferences."""
    response = redirect(goal, 303)
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        # A duration, not a date: the phone's clock may be wrong, and in a rehearsal it differs from ours.
        max_age=int((opened.expires_at - clock.now()).total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SETTINGS"].https,
    )
    kept = in_snapshot(identities.get_preferences, opened.identity_id)
    bring_preferences(response, language=kept.language, large_type=kept.large_type)
    return response
