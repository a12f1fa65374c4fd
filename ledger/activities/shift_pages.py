"""Pages of a shift with its sign-ups for staff, and of a volunteer's coming shifts."""

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.activities import presenter, queries, service
from ledger.activities.blueprint import bp
from ledger.activities.policy import ShiftView
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import Forbidden, LedgerError
from ledger.kernel.permissions import Permission
from ledger.people.volunteers.search import get_sought_volunteer
from ledger.web import asked, forms
from ledger.web.guard import act, get_actor, requires, steps_up
from ledger.web.listed import listed
from ledger.web.once import idempotency_key

_NUMBER_FIELDS = {
    "people.volunteer_not_found": "number",
    "activities.already_signed_up": "number",
    "activities.person_blocked": "number",
}


@bp.get("/shifts/<id:shift_id>")
@requires(Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS)
@listed
def shift(shift_id: int) -> str:
    """Show a shift and its sign-ups."""
    return render_template("activities/shift.html", errors={}, **in_snapshot(_shift, shift_id, get_actor()))


def _shift(session: Session, shift_id: int, actor: Actor) -> dict[str, Any]:
    page = presenter.signups(session, shift_id, asked.part(), actor)
    shown = presenter.shift(session, shift_id, actor)
    return {
        "shift": shown,
        "signups": page["items"],
        "next": page["next"],
        "may_change": actor.may(Permission.MANAGE_ACTIVITIES, shown["station_path"]),
    }


@bp.post("/shifts/<id:shift_id>/signups")
@requires(Permission.MANAGE_ACTIVITIES)
def add_signup(shift_id: int) -> ResponseReturnValue:
    """Sign a volunteer up, by number or full phone."""
    actor = get_actor()
    try:
        in_transaction_once(idempotency_key(), _sign_up, shift_id, forms.text("number"), actor=actor)
    except LedgerError as error:
        errors = forms.field_errors(error, _NUMBER_FIELDS)
        shown = in_snapshot(_shift, shift_id, actor)
        typed = forms.verbatim("number")
        return render_template("activities/shift.html", errors=errors, number=typed, **shown), error.status
    return redirect(url_for("activities.shift", shift_id=shift_id), 303)


def _sign_up(session: Session, shift_id: int, number: str, *, actor: Actor) -> int:
    volunteer = get_sought_volunteer(session, number, actor)
    return service.sign_up(session, shift_id=shift_id, volunteer_id=volunteer.id, actor=actor)


@bp.post("/shifts/<id:shift_id>/signups/<id:volunteer_id>/cancel")
@requires(Permission.MANAGE_ACTIVITIES)
def cancel_signup(shift_id: int, volunteer_id: int) -> ResponseReturnValue:
    """Cancel a volunteer's sign-up."""
    actor, once = get_actor(), idempotency_key()
    in_transaction_once(once, service.cancel_signup, shift_id=shift_id, volunteer_id=volunteer_id, actor=actor)
    return redirect(url_for("activities.shift", shift_id=shift_id), 303)


@bp.post("/shifts/<id:shift_id>/cancel")
@requires(Permission.MANAGE_ACTIVITIES)
@steps_up
@act(lambda: _("取消一个班次"))
def cancel_shift(shift_id: int) -> ResponseReturnValue:
    """Cancel the shift."""
    in_transaction_once(idempotency_key(), service.cancel_shift, shift_id, actor=get_actor())
    return redirect(url_for("activities.shift", shift_id=shift_id), 303)


@bp.get("/my/shifts")
@requires(Permission.OWN_RECORD)
def my_shifts() -> str:
    """List coming shifts with the volunteer's status; their own shifts come first."""
    return render_template("activities/my_shifts.html", **in_snapshot(_mine, get_actor()))


def _mine(session: Session, actor: Actor) -> dict[str, Any]:
    own = queries.shifts_of_volunteer(session, _volunteer_id(actor), actor.center_id, now=clock.now())
    page = asked.part(20)
    coming = queries.upcoming_shifts(session, actor.center_id, now=clock.now(), request=page)
    taken = {view.id for view, _signup in own}
    return {
        "own": _named(session, own, actor),
        "coming": presenter.shifts(session, [view for view in coming.items if view.id not in taken], actor.center_id),
        "next": coming.next,
    }


def _named(session: Session, own: list[tuple[ShiftView, Any]], actor: Actor) -> list[dict[str, Any]]:
    states = {view.id: signup.status for view, signup in own}
    shown = presenter.shifts(session, [view for view, _signup in own], actor.center_id)
    return [each | {"signup_status": states[each["id"]]} for each in shown]


@bp.post("/my/shifts/<id:shift_id>/sign-up")
@requires(Permission.OWN_RECORD)
def sign_me_up(shift_id: int) -> ResponseReturnValue:
    """Sign the volunteer up."""
    actor, once = get_actor(), idempotency_key()
    in_transaction_once(once, service.sign_up, shift_id=shift_id, volunteer_id=_volunteer_id(actor), actor=actor)
    return redirect(url_for("activities.my_shifts"), 303)


@bp.post("/my/shifts/<id:shift_id>/cancel")
@requires(Permission.OWN_RECORD)
def cancel_mine(shift_id: int) -> ResponseReturnValue:
    """Cancel the volunteer's own sign-up."""
    actor, once = get_actor(), idempotency_key()
    in_transaction_once(once, service.cancel_signup, shift_id=shift_id, volunteer_id=_volunteer_id(actor), actor=actor)
    return redirect(url_for("activities.my_shifts"), 303)


def _volunteer_id(actor: Actor) -> int:
    if actor.volunteer_id is None:
        raise Forbidden("access.denied", permission=Permission.OWN_RECORD.value)
    return actor.volunteer_id
