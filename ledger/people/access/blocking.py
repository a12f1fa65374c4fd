"""Blocking a volunteer from checking in, which ends their log-ins and codes if one person may end these."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, Rejected
from ledger.kernel.permissions import Permission
from ledger.people.access import credentials
from ledger.people.access.authority import need_say
from ledger.people.access.sessions import level_in
from ledger.people.identities.queries import lock_password
from ledger.people.levels import DECIDER
from ledger.people.models import Volunteer
from ledger.people.policy import ACTIVE, BLOCKED
from ledger.people.volunteers import queries


def set_status(session: Session, volunteer_id: int, *, status: str, actor: Actor) -> None:
    """Block a volunteer from checking in, or unblock them.

    A block logs the person out everywhere in the center and ends their codes. If they decide or audit, it does so only
    if the actor manages all that they are, as for a code: two people made what they log in with. Raises
    Rejected("people.status_unknown"), NotFound("people.volunteer_not_found"), Forbidden("access.denied").
    """
    if status not in (ACTIVE, BLOCKED):
        raise Rejected("people.status_unknown")
    center_id = actor.center_id
    volunteer = queries.get_volunteer(session, volunteer_id, center_id)
    actor.need(Permission.MANAGE_VOLUNTEERS, volunteer.place_path)
    lock_password(session, volunteer.identity_id, center_id)
    change = sa.update(Volunteer).where(Volunteer.center_id == center_id, Volunteer.id == volunteer_id)
    changed = session.connection().execute(change.where(Volunteer.status != status).values(status=status)).rowcount
    if changed and status == BLOCKED and _may_end_log_ins(session, volunteer.identity_id, actor):
        credentials.end_sessions_and_codes(session, volunteer.identity_id, actor=actor)


def _may_end_log_ins(session: Session, identity_id: int, actor: Actor) -> bool:
    """Whether the actor, who may block the volunteer, may end what the person logs in with."""
    if level_in(session, identity_id, actor.center_id) < DECIDER:
        return True
    try:
        need_say(session, identity_id, actor)
    except Forbidden:
        return False
    return True
