"""Who holds a permission for the whole center, and who owes it to whom: what the approvals' desk asks of people."""

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals.asked import Holder
from ledger.kernel import clock
from ledger.kernel.paths import ROOT, is_top
from ledger.kernel.permissions import Permission
from ledger.kernel.types import table_of
from ledger.people.access import events
from ledger.people.models import RoleGrant, Volunteer
from ledger.people.policy import ROLES
from ledger.people.terms import in_force

_grant, _volunteer = table_of(RoleGrant), table_of(Volunteer)
# Each kind of proposal is proposed by whoever holds one of these for the whole center.
_PROPOSES = (Permission.PROPOSE, Permission.MANAGE_STAFF)
# So long is a decision remarked whose maker owes role or code to the proposer.
OWES = timedelta(days=30)


def holders(
    session: Session, permissions: Collection[Permission], center_id: int, *, lock: bool = False
) -> list[Holder]:
    """Everybody who holds one of the permissions for the whole center now; with `lock` nobody's role ends meanwhile."""
    roles = [role for role, gives in ROLES.items() if gives & set(permissions)]
    own = (_grant.c.center_id == center_id, _grant.c.role.in_(roles), *in_force())
    query = sa.select(_grant.c.identity_id, _grant.c.place_path).where(*own).order_by(_grant.c.id)
    found = session.connection().execute(query.with_for_update(read=True) if lock else query, {"today": clock.today()})
    people = {row.identity_id for row in found if row.place_path == ROOT or is_top(row.place_path)}
    members = sa.select(_volunteer.c.identity_id, _volunteer.c.id).where(
        _volunteer.c.center_id == center_id, _volunteer.c.identity_id.in_(people)
    )
    volunteers = {row.identity_id: row.id for row in session.connection().execute(members)}
    return [Holder(identity_id, volunteers.get(identity_id)) for identity_id in sorted(people)]


def proposers(session: Session, center_id: int) -> set[int]:
    """Everybody who may propose something now."""
    return {each.identity_id for each in holders(session, _PROPOSES, center_id)}


def owes(session: Session, identity_id: int, giver_id: int, center_id: int) -> bool:
    """Whether a person has got role or code from the giver in the last 30 days, made or proposed."""
    return events.given_by(session, identity_id, giver_id, center_id, since=OWES)
