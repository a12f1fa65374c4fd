"""Another name for somebody whom nobody has been yet: a name was mistyped when a number was first written down."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.queries import find_waiting
from ledger.kernel.actor import Actor
from ledger.kernel.ids import public_id
from ledger.people.access import events
from ledger.people.access.sessions import roles_of
from ledger.people.ending import end_codes
from ledger.people.identities.queries import lock_password
from ledger.people.identities.service import NewIdentity, known_by_phone, rename
from ledger.people.models import LoginSession
from ledger.people.volunteers.queries import find_volunteer_by_identity


def rename_unused(session: Session, person: NewIdentity, *, waits: str, actor: Actor) -> int | None:
    """Give the owner of the number the name that is said now, and return who it is; None if somebody has been it.

    They have never logged in, hold no role, are no volunteer, and nothing of the kind `waits` is proposed for them.
    Their codes end: those slips say the old name.
    """
    known = known_by_phone(session, [person], actor.center_id).get(person.phone_index)
    if known is None or known.name_index == person.name_index:
        return None
    if not _is_unused(session, known.id, waits, actor.center_id):
        return None
    rename(session, known.id, person)
    end_codes(session, known.id, actor.center_id)
    events.record(session, known.id, events.RENAMED, made_by=actor.identity_id, center_id=actor.center_id)
    return known.id


def _is_unused(session: Session, identity_id: int, waits: str, center_id: int) -> bool:
    if lock_password(session, identity_id, center_id) is not None:
        return False
    opened = sa.select(LoginSession.id).where(
        LoginSession.center_id == center_id, LoginSession.identity_id == identity_id
    )
    return not (
        roles_of(session, identity_id, center_id)
        or find_volunteer_by_identity(session, identity_id, center_id) is not None
        or find_waiting(session, center_id, waits, f"identity:{public_id(identity_id)}") is not None
        or session.connection().execute(opened.limit(1)).first() is not None
        or events.has_had_password(session, identity_id, center_id)
    )
