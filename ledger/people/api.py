"""The people API: log-in, the actor's own data, volunteers and their cards."""

from dataclasses import asdict
from typing import Any

from flask import request
from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.errors import Forbidden
from ledger.kernel.paging import Page
from ledger.kernel.permissions import Permission
from ledger.people.access import contacts, credentials, login, sessions
from ledger.people.access.login import LoggedIn
from ledger.people.access.sessions import RoleView
from ledger.people.households import service as households
from ledger.people.households.queries import HouseholdChangeView, household_changes, members_of
from ledger.people.identities import queries as identities
from ledger.people.managing import place_path
from ledger.people.schemas import (
    CardList,
    CardRequest,
    ContactRequest,
    HouseholdChangeList,
    HouseholdRequest,
    IssuedCardSchema,
    LoginRequest,
    MeSchema,
    SessionSchema,
    VolunteerDetailsSchema,
    VolunteerPage,
    VolunteerQuery,
    VolunteerRequest,
)
from ledger.people.volunteers import queries, service
from ledger.people.volunteers.queries import VolunteerView
from ledger.people.volunteers.search import number_sought
from ledger.places.queries import place_names
from ledger.points.book import queries as points
from ledger.points.policy import MINUTE, POINT, POINT_SCALE, AccountKey
from ledger.web.addresses import short
from ledger.web.cookies import SESSION, read_cookie
from ledger.web.fields import page_of
from ledger.web.guard import bearer_token, get_actor, logged_in, public, requires, steps_up
from ledger.web.once import find_idempotency_key
from ledger.web.openapi import KEY_PARAMETER, PREFIX

bp = Blueprint("people_api", __name__, url_prefix=PREFIX, description="People, and who may do what")
_OWN_UNITS = {POINT: POINT_SCALE, MINUTE: 0}


@bp.post("/sessions")
@public
@bp.arguments(LoginRequest)
@bp.response(201, SessionSchema)
def log_in(body: dict[str, Any]) -> dict[str, Any]:
    """Log in as a device or person; both the client and staff can end the session.

    Where the password fits in several centers, send the ticket of the refusal (409) with the chosen center instead.
    Where a code of the second factor is missing (401 `people.totp_needed`), send `totp` too, or the ticket and center
    of that refusal with it.
    """
    opened = _log_in(body)
    actor = in_snapshot(sessions.load_actor, opened.token)
    person = in_snapshot(_me, actor) if actor else {}
    return {"token": opened.token, "expires_at": opened.expires_at, "person": person}


def _log_in(body: dict[str, Any]) -> LoggedIn:
    center_id, totp, address = body["center_id"], body["totp"], request.remote_addr
    if body["ticket"] is not None:
        return login.choose_center(body["ticket"], center_id, kind="device", address=address, totp=totp)
    return login.log_in(body["phone"], body["password"], kind="device", address=address, center_id=center_id, totp=totp)


@bp.delete("/sessions/current")
@logged_in
@bp.response(204)
def log_out() -> None:
    """End the session of this request."""
    in_transaction(credentials.revoke_session, bearer_token() or read_cookie(SESSION) or "")


@bp.get("/me")
@logged_in
@bp.response(200, MeSchema)
def me() -> dict[str, Any]:
    """The actor's identity, roles by place and own accounts."""
    return in_snapshot(_me, get_actor())


def _me(session: Session, actor: Actor) -> dict[str, Any]:
    person = identities.get_preferences(session, actor.identity_id, actor.center_id)
    roles = sessions.roles_of(session, actor.identity_id, actor.center_id)
    names = place_names(session, [role.place_id for role in roles], actor.center_id)
    volunteer = actor.volunteer_id and queries.get_volunteer(session, actor.volunteer_id, actor.center_id)
    return {
        "id": actor.identity_id,
        "name": person.name,
        "center_id": actor.center_id,
        "volunteer_id": actor.volunteer_id,
        "number": volunteer.number if volunteer else None,
        "language": person.language,
        "roles": [_role(role, names[role.place_id]) for role in roles],
        "accounts": _own_accounts(session, actor),
    }


def _role(held: RoleView, place_name: str) -> dict[str, Any]:
    shown = {"role": held.role, "place_id": held.place_id, "place_name": place_name}
    return shown | {"valid_until": held.valid_until}


def _own_accounts(session: Session, actor: Actor) -> list[dict[str, Any]]:
    if actor.volunteer_id is None:
        return []
    keys = [AccountKey(unit, "member", actor.volunteer_id) for unit in _OWN_UNITS]
    found = points.accounts_by_key(session, keys, actor.center_id)
    return [
        {
            "id": found[key].id,
            "unit": key.unit,
            "scale": _OWN_UNITS[key.unit],
            "balance": found[key].state.balance,
            "held": found[key].state.held,
            "available": found[key].state.available,
        }
        for key in keys
        if key in found
    ]


@bp.get("/volunteers")
@requires(Permission.MANAGE_VOLUNTEERS)
@bp.arguments(VolunteerQuery, location="query")
@bp.response(200, VolunteerPage)
def list_volunteers(query: dict[str, Any]) -> Page[VolunteerView]:
    """List volunteers at places whose volunteers you manage."""
    return in_snapshot(_list, query, get_actor())


def _list(session: Session, query: dict[str, Any], actor: Actor) -> Page[VolunteerView]:
    page = page_of(query)
    under = None if query["place_id"] is None else place_path(session, query["place_id"], actor.center_id)
    return queries.list_volunteers(
        session,
        actor,
        request=page,
        place_path=under,
        name=query["name"],
        number=None if query["number"] is None else number_sought(query["number"]),
        phone=query["phone"],
        status=query["status"],
        ids=None if query["household"] is None else members_of(query["household"], actor.center_id),
    )


