"""The second step before what can't be undone: one more question, and then the form is sent as it was."""

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue

from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Forbidden, LedgerError
from ledger.people.access.pages import known_device
from ledger.people.access.proving import Given, Proof, missing_proof, step_up
from ledger.web import csrf, forms
from ledger.web.guard import PROOF, SAFE, asks_step_up_now, get_actor
from ledger.web.problem import wants_json

_FIELDS = {"people.old_password_wrong": PROOF, "people.own_totp_wrong": PROOF}


def register(app: Flask) -> None:
    """Ask before the views that are marked. Registered after the guard: only who may use a view is asked."""
    app.before_request(_ask)


def _ask() -> ResponseReturnValue | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.method in SAFE or not asks_step_up_now(view):
        return None
    missing = in_snapshot(missing_proof, get_actor())
    if missing is None:
        return None
    if wants_json():
        raise Forbidden("access.step_up_required", proof=missing)
    return _proved(missing)


def _proved(missing: Proof) -> ResponseReturnValue | None:
    """None if the form proves who sends it; else the page that asks for it, with all that was typed."""
    if not forms.pressed(PROOF):
        return _page(missing, {}), 403
    typed = forms.verbatim(PROOF)
    try:
        step_up(get_actor(), Given(request.remote_addr, typed, typed, known_device()))
    except LedgerError as error:
        return _page(missing, forms.field_errors(error, _FIELDS)), error.status
    return None


def _page(missing: Proof, errors: dict[str, str]) -> str:
    kept = forms.everything_but(csrf.FIELD, PROOF)
    goal = request.full_path.rstrip("?")
    return render_template("people/step_up.html", missing=missing, kept=kept, goal=goal, errors=errors, field=PROOF)
