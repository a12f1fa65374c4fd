"""Pages for planners of activities: the list, a new activity with its shift, and one activity."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.activities import presenter, queries, service, shift_pages
from ledger.activities.blueprint import bp
from ledger.activities.models import Activity
from ledger.activities.policy import MOST_PEOPLE, STATUSES, check_times, clean_category, clean_name
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.paging import MOST_PER_PAGE
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.organisations import queries as organisations
from ledger.people.identities.history import history
from ledger.places.queries import place_choices
from ledger.web import asked, forms
from ledger.web.forms import Form
from ledger.web.guard import act, get_actor, requires, steps_up
from ledger.web.listed import listed
from ledger.web.once import idempotency_key

__all__ = ["bp", "shift_pages"]

CATEGORIES = ("社区服务", "助老", "环境整治", "治安巡逻", "文体活动", "政策宣传", "应急救援", "青少年")
_ACTIVITY_FIELDS = {"activities.name_invalid": "name", "activities.category_invalid": "category"}
_SHIFT_FIELDS = {
    "activities.times_invalid": "ends",
    "activities.capacity_invalid": "capacity",
    "organisations.place_not_found": "station_id",
    "organisations.place_closed": "station_id",
}


@dataclass(frozen=True, slots=True)
class _Shift:
    """A shift as typed into the form."""

    station_id: int
    starts_at: datetime
    ends_at: datetime
    capacity: int | None
    walk_in: bool


@bp.get("/activities")
@requires(Permission.MANAGE_ACTIVITIES)
@listed
def list_activities() -> str:
    """List activities of the reader's places, newest first."""
    status, page = asked.choice("status", STATUSES), asked.page()
    actor = get_actor()
    paths = actor.paths(Permission.MANAGE_ACTIVITIES)
    found = in_snapshot(queries.list_activities, actor.center_id, request=page, paths=paths, status=status)
    return render_template("activities/activities.html", page=found, status=status)


@bp.get("/activities/new")
@requires(Permission.MANAGE_ACTIVITIES)
def new_activity() -> str:
    """Show the form for an activity with its first shift."""
    return _form("activities/activity_new.html", _tomorrow(), {})


@bp.post("/activities/new")
@requires(Permission.MANAGE_ACTIVITIES)
def send_new_activity() -> ResponseReturnValue:
    """Plan an activity with its first shift, both or neither."""
    try:
        planned = _activity_typed()
        activity_id = in_transaction_once(idempotency_key(), _create, *planned, actor=get_actor())
    except LedgerError as error:
        errors = forms.field_errors(error, _ACTIVITY_FIELDS | _SHIFT_FIELDS)
        return _form("activities/activity_new.html", forms.everything(), errors), error.status
    return redirect(url_for("activities.activity", activity_id=activity_id, new=1), 303)


def _create(session: Session, name: str, category: str, status: str, shift: _Shift, *, actor: Actor) -> int:
    activity_id = service.create_activity(
        session, place_id=shift.station_id, name=name, category=category, status=status, actor=actor
    )
    _add_shift(session, activity_id, shift, actor=actor)
    return activity_id


def _add_shift(session: Session, activity_id: int, shift: _Shift, *, actor: Actor) -> int:
    return service.add_shift(
        session,
        activity_id=activity_id,
        station_id=shift.station_id,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        capacity=shift.capacity,
        walk_in=shift.walk_in,
        actor=actor,
    )


def _activity_typed() -> tuple[str, str, str, _Shift]:
    """Read name, category, status and first shift from the form. Raises InvalidFields."""
    with Form() as form:
        name = form.check("name", form.text("name"), clean_name)
        category = form.check("category", form.text("category"), clean_category)
        return name, category, "draft" if forms.ticked("draft") else "approved", _shift(form)


def _shift_typed() -> _Shift:
    with Form() as form:
        return _shift(form)


def _shift(form: Form) -> _Shift:
    """Read a shift from the form."""
    station_id = form.key("station_id")
    starts_at, ends_at = form.span("day", "starts", "ends")
    if not {"day", "starts"} & form.faults.keys():
        form.check("ends", (starts_at, ends_at), lambda times: check_times(*times))
    return _Shift(
        station_id=station_id,
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=form.optional_whole("capacity", least=1, most=MOST_PEOPLE),
        walk_in=forms.ticked("walk_in"),
    )


def _form(template: str, values: dict[str, Any], errors: dict[str, str], **more: Any) -> str:
    actor = get_actor()
    places = in_snapshot(place_choices, actor.center_id, actor.paths(Permission.MANAGE_ACTIVITIES))
    return render_template(template, values=values, errors=errors, places=places, categories=CATEGORIES, **more)


