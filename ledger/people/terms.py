"""Which roles are in force: not revoked, and on or before their last day."""

import sqlalchemy as sa

from ledger.kernel.types import table_of
from ledger.people.models import RoleGrant

_grant = table_of(RoleGrant)


def in_force() -> tuple[sa.ColumnElement[bool], ...]:
    """The condition on `role_grant`; the statement takes `today` (clock.today()) as a parameter."""
    today = sa.bindparam("today", type_=sa.Date)
    return _grant.c.revoked_at.is_(None), sa.or_(_grant.c.valid_until.is_(None), _grant.c.valid_until >= today)
