"""Pages of volunteers: the list, registration, one volunteer, their cards, and what strangers see who scan a card."""

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.people.blueprint import bp
from ledger.people.households.deciders import takes_two
from ledger.people.households.queries import household_changes, members_of
from ledger.people.identities import queries as identities
from ledger.people.policy import check_phone, clean_gender, clean_id_last4, clean_name
from ledger.people.volunteers import queries, service
from ledger.people.volunteers.queries import VolunteerView
from ledger.people.volunteers.search import LONGEST_SOUGHT, read_filter
from ledger.places.queries import place_choices, place_names
from ledger.web import asked, forms
from ledger.web.addresses import short
from ledger.web.forms import Form
from ledger.web.guard import act, get_actor, public, requires, steps_up
from ledger.web.listed import listed
from ledger.web.once import idempotency_key, in_transaction_shown_once
from ledger.web.qr import bars_svg, qr_svg

_FIELDS = {
    "people.name_invalid": "name",
    "people.phone_invalid": "phone",
    "people.phone_taken": "phone",
    "people.name_differs": "phone",
    "people.gender_invalid": "gender",
    "people.id_last4_invalid": "id_last4",
    "people.place_not_found": "place_id",
    "people.place_closed": "place_id",
}


@bp.get("/volunteers")
@requires(Permission.MANAGE_VOLUNTEERS)
def volunteers() -> str:
    """List volunteers: searched by number, full phone or whole name; browsed by place."""
    return render_template("people/volunteers.html", **in_snapshot(_list, get_actor()))


def _list(session: Session, actor: Actor) -> dict[str, Any]:
    sought, household = asked.text("q", longest=LONGEST_SOUGHT), asked.text("household", longest=LONGEST_SOUGHT)
    place_id, wanted = asked.key("place_id"), asked.page()
    narrowed = read_filter(session, actor, sought=sought, place_id=place_id, household=household)
    page = queries.list_volunteers(session, actor, request=wanted, **narrowed)
    return {
        "page": page,
        "q": sought,
        "place_id": place_id,
        "household": household,
        "places": place_choices(session, actor.center_id, actor.paths(Permission.MANAGE_VOLUNTEERS)),
        "names": place_names(session, [each.place_id for each in page.items], actor.center_id),
    }


@bp.get("/volunteers/new")
@requires(Permission.MANAGE_VOLUNTEERS)
def new_volunteer() -> str:
    """Show the registration form."""
    return _form({"place_id": asked.verbatim("place_id")}, {})


@bp.post("/volunteers/new")
@requires(Permission.MANAGE_VOLUNTEERS)
def send_new_volunteer() -> ResponseReturnValue:
    """Register a volunteer and show them with their printables."""
    try:
        volunteer_id = _register()
    except LedgerError as error:
        return _form(forms.everything(), forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("people.volunteer", volunteer_id=volunteer_id, new=1), 303)


def _register() -> int:
    with Form() as form:
        name = form.check("name", form.text("name"), clean_name)
        phone = form.check("phone", form.text("phone") or None, check_phone)
        gender = form.check("gender", form.text("gender") or None, clean_gender)
        id_last4 = form.check("id_last4", form.text("id_last4") or None, clean_id_last4)
        place_id = form.key("place_id")
    return in_transaction_once(
        idempotency_key(),
        service.register_volunteer,
        name=name,
        phone=phone,
        gender=gender,
        id_last4=id_last4,
        place_id=place_id,
        actor=get_actor(),
    )


def _form(values: dict[str, Any], errors: dict[str, str]) -> str:
    actor = get_actor()
    places = in_snapshot(place_choices, actor.center_id, actor.paths(Permission.MANAGE_VOLUNTEERS))
    return render_template("people/volunteer_new.html", values=values, errors=errors, places=places)


@bp.get("/volunteers/<id:volunteer_id>")
@requires(Permission.MANAGE_VOLUNTEERS)
@listed
def volunteer(volunteer_id: int) -> str:
    """One volunteer: personal data, household, cards and printables."""
    return draw_volunteer(volunteer_id, None, {})


def draw_volunteer(volunteer_id: int, typed: str | None, errors: dict[str, str]) -> str:
    """The page, with the typed household number if it was refused."""
    shown = in_snapshot(_one, volunteer_id, get_actor())
    return render_template("people/volunteer.html", typed=typed, errors=errors, **shown)


def _one(session: Session, volunteer_id: int, actor: Actor) -> dict[str, Any]:
    view = queries.get_volunteer(session, volunteer_id, actor.center_id)
    actor.need(Permission.MANAGE_VOLUNTEERS, view.place_path)
    details = queries.get_volunteer_details(session, volunteer_id, actor.center_id)
    return {
        "volunteer": view,
        "details": details,
        **_household(session, view, details.household, actor),
        "two": takes_two(session, view.identity_id, actor.center_id),
        "cards": queries.cards_of(session, volunteer_id, actor.center_id),
        "place": place_names(session, [view.place_id], actor.center_id)[view.place_id],
        "is_new": asked.has("new"),
    }


def _household(session: Session, view: VolunteerView, number: str | None, actor: Actor) -> dict[str, Any]:
    """Other members of the household whom the actor manages, and its history."""
    changes = household_changes(session, view.id, actor.center_id)
    family: list[VolunteerView] = []
    if number is not None:
        members = members_of(number, actor.center_id)
        family = queries.list_volunteers(session, actor, request=PageRequest(), ids=members).items
    return {
        "family": [each for each in family if each.id != view.id],
        "changes": changes,
        "changers": identities.names_of(session, {change.changed_by for change in changes}, actor.center_id),
    }


@bp.post("/volunteers/<id:volunteer_id>/card")
@requires(Permission.MANAGE_VOLUNTEERS)
def print_card(volunteer_id: int) -> str:
    """Issue a card as a sheet to print. Only this response shows its code, so a repeat issues another card."""
    card = in_transaction_shown_once(idempotency_key(), service.issue_card, volunteer_id, actor=get_actor())
    shown = in_snapshot(_one, volunteer_id, get_actor())
    code = qr_svg(short("people.card", _anchor=card.token))
    return render_template("people/card_print.html", code=code, bars=bars_svg(shown["volunteer"].number), **shown)


@bp.post("/cards/<id:card_id>/revoke")
@requires(Permission.MANAGE_VOLUNTEERS)
@steps_up
@act(lambda: _("挂失一张卡"))
def revoke_card(card_id: int) -> ResponseReturnValue:
    """Revoke a lost card."""
    volunteer_id = forms.key("volunteer_id")
    in_transaction_once(idempotency_key(), service.revoke_card, card_id, actor=get_actor())
    return redirect(url_for("people.volunteer", volunteer_id=volunteer_id, revoked=1), 303)


# Scanners and QR codes spell the address in capitals. The card's token comes after its #, which no server sees.
@bp.get("/k", endpoint="card")
@bp.get("/K", endpoint="card")
@public
def card() -> str:
    """Tell a stranger who scans a card what it is and where to return it, and nothing about the person."""
    return render_template("people/card_found.html")
