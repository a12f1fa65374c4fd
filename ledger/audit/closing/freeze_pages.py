"""The page for a frozen book: what was found, who has signed its release, and earlier freezes."""

from dataclasses import replace
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.api import get_desk
from ledger.audit.approving.presenter import people
from ledger.audit.blueprint import bp
from ledger.audit.naming.words import difference_words
from ledger.audit.verifying import queries
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import Conflict, Forbidden, NotFound, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.signals import told_about
from ledger.points.closing import freezing
from ledger.points.closing.freezing import PARTS, FreezeView
from ledger.web import forms
from ledger.web.guard import act, get_actor, requires
from ledger.web.listed import listed
from ledger.web.once import idempotency_key
from ledger.web.problem import words


@bp.app_template_global()
def part_of_release(part: str) -> str:
    """Word for the side that a signature represents."""
    return str({"admin": _("管理员"), "auditor": _("审计员")}[part])


@bp.get("/books/freezes")
@requires(Permission.READ_BOOKS)
@listed
def freezes() -> str:
    """Whether and why the book is frozen, and who must still sign."""
    return _draw({}, None)


@bp.post("/books/freezes/<id:freeze_id>")
@requires(*PARTS.values())
@act(lambda: _("签字放开冻结的账本"))
def release_freeze(freeze_id: int) -> ResponseReturnValue:
    """Sign the release for one's own side."""
    try:
        once, note = idempotency_key(), forms.text("note")
        in_transaction_once(once, freezing.release, freeze_id, note, actor=get_actor(), desk=get_desk())
    except (Rejected, Conflict) as error:
        errors = forms.note_errors(error, "points.release_note_needed")
        return _draw(errors, None if errors else words(error)), error.status
    return redirect(url_for("audit.freezes", done=1), 303)


def _draw(errors: dict[str, str], refusal: tuple[str, str] | None) -> str:
    shown = in_snapshot(_freezes, get_actor())
    note = forms.verbatim("note")
    return render_template("audit/freezes.html", errors=errors, refusal=refusal, note=note, parts=list(PARTS), **shown)


def _freezes(session: Session, actor: Actor) -> dict[str, Any]:
    found = freezing.freezes(session, actor.center_id)
    current = next((each for each in found if each.released_at is None), None)
    if current is not None:
        counts = freezing.valid_signatures(session, current, actor.center_id, desk=get_desk())
        left = replace(current, signatures=counts)
        found, current = [left if each is current else each for each in found], left
    awaited = current is not None and _is_awaited(current, actor)
    near = current is not None and freezing.shares_household(session, current, actor=actor, desk=get_desk())
    since = min((each.frozen_at for each in found), default=clock.now())
    owing = told_about(session, freezing.OWING, actor.center_id, since)
    signers = {signature.signed_by for each in found for signature in each.signatures}
    return {
        "freezes": found,
        "current": current,
        "found": {each.id: _found(session, each, actor.center_id) for each in found},
        "owing": {each.id for each in found if f"freeze:{public_id(each.id)}" in owing},
        "people": people(session, signers, actor.center_id),
        "may_sign": awaited and not near,
        "why_not": words(Forbidden("points.release_same_household")) if awaited and near else None,
    }


def _found(session: Session, freeze: FreezeView, center_id: int) -> str:
    """The verification's finding in words; falls back to the freeze's own reason if the run is gone."""
    try:
        difference = queries.get_run(session, freeze.run_id or 0, center_id).difference
    except NotFound:
        difference = None
    return difference_words(difference) if difference is not None else freeze.reason


def _is_awaited(freeze: FreezeView, actor: Actor) -> bool:
    signed = {each.part for each in freeze.signatures}
    missing = any(actor.may(permission, ROOT) for part, permission in PARTS.items() if part not in signed)
    return missing and all(each.signed_by != actor.identity_id for each in freeze.signatures)
