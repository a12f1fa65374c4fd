"""Pages of places and teams: the tree, one place, a new place, and members of a team."""

from functools import partial
from typing import Any

from flask import flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.organisations import import_pages, queries, service
from ledger.organisations.blueprint import bp
from ledger.organisations.policy import STATION, UNDER, check_kind, check_position, clean_name
from ledger.people.identities.history import history
from ledger.people.volunteers.search import get_sought_volunteer, volunteers_of
from ledger.places.models import Place
from ledger.places.queries import PlaceView, all_places
from ledger.web import asked, forms
from ledger.web.forms import Form
from ledger.web.guard import act, get_actor, requires, steps_up
from ledger.web.listed import listed
from ledger.web.once import idempotency_key

__all__ = ["bp", "import_pages"]

_PLACE_FIELDS = {
    "organisations.name_invalid": "name",
    "organisations.place_exists": "name",
    "organisations.kind_not_here": "kind",
    "organisations.position_invalid": "latitude",
}
_TEAM_FIELDS = {"organisations.name_invalid": "name", "organisations.team_exists": "name"}
_MEMBER_FIELDS = {"people.volunteer_not_found": "number", "organisations.already_in_team": "number"}


@bp.get("/places")
@requires(Permission.MANAGE_PLACES, Permission.MANAGE_VOLUNTEERS)
@listed
def places() -> str:
    """Show the tree of places that the reader manages."""
    return render_template("organisations/places.html", **in_snapshot(_tree, get_actor()))


def _tree(session: Session, actor: Actor) -> dict[str, Any]:
    paths = actor.paths(Permission.MANAGE_PLACES) + actor.paths(Permission.MANAGE_VOLUNTEERS)
    found = all_places(session, actor.center_id, paths=paths, closed=asked.has("closed"))
    top = min((place.path.count("/") for place in found), default=0)
    return {
        "places": [(place.path.count("/") - top, place) for place in found],
        "may_add": actor.may_somewhere(Permission.MANAGE_PLACES),
        "closed": asked.has("closed"),
    }


@bp.get("/places/<id:place_id>")
@requires(Permission.MANAGE_PLACES, Permission.MANAGE_VOLUNTEERS)
@listed
def place(place_id: int) -> str:
    """Show a place: what is under it, its teams and its printed code."""
    return render_template("organisations/place.html", **in_snapshot(_place, place_id, get_actor()))


def _place(session: Session, place_id: int, actor: Actor) -> dict[str, Any]:
    shown = queries.get_place(session, place_id, actor.center_id)
    may_change = actor.may(Permission.MANAGE_PLACES, shown.path)
    if not may_change:
        actor.need(Permission.MANAGE_VOLUNTEERS, shown.path)
    below = all_places(session, actor.center_id, paths=[shown.path], closed=True)
    return {
        "place": shown,
        "below": [each for each in below if each.parent_id == place_id],
        "teams": queries.all_teams(session, actor.center_id, paths=[shown.path]),
        "history": history(session, table_of(Place), place_id, shown.path, actor),
        "is_new": asked.has("new"),
        "may_change": may_change,
        "may_add_teams": actor.may(Permission.MANAGE_VOLUNTEERS, shown.path) and shown.closed_at is None,
        "may_add_below": may_change and shown.closed_at is None and bool(UNDER[shown.kind]),
    }


@bp.get("/places/<id:place_id>/new")
@requires(Permission.MANAGE_PLACES)
def new_place(place_id: int) -> str:
    """Add a place under this one."""
    return _place_form(place_id, {"kind": STATION}, {})


@bp.post("/places/<id:place_id>/new")
@requires(Permission.MANAGE_PLACES)
def send_new_place(place_id: int) -> ResponseReturnValue:
    """Add a place under this one."""
    try:
        added = _add_place(place_id)
    except LedgerError as error:
        return _place_form(place_id, forms.everything(), forms.field_errors(error, _PLACE_FIELDS)), error.status
    return redirect(url_for("organisations.place", place_id=added, new=1), 303)


def _add_place(parent_id: int) -> int:
    parent = in_snapshot(queries.get_place, parent_id, get_actor().center_id)
    with Form() as form:
        kind = form.check("kind", form.text("kind"), partial(check_kind, under=parent.kind))
        name = form.check("name", form.text("name"), clean_name)
        latitude, longitude = _position(form)
    return in_transaction_once(
        idempotency_key(),
        service.add_place,
        parent_id=parent_id,
        kind=kind,
        name=name,
        latitude=latitude,
        longitude=longitude,
        actor=get_actor(),
    )


def _position(form: Form) -> tuple[float | None, float | None]:
    """Latitude and longitude, both or neither."""
    latitude, longitude = form.optional_degrees("latitude", most=90), form.optional_degrees("longitude", most=180)
    if "longitude" not in form.faults:
        missing = "latitude" if latitude is None else "longitude"
        form.check(missing, (latitude, longitude), lambda position: check_position(*position))
    return latitude, longitude


def _parent(session: Session, place_id: int, actor: Actor) -> PlaceView:
    place = queries.get_place(session, place_id, actor.center_id)
    actor.need(Permission.MANAGE_PLACES, place.path)
    return place


def _place_form(parent_id: int, values: dict[str, Any], errors: dict[str, str]) -> str:
    parent = in_snapshot(_parent, parent_id, get_actor())
    return render_template(
        "organisations/place_new.html", parent=parent, kinds=UNDER[parent.kind], values=values, errors=errors
    )


