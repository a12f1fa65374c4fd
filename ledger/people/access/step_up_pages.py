"""The second step before what can't be undone: one more question, and then the form is sent as it was."""

from flask import Flask, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue, RouteCallable

from ledger.kernel.db import in_snapshot, nothing_written
from ledger.kernel.errors import Forbidden, LedgerError
from ledger.people.access.pages import known_device
from ledger.people.access.proving import Given, Proof, missing_proof, step_up
from ledger.web import csrf, forms
from ledger.web.guard import PROOF, SAFE, act_of, asks_step_up_now, get_actor
from ledger.web.leading_back import here
from ledger.web.problem import NotNow, wants_json

# The button that leads back to the form.
NOT_NOW = "not_now"
_FIELDS = {"people.old_password_wrong": PROOF, "people.own_totp_wrong": PROOF}


def register(app: Flask) -> None:
    """Ask before the views that are marked. Registered after the guard: only who may use a view is asked."""
    app.before_request(_ask)


def _ask() -> ResponseReturnValue | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.method in SAFE or not asks_step_up_now(view):
        return None
    if forms.pressed(NOT_NOW):
        return _as_typed(view)
    missing = in_snapshot(missing_proof, get_actor())
    if missing is None:
        return None
    if wants_json():
        raise Forbidden("access.step_up_required", proof=missing)
    return _proved(missing)


def _as_typed(view: RouteCallable) -> ResponseReturnValue:
    """The page of the form with what was typed, and nothing done; where a form has no fields, the page it was on."""
    try:
        with nothing_written(NotNow()):
            return current_app.ensure_sync(view)(**(request.view_args or {}))  # type: ignore[no-any-return]
    except LedgerError:
        return redirect(here(), 303)


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
    goal, act = request.full_path.rstrip("?"), act_of(current_app.view_functions[request.endpoint or ""])
    shown = {"missing": missing, "kept": kept, "goal": goal, "act": act, "errors": errors, "field": PROOF}
    return render_template("people/step_up.html", not_now=NOT_NOW, **shown)
