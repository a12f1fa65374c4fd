"""Search for volunteers: one box for number, phone and name; and many volunteers by id."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.characters import narrow
from ledger.kernel.chunks import chunks
from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.permissions import Permission
from ledger.people.households.queries import members_of, number_of_household
from ledger.people.lookups import count_told, looking_up
from ledger.people.managing import place_path
from ledger.people.models import Identity, Volunteer
from ledger.people.policy import NUMBER_DIGITS
from ledger.people.volunteers.queries import (
    VolunteerDetails,
    VolunteerView,
    find_volunteer_by_number,
    find_volunteer_by_phone,
    get_volunteer,
    volunteer_rows,
)

LONGEST_SOUGHT = 50


def read_filter(session: Session, actor: Actor, *, sought: str, place_id: int | None, household: str) -> dict[str, Any]:
    """Turn a search box, a place and a household number into filters of list_volunteers.

    Up to eight digits are a volunteer's number, other digits a phone, anything else a whole name.
    """
    path = None if place_id is None else place_path(session, place_id, actor.center_id)
    text = sought.strip()[:LONGEST_SOUGHT]
    found: dict[str, Any] = {"place_path": path, "number": None, "phone": None, "name": None}
    if household.strip():
        found["ids"] = members_of(household[:LONGEST_SOUGHT], actor.center_id)
    if text:
        kind, value = _kind_of(text)
        found[kind] = value
    return found


def find_volunteer(session: Session, sought: str, center_id: int) -> VolunteerView | None:
    """A volunteer by number or full phone, never by name."""
    text = sought.strip()[:LONGEST_SOUGHT]
    number = read_number(text)
    if number is not None:
        return find_volunteer_by_number(session, number, center_id)
    return find_volunteer_by_phone(session, text, center_id)


def get_sought_volunteer(session: Session, sought: str, actor: Actor) -> VolunteerView:
    """A volunteer by number or full phone; a miss is counted.

    Raises Rejected("people.volunteer_not_found"), TooMany("request.too_many").
    """
    with looking_up(session, actor):
        found = find_volunteer(session, sought, actor.center_id)
        if found is None:
            raise Rejected("people.volunteer_not_found")
    return found


def tell_of(session: Session, volunteer_id: int, actor: Actor) -> VolunteerView:
    """A volunteer by id whose name the answer shows; counted, unless the actor is or manages them.

    Raises Rejected("people.volunteer_not_found"), which is a miss, TooMany("request.too_many").
    """
    if volunteer_id == actor.volunteer_id:
        return get_volunteer(session, volunteer_id, actor.center_id)
    with looking_up(session, actor, "people.volunteer_not_found"):
        try:
            found = get_volunteer(session, volunteer_id, actor.center_id)
        except NotFound as unknown:
            raise Rejected(unknown.code) from unknown
    if not actor.may(Permission.MANAGE_VOLUNTEERS, found.place_path):
        count_told(session, actor)
    return found


def volunteers_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, VolunteerView]:
    """Volunteers by id; ids that aren't of the center are left out."""
    return {view.id: view for part in chunks(volunteer_ids) for view in volunteer_rows(session, part, center_id)}


def details_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, VolunteerDetails]:
    """Personal data of many volunteers, for actors who manage them all."""
    personal = (Identity.phone, Identity.gender, Identity.id_last4, Identity.password_hash)
    query = sa.select(Volunteer.id, *personal, number_of_household()).join(
        Identity, sa.and_(Identity.center_id == Volunteer.center_id, Identity.id == Volunteer.identity_id)
    )
    return {
        row.id: VolunteerDetails(row.phone, row.gender, row.id_last4, row.password_hash is not None, row.household)
        for part in chunks(volunteer_ids)
        for row in session.execute(query.where(Volunteer.center_id == center_id, Volunteer.id.in_(part)))
    }


def read_number(text: str) -> str | None:
    """A volunteer's number as stored, or None if the text isn't one; leading zeros may be missing."""
    digits = _digits(text)
    return digits.rjust(NUMBER_DIGITS, "0") if digits.isdecimal() and len(digits) <= NUMBER_DIGITS else None


def number_sought(text: str) -> str:
    """The number that is meant, or else the text itself, which matches no number."""
    return read_number(text) or text


def _kind_of(text: str) -> tuple[str, str]:
    number = read_number(text)
    if number is not None:
        return "number", number
    return ("phone" if _digits(text).lstrip("+").isdecimal() else "name"), text


def _digits(text: str) -> str:
    return "".join(narrow(text).replace("-", "").split())
