"""The head of every page: the reader's name, role and place, and whether the data is a demonstration."""

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.organisations import queries as organisations
from ledger.people.access import sessions
from ledger.people.identities import queries as identities
from ledger.people.volunteers import queries as people
from ledger.people.words import ROLE_NAMES
from ledger.places import queries as places
from ledger.points.closing import freezing
from ledger.web.page_context import Reader


def load_reader(session: Session, actor: Actor | None) -> Reader:
    """The page head for an actor; strangers see the first center's name, if there is one."""
    if actor is None:
        first = next(iter(places.centers(session)), None)
        return Reader(first.name, first.is_demonstration) if first else Reader()
    center = organisations.get_center(session, actor.center_id)
    name = identities.get_preferences(session, actor.identity_id, actor.center_id).name
    roles = sessions.roles_of(session, actor.identity_id, actor.center_id)
    frozen = freezing.find_freeze(session, actor.center_id) is not None
    if roles:
        widest = min(roles, key=lambda role: (len(role.place_path), list(ROLE_NAMES).index(role.role)))
        place_id, role = widest.place_id, str(ROLE_NAMES[widest.role])
    elif actor.volunteer_id is not None:
        place_id, role = people.get_volunteer(session, actor.volunteer_id, actor.center_id).place_id, ""
    else:
        return Reader(center.name, center.is_demonstration, name)
    place = organisations.get_place(session, place_id, actor.center_id)
    return Reader(place.name, center.is_demonstration, name, role, frozen)