@bp.post("/volunteers")
@requires(Permission.MANAGE_VOLUNTEERS)
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(VolunteerRequest)
@bp.response(201, VolunteerDetailsSchema)
def register(body: dict[str, Any]) -> dict[str, Any]:
    """Register a volunteer and assign the center's next number."""
    volunteer_id = in_transaction_once(find_idempotency_key(), _register, body, actor=get_actor())
    return in_snapshot(_volunteer, volunteer_id, get_actor())


def _register(session: Session, body: dict[str, Any], *, actor: Actor) -> int:
    return service.register_volunteer(
        session,
        name=body["name"],
        phone=body["phone"],
        gender=body["gender"],
        id_last4=body["id_last4"],
        place_id=body["place_id"],
        actor=actor,
    )


@bp.get("/volunteers/<id:volunteer_id>")
@requires(Permission.MANAGE_VOLUNTEERS, Permission.OWN_RECORD)
@bp.response(200, VolunteerDetailsSchema)
def get_volunteer(volunteer_id: int) -> dict[str, Any]:
    """A volunteer: yourself, or one whose place you manage."""
    return in_snapshot(_volunteer, volunteer_id, get_actor())


def _volunteer(session: Session, volunteer_id: int, actor: Actor) -> dict[str, Any]:
    view = _seen_volunteer(session, volunteer_id, actor)
    details = queries.get_volunteer_details(session, volunteer_id, actor.center_id)
    return asdict(view) | asdict(details)


def _seen_volunteer(session: Session, volunteer_id: int, actor: Actor) -> VolunteerView:
    view = queries.get_volunteer(session, volunteer_id, actor.center_id)
    if actor.volunteer_id != volunteer_id and not actor.may(Permission.MANAGE_VOLUNTEERS, view.place_path):
        raise Forbidden("access.denied", permission=Permission.MANAGE_VOLUNTEERS.value)
    return view


@bp.put("/volunteers/<id:volunteer_id>/household")
@requires(Permission.MANAGE_VOLUNTEERS)
@bp.arguments(HouseholdRequest)
@bp.response(200, VolunteerDetailsSchema)
def set_household(body: dict[str, Any], volunteer_id: int) -> dict[str, Any]:
    """Assign a volunteer to a household, or to none. Members of one household never decide on each other's cases."""
    in_transaction(households.set_household, volunteer_id, body["number"], actor=get_actor())
    return in_snapshot(_volunteer, volunteer_id, get_actor())


@bp.put("/volunteers/<id:volunteer_id>/contact")
@requires(Permission.MANAGE_VOLUNTEERS)
@steps_up
@bp.doc(parameters=[KEY_PARAMETER])
@bp.arguments(ContactRequest)
@bp.response(200, VolunteerDetailsSchema)
def set_contact(body: dict[str, Any], volunteer_id: int) -> dict[str, Any]:
    """Change a volunteer's name and number. Unused codes end, and the old number gets free.

    Of anybody who works here it takes two people: propose `people.contact` instead.
    """
    in_transaction_once(find_idempotency_key(), _set_contact, volunteer_id, body, actor=get_actor())
    return in_snapshot(_volunteer, volunteer_id, get_actor())


def _set_contact(session: Session, volunteer_id: int, body: dict[str, Any], *, actor: Actor) -> None:
    identity_id = queries.get_volunteer(session, volunteer_id, actor.center_id).identity_id
    contacts.set_contact(session, identity_id, contacts.Contact(body["name"], body["phone"]), actor=actor)


@bp.get("/volunteers/<id:volunteer_id>/households")
@requires(Permission.MANAGE_VOLUNTEERS)
@bp.response(200, HouseholdChangeList)
def list_households(volunteer_id: int) -> dict[str, Any]:
    """List a volunteer's households, since when, and who recorded them."""
    return {"items": in_snapshot(_households, volunteer_id, get_actor()), "next": None}


def _households(session: Session, volunteer_id: int, actor: Actor) -> list[HouseholdChangeView]:
    actor.need(Permission.MANAGE_VOLUNTEERS, queries.get_volunteer(session, volunteer_id, actor.center_id).place_path)
    return household_changes(session, volunteer_id, actor.center_id)


@bp.get("/volunteers/<id:volunteer_id>/cards")
@requires(Permission.MANAGE_VOLUNTEERS, Permission.OWN_RECORD)
@bp.response(200, CardList)
def list_cards(volunteer_id: int) -> dict[str, Any]:
    """All cards of a volunteer, newest first."""
    return in_snapshot(_cards, volunteer_id, get_actor())


def _cards(session: Session, volunteer_id: int, actor: Actor) -> dict[str, Any]:
    _seen_volunteer(session, volunteer_id, actor)
    return {"items": queries.cards_of(session, volunteer_id, actor.center_id), "next": None}


@bp.post("/volunteers/<id:volunteer_id>/cards")
@requires(Permission.MANAGE_VOLUNTEERS)
@bp.arguments(CardRequest)
@bp.response(201, IssuedCardSchema)
def issue_card(body: dict[str, Any], volunteer_id: int) -> dict[str, Any]:
    """Issue a card; earlier cards stop working, so after a repeat only the last one works."""
    card = in_transaction(service.issue_card, volunteer_id, actor=get_actor(), expires_on=body["expires_on"])
    url = short("people.card", _anchor=card.token)
    return {"id": card.card_id, "volunteer_id": volunteer_id, "token": card.token, "url": url}


@bp.delete("/cards/<id:card_id>")
@requires(Permission.MANAGE_VOLUNTEERS)
@steps_up
@bp.response(204)
def revoke_card(card_id: int) -> None:
    """Revoke a card that was lost or returned."""
    in_transaction(service.revoke_card, card_id, actor=get_actor())