def _tomorrow() -> dict[str, Any]:
    zone = clock.zone()
    day = clock.local_day(clock.now() + timedelta(days=1), zone)
    return {"day": day.isoformat(), "starts": "09:00", "ends": "11:00", "walk_in": "1"}


@bp.get("/activities/<id:activity_id>")
@requires(Permission.MANAGE_ACTIVITIES)
@listed
def activity(activity_id: int) -> str:
    """Show an activity, its shifts and how full they are."""
    shown = in_snapshot(_one, activity_id, get_actor())
    return render_template("activities/activity.html", is_new=asked.has("new"), **shown)


def _one(session: Session, activity_id: int, actor: Actor) -> dict[str, Any]:
    view = queries.get_activity(session, activity_id, actor.center_id)
    actor.need(Permission.MANAGE_ACTIVITIES, view.place_path)
    page = asked.part(MOST_PER_PAGE)
    found = queries.list_shifts(session, actor.center_id, request=page, activity_id=activity_id)
    team = view.team_id and organisations.find_team(session, view.team_id, actor.center_id)
    return {
        "activity": view,
        "team": team,
        "history": history(session, table_of(Activity), activity_id, view.place_path, actor),
        "shifts": presenter.shifts(session, found.items, actor.center_id),
        "next": found.next,
    }


@bp.get("/activities/<id:activity_id>/correct")
@requires(Permission.MANAGE_ACTIVITIES)
def correct_activity(activity_id: int) -> str:
    """Form for putting an activity's name and category right."""
    return _correction_form(activity_id, {})


@bp.post("/activities/<id:activity_id>/correct")
@requires(Permission.MANAGE_ACTIVITIES)
def send_corrected_activity(activity_id: int) -> ResponseReturnValue:
    """Put an activity right, and keep what it said."""
    try:
        with Form() as form:
            name = form.check("name", form.text("name"), clean_name)
            category = form.check("category", form.text("category"), clean_category)
        key, actor = idempotency_key(), get_actor()
        in_transaction_once(key, service.correct_activity, activity_id, name=name, category=category, actor=actor)
    except LedgerError as error:
        return _correction_form(activity_id, forms.field_errors(error, _ACTIVITY_FIELDS)), error.status
    flash(_("改好了。原来的写法也留着，写在这一页上。"))
    return redirect(url_for("activities.activity", activity_id=activity_id), 303)


def _correction_form(activity_id: int, errors: dict[str, str]) -> str:
    view = in_snapshot(_one, activity_id, get_actor())["activity"]
    values = forms.everything() or {"name": view.name, "category": view.category}
    shown = {"activity": view, "values": values, "errors": errors, "categories": CATEGORIES}
    return render_template("activities/activity_correct.html", **shown)


@bp.get("/activities/<id:activity_id>/new-shift")
@requires(Permission.MANAGE_ACTIVITIES)
def new_shift(activity_id: int) -> str:
    """Add a shift."""
    shown = in_snapshot(_one, activity_id, get_actor())["activity"]
    return _form("activities/shift_new.html", _tomorrow(), {}, activity=shown)


@bp.post("/activities/<id:activity_id>/new-shift")
@requires(Permission.MANAGE_ACTIVITIES)
def send_new_shift(activity_id: int) -> ResponseReturnValue:
    """Add a shift."""
    try:
        in_transaction_once(idempotency_key(), _add_shift, activity_id, _shift_typed(), actor=get_actor())
    except LedgerError as error:
        shown = in_snapshot(_one, activity_id, get_actor())["activity"]
        errors = forms.field_errors(error, _SHIFT_FIELDS)
        return _form("activities/shift_new.html", forms.everything(), errors, activity=shown), error.status
    return redirect(url_for("activities.activity", activity_id=activity_id), 303)


@bp.post("/activities/<id:activity_id>/approve")
@requires(Permission.MANAGE_ACTIVITIES)
def approve(activity_id: int) -> ResponseReturnValue:
    """Let people sign up and check in."""
    in_transaction_once(idempotency_key(), service.approve_activity, activity_id, actor=get_actor())
    return redirect(url_for("activities.activity", activity_id=activity_id), 303)


@bp.post("/activities/<id:activity_id>/cancel")
@requires(Permission.MANAGE_ACTIVITIES)
@steps_up
@act(lambda: pgettext("about to", "取消整个活动"))
def cancel(activity_id: int) -> ResponseReturnValue:
    """Cancel the activity for good."""
    in_transaction_once(idempotency_key(), service.cancel_activity, activity_id, actor=get_actor())
    flash(_("活动取消了。"))
    return redirect(url_for("activities.activity", activity_id=activity_id), 303)
