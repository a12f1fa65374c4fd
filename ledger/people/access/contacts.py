"""Another name or number for somebody: by one person for a volunteer, by two for somebody who works here.

The number is the log-in name and where a code leads, so it takes what a code for that person takes.
"""

from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from ledger.approvals.service import withdraw_all_about
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access import events
from ledger.people.access.authority import has_say, need_say
from ledger.people.access.sessions import level_in
from ledger.people.ending import end_codes
from ledger.people.identities.queries import get_preferences, names_of, phone_of
from ledger.people.identities.service import NewIdentity, known_by_phone, open_person, prepare, rename, renumber
from ledger.people.levels import VOLUNTEER
from ledger.people.lookups import looking_up
from ledger.places.queries import is_demonstration

NAME = "people.contact"


@dataclass(frozen=True, slots=True)
class Contact:
    """What somebody is called, and their number or None, as typed."""

    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class ContactView:
    """A person's name and number, and whether a change of them takes two people."""

    name: str
    phone: str | None
    takes_two: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """What is to be written down, checked and sealed, and which of it differs."""

    person: NewIdentity
    name: bool
    phone: bool


def see_contact(session: Session, identity_id: int, actor: Actor) -> ContactView:
    """What may be changed of a person, for whoever may change or propose it.

    Raises Forbidden("access.denied"), NotFound("people.identity_not_found").
    """
    name = get_preferences(session, identity_id, actor.center_id).name
    if not (actor.may(Permission.MANAGE_STAFF, ROOT) or has_say(session, identity_id, actor)):
        raise Forbidden("access.denied")
    two = level_in(session, identity_id, actor.center_id) > VOLUNTEER
    return ContactView(name, phone_of(session, identity_id, actor.center_id), two)


def set_contact(session: Session, identity_id: int, said: Contact, *, actor: Actor) -> None:
    """Change a volunteer's name and number; their codes end.

    Raises Forbidden("people.contact_takes_two") for staff, and what `need_say` and `check_contact` raise.
    """
    need_say(session, identity_id, actor)
    if level_in(session, identity_id, actor.center_id) > VOLUNTEER:
        raise Forbidden("people.contact_takes_two")
    change_contact(session, identity_id, said, actor=actor)


def check_contact(session: Session, identity_id: int, said: Contact, actor: Actor) -> Changed:
    """Check what is to be written down of a person whose row is locked.

    Raises Rejected("people.name_invalid" | "people.phone_invalid" | "people.phone_of_another" | "people.contact_same"),
    TooMany("request.too_many").
    """
    center_id = actor.center_id
    demonstration = is_demonstration(session, center_id)
    person = prepare(name=said.name, center_id=center_id, phone=said.phone, demonstration=demonstration)
    if person.phone_index is None and level_in(session, identity_id, center_id) > VOLUNTEER:
        # Somebody of the staff does their work logged in, and the number is the log-in name.
        raise Rejected("people.phone_invalid")
    with looking_up(session, actor, "people.phone_of_another"):
        owner = known_by_phone(session, [person], center_id).get(person.phone_index)
        if owner is not None and owner.id != identity_id:
            raise Rejected("people.phone_of_another")
    new = open_person(person)
    changed = Changed(
        person,
        name=names_of(session, [identity_id], center_id)[identity_id] != new["name"],
        phone=phone_of(session, identity_id, center_id) != new["phone"],
    )
    if not (changed.name or changed.phone):
        raise Rejected("people.contact_same")
    return changed


def change_contact(
    session: Session, identity_id: int, said: Contact, *, actor: Actor, about: str = "", proposed_by: int | None = None
) -> None:
    """Write down a person's name and number; the row is locked. `about` is the proposal, and `proposed_by` made it.

    Codes end, because slips say the old ones and lead to the old phone; the old number is free. What else waits about
    the person is withdrawn: it was proposed for who they were. Raises what `check_contact` raises.
    """
    changed = check_contact(session, identity_id, said, actor)
    center_id = actor.center_id
    note = partial(events.record, session, identity_id, made_by=actor.identity_id, center_id=center_id)
    if changed.name:
        rename(session, identity_id, changed.person)
        note(events.RENAMED, about=about, proposed_by=proposed_by)
    if changed.phone:
        renumber(session, identity_id, changed.person, old=phone_of(session, identity_id, center_id))
        note(events.PHONE_CHANGED, about=about, proposed_by=proposed_by)
    end_codes(session, identity_id, center_id)
    withdraw_all_about(session, f"identity:{public_id(identity_id)}", but=NAME, actor=actor)
