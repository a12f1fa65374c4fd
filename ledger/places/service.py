"""Write to centers for other capabilities: each center numbers its volunteers."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.places.models import Center

_center = table_of(Center)
# The row lock keeps two units from taking the same numbers.
_TAKE_NUMBERS = (
    sa.update(_center)
    .where(_center.c.id == sa.bindparam("center"))
    .values(next_volunteer_number=_center.c.next_volunteer_number + sa.bindparam("count"))
    .returning(_center.c.next_volunteer_number)
)


def take_volunteer_numbers(session: Session, count: int, center_id: int) -> int:
    """Reserve `count` consecutive volunteer numbers of the center and return the first."""
    after = session.connection().execute(_TAKE_NUMBERS, {"center": center_id, "count": count}).scalar_one()
    return int(after) - count
