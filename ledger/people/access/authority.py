"""Who has a say over somebody's credentials: who manages every role of theirs and the place where they volunteer.

One of the two is not enough: who hires a volunteer of another place would be handed that person's points with the slip.
"""

from sqlalchemy.orm import Session

from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.errors import Conflict, Forbidden
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access.sessions import level_in, roles_of
from ledger.people.identities.queries import lock_password
from ledger.people.levels import VOLUNTEER
from ledger.people.lookups import looking_up
from ledger.people.volunteers.queries import find_volunteer_by_identity

_ELSEWHERE = "people.volunteer_elsewhere"


def need_say(session: Session, identity_id: int, actor: Actor) -> None:
    """A code is as good as the password, so the actor must manage all that the person is; locks the credentials.

    Raises Forbidden("access.denied" | "people.volunteer_elsewhere"), NotFound("people.identity_not_found").
    """
    lock_password(session, identity_id, actor.center_id)
    _need(session, identity_id, actor)


def has_say(session: Session, identity_id: int, actor: Actor) -> bool:
    """Whether the actor manages all that the person is, for pages; nothing is locked."""
    try:
        _need(session, identity_id, actor)
    except Forbidden:
        return False
    return True


def _need(session: Session, identity_id: int, actor: Actor) -> None:
    if actor.identity_id == SYSTEM_IDENTITY:
        return
    grants = roles_of(session, identity_id, actor.center_id)
    for grant in grants:
        actor.need(Permission.MANAGE_STAFF, grant.place_path)
    path = _volunteers_at(session, identity_id, actor.center_id)
    if path is None and not grants:
        actor.need(Permission.MANAGE_STAFF, ROOT)
    if path is not None and not actor.may(Permission.MANAGE_VOLUNTEERS, path):
        raise Forbidden(_ELSEWHERE if grants else "access.denied")


def need_place_of_risen(session: Session, identity_id: int, actor: Actor) -> None:
    """A first role ends what a volunteer logs in with, so only who manages their place gives it; locked by the caller.

    Raises Conflict("people.volunteer_elsewhere"), which is counted as a lookup, TooMany("request.too_many").
    """
    if actor.identity_id == SYSTEM_IDENTITY or level_in(session, identity_id, actor.center_id) > VOLUNTEER:
        return
    path = _volunteers_at(session, identity_id, actor.center_id)
    if path is not None and not actor.may(Permission.MANAGE_VOLUNTEERS, path):
        with looking_up(session, actor, _ELSEWHERE):
            raise Conflict(_ELSEWHERE)


def _volunteers_at(session: Session, identity_id: int, center_id: int) -> str | None:
    """The path of the place where somebody is registered as a volunteer."""
    found = find_volunteer_by_identity(session, identity_id, center_id)
    return None if found is None else found.place_path
