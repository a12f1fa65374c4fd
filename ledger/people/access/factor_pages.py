"""The page of one's own second factor."""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Conflict, LedgerError
from ledger.people.access import factors, lost_factors, own_factor
from ledger.people.access.pages import known_device
from ledger.people.access.proving import Given
from ledger.people.access.sessions import level_in
from ledger.people.blueprint import bp
from ledger.people.levels import VOLUNTEER
from ledger.web import asked, forms
from ledger.web.guard import act, get_actor, logged_in, steps_up
from ledger.web.once import idempotency_key, in_transaction_shown_once
from ledger.web.qr import single_qr_svg

_FIELDS = {
    "people.old_password_wrong": "password",
    "people.own_totp_wrong": "totp",
    "people.factor_for_staff": "password",
    "people.factor_on": "password",
    "people.factor_off": "password",
    "people.setup_over": "password",
}


@bp.get("/me/factor")
@logged_in
def factor() -> str:
    """Show whether one's own second factor is on."""
    return _page({})


@bp.post("/me/factor")
@logged_in
def begin_factor() -> ResponseReturnValue:
    """Show a secret for the authenticator, to whoever has given the password. Only this response shows it."""
    try:
        setup = own_factor.make_setup(get_actor(), _given())
    except LedgerError as error:
        return _page(forms.field_errors(error, _FIELDS)), error.status
    return _setup_page(setup, {})


@bp.post("/me/factor/confirm")
@logged_in
def confirm_factor() -> ResponseReturnValue:
    """Turn the second factor on with a first code, and show the recovery codes once."""
    ticket, actor = forms.verbatim("ticket"), get_actor()
    try:
        codes = own_factor.confirm(ticket, forms.verbatim("totp"), actor=actor)
    except LedgerError as error:
        return _not_confirmed(ticket, error)
    return render_template("people/recovery_codes.html", codes=codes, is_new=True)


def _not_confirmed(ticket: str, error: LedgerError) -> ResponseReturnValue:
    """What is wrong. If it is on already, the answer with the recovery codes may have been lost: say so."""
    if error.code == "people.factor_on":
        return redirect(url_for("people.factor", done="on"), 303)
    errors = forms.field_errors(error, _FIELDS)
    if "totp" not in errors:
        return _page(errors), error.status
    return _setup_page(own_factor.read_setup(ticket, actor=get_actor()), errors), error.status


@bp.post("/me/factor/codes")
@logged_in
@steps_up
@act(lambda: pgettext("about to", "打新的备用码，旧的作废"))
def print_recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes. Only this response shows them; a reload makes no others in their place."""
    try:
        codes = in_transaction_shown_once(idempotency_key(), own_factor.new_recovery_codes, actor=get_actor())
    except Conflict as error:
        if error.code != "idempotency.shown_already":
            raise
        return redirect(url_for("people.factor", done="shown"), 303)
    return render_template("people/recovery_codes.html", codes=codes, is_new=False)


@bp.post("/me/factor/end")
@logged_in
def end_factor() -> ResponseReturnValue:
    """Turn one's own second factor off, by a code and the password."""
    try:
        own_factor.remove(get_actor(), _given(totp=forms.verbatim("totp")))
    except LedgerError as error:
        return _page(forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("people.factor", done="off"), 303)


def _given(*, totp: str | None = None) -> Given:
    return Given(request.remote_addr, forms.verbatim("password"), totp, known_device())


def _page(errors: dict[str, str]) -> str:
    done = asked.choice("done", ("off", "on", "shown"))
    return render_template("people/factor.html", errors=errors, done=done, **in_snapshot(_mine, get_actor()))


def _mine(session: Session, actor: Actor) -> dict[str, Any]:
    me = actor.identity_id, actor.center_id
    return {
        "factor": factors.find_factor(session, *me),
        "is_staff": level_in(session, *me) > VOLUNTEER,
        "lost_since": lost_factors.waits_since(session, *me),
    }


def _setup_page(setup: own_factor.Setup, errors: dict[str, str]) -> str:
    # Never by the drawing that remembers what it has drawn: this one is a secret.
    address = setup.address(_("凝心"))
    qr = single_qr_svg(address)
    return render_template("people/factor_new.html", setup=setup, address=address, qr=qr, errors=errors)
