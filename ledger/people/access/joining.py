"""Somebody new whom a proposal to hire names: kept apart until two people agree, then made a person of the center."""

from sqlalchemy.orm import Session

from ledger.approvals import newcomers
from ledger.approvals.desk import Desk
from ledger.approvals.newcomers import NewcomerView
from ledger.approvals.service import need_no_other
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.people.access.staff import GRANT
from ledger.people.identities.service import NewIdentity, known_by_phone, make_identities, open_person, prepare
from ledger.places.queries import is_demonstration


def announce(session: Session, person: NewIdentity, *, actor: Actor, desk: Desk) -> int:
    """Keep what is said of somebody whom the center doesn't know, for a proposal; returns the key of their log-in.

    Raises Conflict("approvals.already_proposed").
    """
    waiting = newcomers.newcomer_with_phone(session, person.phone_index, actor.center_id)
    if waiting is not None:
        need_no_other(session, desk.kind(GRANT), newcomers.ref_of(waiting), actor, desk)
    said = open_person(person)
    who = NewcomerView(new_id(), said["name"] or "", person.name_index, said["phone"] or "", person.phone_index or "")
    newcomers.announce(session, who, actor.center_id)
    return who.identity_id


def is_announced(session: Session, identity_id: int, center_id: int) -> bool:
    """Whether this is somebody whom a proposal would add."""
    return bool(newcomers.newcomers(session, [identity_id], center_id))


def admit(session: Session, identity_id: int, center_id: int) -> None:
    """Make somebody whom a proposal would add a person of the center, unless they have become one meanwhile.

    Raises Rejected("people.name_differs" | "people.phone_taken") if the number is another person's by now.
    """
    who = newcomers.newcomers(session, [identity_id], center_id).get(identity_id)
    if who is None:
        return
    demonstration = is_demonstration(session, center_id)
    person = prepare(name=who.name, center_id=center_id, phone=who.phone, demonstration=demonstration)
    known = known_by_phone(session, [person], center_id).get(person.phone_index)
    if known is not None:
        raise Rejected("people.phone_taken" if known.name_index == person.name_index else "people.name_differs")
    make_identities(session, [person])