@bp.get("/places/<id:place_id>/correct")
@requires(Permission.MANAGE_PLACES)
def correct_place(place_id: int) -> str:
    """Form for putting a place's name and position right."""
    return _correction_form(place_id, {})


@bp.post("/places/<id:place_id>/correct")
@requires(Permission.MANAGE_PLACES)
def send_corrected_place(place_id: int) -> ResponseReturnValue:
    """Put a place right, and keep what it said."""
    try:
        with Form() as form:
            name = form.check("name", form.text("name"), clean_name)
            latitude, longitude = _position(form)
        _correct_place(place_id, name, latitude, longitude)
    except LedgerError as error:
        return _correction_form(place_id, forms.field_errors(error, _PLACE_FIELDS)), error.status
    flash(_("改好了。原来的写法也留着，写在这一页上。"))
    return redirect(url_for("organisations.place", place_id=place_id), 303)


def _correct_place(place_id: int, name: str, latitude: float | None, longitude: float | None) -> None:
    in_transaction_once(
        idempotency_key(),
        service.correct_place,
        place_id,
        name=name,
        latitude=latitude,
        longitude=longitude,
        actor=get_actor(),
    )


def _correction_form(place_id: int, errors: dict[str, str]) -> str:
    place = in_snapshot(_parent, place_id, get_actor())
    values = forms.everything() or {name: getattr(place, name) for name in ("name", "latitude", "longitude")}
    return render_template("organisations/place_correct.html", place=place, values=values, errors=errors)


@bp.post("/places/<id:place_id>/close")
@requires(Permission.MANAGE_PLACES)
@steps_up
@act(lambda: _("关掉一个地方"))
def close_place(place_id: int) -> ResponseReturnValue:
    """Close a place."""
    in_transaction_once(idempotency_key(), service.close_place, place_id, actor=get_actor())
    return redirect(url_for("organisations.place", place_id=place_id), 303)


@bp.post("/places/<id:place_id>/new-code")
@requires(Permission.MANAGE_PLACES)
@steps_up
@act(lambda: _("换站点的码，印好的都作废"))
def new_code(place_id: int) -> ResponseReturnValue:
    """Revoke every printed code of the station."""
    in_transaction_once(idempotency_key(), service.raise_code_version, place_id, actor=get_actor())
    return redirect(url_for("organisations.place", place_id=place_id), 303)


@bp.post("/places/<id:place_id>/teams")
@requires(Permission.MANAGE_VOLUNTEERS)
def send_new_team(place_id: int) -> ResponseReturnValue:
    """Add a team based here."""
    actor = get_actor()
    try:
        name = forms.text("name")
        team_id = in_transaction_once(idempotency_key(), service.add_team, place_id=place_id, name=name, actor=actor)
    except LedgerError as error:
        shown = in_snapshot(_place, place_id, actor) | {"errors": forms.field_errors(error, _TEAM_FIELDS)}
        return render_template("organisations/place.html", team_name=forms.verbatim("name"), **shown), error.status
    return redirect(url_for("organisations.team", team_id=team_id), 303)


@bp.get("/teams/<id:team_id>")
@requires(Permission.MANAGE_VOLUNTEERS)
@listed
def team(team_id: int) -> str:
    """List the members of a team."""
    return render_template("organisations/team.html", **in_snapshot(_team, team_id, get_actor()))


def _team(session: Session, team_id: int, actor: Actor) -> dict[str, Any]:
    shown = queries.get_team(session, team_id, actor.center_id)
    actor.need(Permission.MANAGE_VOLUNTEERS, shown.place_path)
    page = queries.list_members(session, team_id, actor.center_id, request=asked.part())
    known = volunteers_of(session, page.items, actor.center_id)
    members = [known[volunteer_id] for volunteer_id in page.items]
    mine = {each.id for each in members if actor.may(Permission.MANAGE_VOLUNTEERS, each.place_path)}
    return {"team": shown, "members": members, "mine": mine, "next": page.next}


@bp.post("/teams/<id:team_id>/members")
@requires(Permission.MANAGE_VOLUNTEERS)
def add_member(team_id: int) -> ResponseReturnValue:
    """Add a member, by number or full phone."""
    actor = get_actor()
    try:
        in_transaction_once(idempotency_key(), _join, team_id, forms.text("number"), actor=actor)
    except LedgerError as error:
        shown = in_snapshot(_team, team_id, actor) | {"errors": forms.field_errors(error, _MEMBER_FIELDS)}
        return render_template("organisations/team.html", number=forms.verbatim("number"), **shown), error.status
    return redirect(url_for("organisations.team", team_id=team_id), 303)


def _join(session: Session, team_id: int, number: str, *, actor: Actor) -> None:
    volunteer = get_sought_volunteer(session, number, actor)
    service.join_team(session, team_id=team_id, volunteer_id=volunteer.id, actor=actor)


@bp.post("/teams/<id:team_id>/members/<id:volunteer_id>/leave")
@requires(Permission.MANAGE_VOLUNTEERS)
def remove_member(team_id: int, volunteer_id: int) -> ResponseReturnValue:
    """Remove a volunteer from the team."""
    once = idempotency_key()
    in_transaction_once(once, service.leave_team, team_id=team_id, volunteer_id=volunteer_id, actor=get_actor())
    return redirect(url_for("organisations.team", team_id=team_id), 303)
