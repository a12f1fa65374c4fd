"""The one write to centers that others make: a center counts its volunteers."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.places.models import Center

_center = table_of(Center)
# The row's lock keeps the numbers of two units apart.
_TAKE_NUMBERS = (
    sa.update(_center)
    .where(_center.c.id == sa.bindparam("center"))
    .values(next_volunteer_number=_center.c.next_volunteer_number + sa.bindparam("count"))
    .returning(_center.c.next_volunteer_number)
)


def take_volunteer_numbers(session: Session, count: int, center_id: int) -> int:
    """The first of so many numbers in a row, which nobody else of the center is given."""
    after = session.connection().execute(_TAKE_NUMBERS, {"center": center_id, "count": count}).scalar_one()
    return int(after) - count
