"""Reads of households: members, now or at a time, and changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.chunks import chunks
from ledger.kernel.types import table_of
from ledger.people.models import Household, HouseholdChange, Volunteer
from ledger.people.policy import household_key

_household, _change, _volunteer = table_of(Household), table_of(HouseholdChange), table_of(Volunteer)
_of_change = sa.and_(_household.c.center_id == _change.c.center_id, _household.c.id == _change.c.household_id)


@dataclass(frozen=True, slots=True)
class HouseholdChangeView:
    """A volunteer belongs to the household with this number from `changed_at` on; to none if it is None."""

    number: str | None
    changed_by: int
    changed_at: datetime


def is_last(at: datetime | None = None) -> "sa.ColumnElement[bool]":
    """Condition: a row of household_change is its volunteer's last, now or at a time."""
    later = _change.alias("later")
    own = [later.c.center_id == _change.c.center_id, later.c.volunteer_id == _change.c.volunteer_id]
    known = [] if at is None else [later.c.changed_at <= at]
    last = sa.select(sa.func.max(later.c.revision)).where(*own, *known).correlate(_change)
    return _change.c.revision == last.scalar_subquery()


def number_of_household() -> "sa.Label[str | None]":
    """The number of a volunteer's household as column `household`, for a statement that selects from volunteer."""
    own = (_change.c.center_id == _volunteer.c.center_id, _change.c.volunteer_id == _volunteer.c.id)
    query = sa.select(_household.c.number).join(_change, _of_change).where(*own, is_last()).correlate(_volunteer)
    return query.scalar_subquery().label("household")


def members_of(number: str, center_id: int) -> "sa.Select[Any]":
    """A selection of the volunteers of a household, as list_volunteers takes it; the number in any notation."""
    return (
        sa.select(_change.c.volunteer_id)
        .join(_household, _of_change)
        .where(_household.c.center_id == center_id, _household.c.number_key == household_key(number), is_last())
    )


def household_numbers(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, str]:
    """Household numbers by volunteer; volunteers without a household are left out."""
    query = (
        sa.select(_change.c.volunteer_id, _household.c.number)
        .join(_household, _of_change)
        .where(_change.c.center_id == center_id, is_last())
    )
    return {
        row.volunteer_id: row.number
        for part in chunks(volunteer_ids)
        for row in session.connection().execute(query.where(_change.c.volunteer_id.in_(part)))
    }


def household_changes(session: Session, volunteer_id: int, center_id: int) -> list[HouseholdChangeView]:
    """A volunteer's households, newest first."""
    query = (
        sa.select(_household.c.number, _change.c.changed_by, _change.c.changed_at)
        .select_from(_change)
        .outerjoin(_household, _of_change)
        .where(_change.c.center_id == center_id, _change.c.volunteer_id == volunteer_id)
        .order_by(_change.c.revision.desc())
    )
    return [HouseholdChangeView(*row) for row in session.connection().execute(query)]
