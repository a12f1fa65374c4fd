"""The household of somebody, as two people agreed: where they are registered, and what their roles say."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.ids import new_id, public_id
from ledger.kernel.signals import signal
from ledger.kernel.types import table_of
from ledger.people.households.deciders import SIGNAL
from ledger.people.households.service import household_of_number, move
from ledger.people.identities.queries import lock_password
from ledger.people.models import RoleGrant
from ledger.people.volunteers.queries import find_volunteer_by_identity

_grant = table_of(RoleGrant)


def rehouse(session: Session, identity_id: int, number: str | None, *, about: str, actor: Actor) -> None:
    """Write down where somebody lives, as `about` was approved; checks no permission.

    The roles begin anew with it, so that it stays known what was said before. Raises
    NotFound("people.identity_not_found"), Rejected("people.household_number_invalid").
    """
    lock_password(session, identity_id, actor.center_id)
    volunteer = find_volunteer_by_identity(session, identity_id, actor.center_id)
    if volunteer is not None:
        move(session, volunteer.id, number, actor=actor)
    _say_anew(session, identity_id, household_of_number(session, number, actor=actor), actor)
    signal(session, SIGNAL, [about, f"identity:{public_id(identity_id)}"], center_id=actor.center_id)


def _say_anew(session: Session, identity_id: int, household_id: int | None, actor: Actor) -> None:
    now = clock.now()
    own = (_grant.c.center_id == actor.center_id, _grant.c.identity_id == identity_id, _grant.c.revoked_at.is_(None))
    differs = _grant.c.household_id.is_distinct_from(household_id)
    held = session.connection().execute(sa.select(_grant).where(*own, differs)).mappings().all()
    anew: list[dict[str, Any]] = [
        {**row, "id": new_id(), "granted_at": now, "household_id": household_id, "household_asked": True}
        for row in held
    ]
    if anew:
        session.connection().execute(sa.update(_grant).where(*own, differs).values(revoked_at=now))
        session.connection().execute(sa.insert(_grant), anew)
