"""Full names for auditors: each look is recorded with its reason, and the record is shown with the next."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.people.models import NameShown
from ledger.people.volunteers import queries

_shown = table_of(NameShown)
# The latest looks that a page lists.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody read a volunteer's full name, and why."""

    shown_to: int
    reason: str
    shown_at: datetime


def record(session: Session, volunteer_id: int, reason: str, *, actor: Actor) -> None:
    """Record that the actor reads a volunteer's full name; the caller may show it after this unit.

    The name is no part of the answer, which may be kept. Raises Forbidden("access.denied"),
    NotFound("people.volunteer_not_found"), Rejected("people.reason_needed").
    """
    actor.need(Permission.READ_BOOKS, ROOT)
    queries.get_volunteer(session, volunteer_id, actor.center_id)
    if not reason.strip():
        raise Rejected("people.reason_needed")
    row = {
        "center_id": actor.center_id,
        "id": new_id(),
        "volunteer_id": volunteer_id,
        "shown_to": actor.identity_id,
        "reason": reason.strip(),
        "shown_at": clock.now(),
    }
    session.connection().execute(sa.insert(_shown), row)


def looks(session: Session, volunteer_id: int, center_id: int) -> list[Look]:
    """The latest looks at a volunteer's full name, newest first."""
    query = (
        sa.select(_shown.c.shown_to, _shown.c.reason, _shown.c.shown_at)
        .where(_shown.c.center_id == center_id, _shown.c.volunteer_id == volunteer_id)
        .order_by(_shown.c.id.desc())
        .limit(_LISTED)
    )
    return [Look(*row) for row in session.connection().execute(query)]
