"""Full names for auditors: each look is recorded with its reason; auditors and the volunteer read the record."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import new_id
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.people.identities.queries import names_of
from ledger.people.models import NameShown, RoleGrant
from ledger.people.policy import counting, mask_name
from ledger.people.volunteers import queries
from ledger.people.volunteers.queries import VolunteerView
from ledger.people.words import ROLE_NAMES

_shown, _grant = table_of(NameShown), table_of(RoleGrant)
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody read a volunteer's full name, and why.

    `role` is the one that let them, as they held it then; `masked_name` is empty of whoever has been erased.
    """

    id: int
    shown_to: int
    masked_name: str
    role: str | None
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


def looks_for(session: Session, volunteer_id: int, actor: Actor, *, request: PageRequest) -> Page[Look]:
    """`looks` for an auditor or for the volunteer. Raises NotFound, Forbidden("access.denied")."""
    found: VolunteerView = queries.get_volunteer(session, volunteer_id, actor.center_id)
    if actor.volunteer_id != found.id:
        actor.need(Permission.READ_BOOKS, ROOT)
    return looks(session, volunteer_id, actor.center_id, request=request)


def looks(session: Session, volunteer_id: int, center_id: int, *, request: PageRequest) -> Page[Look]:
    """The looks at a volunteer's full name, newest first."""
    query = sa.select(_shown).where(_shown.c.center_id == center_id, _shown.c.volunteer_id == volunteer_id)
    page = fetch_page(
        session,
        query,
        request=PageRequest(request.limit, request.after),
        sorts={"shown_at": NameShown.shown_at},
        tie=NameShown.id,
        make=lambda row: row,
        usual="-shown_at",
    )
    readers = {row.shown_to for row in page.items}
    names, held = names_of(session, readers, center_id), _grants(session, readers, center_id)
    return page.of(
        [
            Look(
                id=row.id,
                shown_to=row.shown_to,
                masked_name=mask_name(names[row.shown_to]) if row.shown_to in names else "",
                role=_role_at(row.shown_at, held.get(row.shown_to, [])),
                reason=row.reason,
                shown_at=row.shown_at,
            )
            for row in page.items
        ]
    )


def find_last_look(session: Session, volunteer_id: int, center_id: int) -> datetime | None:
    """When somebody last read a volunteer's full name."""
    own = (_shown.c.center_id == center_id, _shown.c.volunteer_id == volunteer_id)
    found: datetime | None = session.connection().scalar(sa.select(sa.func.max(_shown.c.shown_at)).where(*own))
    return found


def _grants(session: Session, people: Iterable[int], center_id: int) -> "dict[int, list[sa.Row[tuple[object, ...]]]]":
    """All roles that people have held and that read the books, also those that have ended."""
    query = sa.select(_grant).where(_grant.c.center_id == center_id, _grant.c.identity_id.in_(set(people)))
    found: dict[int, list[sa.Row[tuple[object, ...]]]] = {}
    for row in session.connection().execute(query):
        if Permission.READ_BOOKS in counting(row.role, row.place_path):
            found.setdefault(row.identity_id, []).append(row)
    return found


def _role_at(moment: datetime, held: "list[sa.Row[tuple[object, ...]]]") -> str | None:
    """The widest of the roles that were in force then."""
    day = clock.local_day(moment, clock.zone())
    then = {
        row.role
        for row in held
        if row.granted_at <= moment
        and (row.revoked_at is None or row.revoked_at > moment)
        and (row.valid_until is None or row.valid_until >= day)
    }
    return next((role for role in ROLE_NAMES if role in then), None)
