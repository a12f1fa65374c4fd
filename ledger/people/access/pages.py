"""Pages for logging in and out, the activation slip, and the first password."""

from datetime import timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.api import DECIDERS
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials, login
from ledger.people.access.approved_codes import make_approved_code
from ledger.people.access.credentials import Kind
from ledger.people.access.devices import Device, read_device, write_device
from ledger.people.access.login import LoggedIn
from ledger.people.blueprint import bp
from ledger.people.identities import queries as identities
from ledger.people.policy import mask_phone
from ledger.places import queries as places
from ledger.web import asked, forms
from ledger.web.addresses import absolute
from ledger.web.cookies import SESSION, end_cookie, read_cookie, set_cookie
from ledger.web.forms import Form
from ledger.web.guard import act, current_actor, get_actor, public, requires
from ledger.web.leading_back import local_path
from ledger.web.once import idempotency_key, in_transaction_shown_once
from ledger.web.page_context import bring_preferences
from ledger.web.qr import qr_svg

DEVICE_COOKIE = "ningxin-device"
_DEVICE_KEPT_SECONDS = 366 * 24 * 3600
_LOGIN_FIELDS = {
    "people.login_failed": "password",
    "people.center_needed": "center_id",
    "people.ticket_invalid": "password",
    "people.code_too_late": "password",
}
PASSWORD_FIELDS = {
    "people.activation_code_invalid": "code",
    "people.password_too_short": "password",
    "people.password_too_long": "password",
    "people.password_too_easy": "password",
    "people.password_personal": "password",
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
        opened = _log_in()
    except LedgerError as error:
        return _refused_log_in(goal, error), error.status
    return _enter(opened, goal)


def _log_in() -> LoggedIn:
    with Form() as form:
        phone, password, center_id = form.text("phone"), forms.verbatim("password"), form.optional_key("center_id")
    return login.log_in(
        phone, password, kind=_kind(), address=request.remote_addr, center_id=center_id, device=known_device()
    )


def _refused_log_in(goal: str, error: LedgerError) -> str:
    """The form again; or the next question: which center, if the password fits in several, or the second factor."""
    if error.code == "people.totp_needed":
        return _factor_page(goal, {}, **error.context)
    if error.code == "people.choose_center":
        return render_template("people/choose_center.html", goal=goal, **error.context)
    centers = in_snapshot(places.centers) if error.code == "people.center_needed" else []
    errors = forms.field_errors(error, _LOGIN_FIELDS)
    return _login_page(goal, phone=forms.verbatim("phone"), errors=errors, centers=centers)


@bp.post("/log-in/center")
@public
def send_center() -> ResponseReturnValue:
    """Log in to the chosen one of several centers, by the ticket instead of the password."""
    goal, ticket = local_path(forms.verbatim("next")), forms.verbatim("ticket")
    try:
        center_id, address = forms.key("center_id"), request.remote_addr
        opened = login.choose_center(ticket, center_id, kind=_kind(), address=address, device=known_device())
    except LedgerError as error:
        return _refused_log_in(goal, error), error.status
    return _enter(opened, goal)


@bp.post("/log-in/factor")
@public
def send_factor() -> ResponseReturnValue:
    """Log in with a code of the second factor, by the ticket instead of the password."""
    goal = local_path(forms.verbatim("next"))
    try:
        opened = _log_in_by_code()
    except LedgerError as error:
        if error.code != "people.totp_wrong":
            return _refused_log_in(goal, error), error.status
        sent = {name: forms.verbatim(name) for name in ("ticket", "center_id")}
        return _factor_page(goal, forms.field_errors(error, {"people.totp_wrong": "totp"}), **sent), error.status
    return _enter(opened, goal)


def _log_in_by_code() -> LoggedIn:
    try:
        return login.choose_center(
            forms.verbatim("ticket"),
            forms.key("center_id"),
            kind=_kind(),
            address=request.remote_addr,
            totp=forms.verbatim("totp"),
            device=known_device(),
        )
    except Rejected as error:
        # Here nobody has chosen anything.
        raise Rejected("people.code_too_late") if error.code == "people.ticket_invalid" else error from error


def _factor_page(goal: str, errors: dict[str, str], *, ticket: str, center_id: int | str) -> str:
    center = center_id if isinstance(center_id, str) else public_id(center_id)
    return render_template("people/log_in_factor.html", goal=goal, ticket=ticket, center_id=center, errors=errors)


@bp.post("/log-out")
@public
def log_out() -> ResponseReturnValue:
    """End the session here and on the server."""
    token = read_cookie(SESSION)
    if token:
        in_transaction(credentials.revoke_session, token)
    response = redirect(url_for("people.log_in"), 303)
    end_cookie(response, SESSION)
    return response


@bp.get("/first-password")
@public
def first_password() -> str:
    """Show the form that sets a password; a script fills in the code, which the slip's address has after its #."""
    return render_template("people/first_password.html", phone="", code="", center_id="", errors={})


@bp.post("/first-password")
@public
def send_first_password() -> ResponseReturnValue:
    """Use up the code and log in with the new password."""
    try:
        opened = _set_password()
    except LedgerError as error:
        if error.code == "people.totp_needed":
            return _refused_log_in("/", error), error.status
        errors = forms.field_errors(error, PASSWORD_FIELDS)
        typed = {name: forms.verbatim(name) for name in ("phone", "code", "center_id")}
        return render_template("people/first_password.html", **typed, errors=errors), error.status
    return _enter(opened, "/")


def _set_password() -> LoggedIn:
    with Form() as form:
        phone, code, center_id = form.text("phone"), form.text("code"), form.optional_key("center_id")
    return login.set_first_password(
        phone,
        code,
        forms.verbatim("password"),
        address=request.remote_addr,
        center_id=center_id,
        kind=_kind(),
        device=known_device(),
    )


def _kind() -> Kind:
    """What the browser runs on, as far as it says; its owner tells their log-ins apart by it."""
    return "phone" if "Mobi" in (request.user_agent.string or "") else "browser"


def known_device() -> Device:
    """The browser by its cookie, with the log-ins that it has used."""
    return read_device(read_cookie(DEVICE_COOKIE))


@bp.post("/people/<id:identity_id>/activation-code")
@requires(Permission.MANAGE_VOLUNTEERS, Permission.MANAGE_STAFF)
@act(lambda: _("打一张激活码"))
def print_activation_code(identity_id: int) -> str:
    """Print a slip with a code that sets a password once; only this response shows the code, also to a reload."""
    code = in_transaction_shown_once(
        idempotency_key(), credentials.make_activation_code, identity_id, actor=get_actor()
    )
    return _slip_page(identity_id, code)


@bp.post("/approvals/<id:proposal_id>/code")
@requires(*DECIDERS)
@act(lambda: _("打批准了的激活码"))
def print_approved_code(proposal_id: int) -> str:
    """Print the slip that the reader approved, or print it again; only this response shows the code."""
    again = forms.verbatim("again") == "1"
    identity_id, code = in_transaction_shown_once(
        idempotency_key(), make_approved_code, proposal_id, actor=get_actor(), again=again
    )
    return _slip_page(identity_id, code)


def _slip_page(identity_id: int, code: str) -> str:
    actor = get_actor()
    shown = in_snapshot(_slip, identity_id, actor.center_id)
    url = absolute("people.first_password", _anchor=credentials.slip_fragment(code, actor.center_id))
    return render_template("people/activation_slip.html", code=code, url=url, qr=qr_svg(url), **shown)


def _slip(session: Session, identity_id: int, center_id: int) -> dict[str, Any]:
    phone = identities.phone_of(session, identity_id, center_id)
    return {
        "name": identities.names_of(session, [identity_id], center_id)[identity_id],
        "phone": _("没有手机号，不能登录") if phone is None else mask_phone(phone),
        "is_short": credentials.code_lasts(session, identity_id, center_id) < timedelta(days=7),
    }


def _login_page(goal: str, **typed: Any) -> str:
    return render_template("people/log_in.html", **{"phone": "", "errors": {}, "centers": [], "goal": goal} | typed)


def _enter(opened: LoggedIn, goal: str) -> ResponseReturnValue:
    """Give the browser the session, what it knows from now on, and the person's last display preferences."""
    response = redirect(goal, 303)
    set_cookie(response, SESSION, opened.token, seconds=int((opened.expires_at - clock.now()).total_seconds()))
    set_cookie(response, DEVICE_COOKIE, write_device(opened.device), seconds=_DEVICE_KEPT_SECONDS)
    kept = in_snapshot(identities.get_preferences, opened.identity_id, opened.center_id)
    bring_preferences(response, language=kept.language, large_type=kept.large_type)
    return response
