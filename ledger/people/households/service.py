"""Writes of households: who belongs to which. `together.py` asks who shares one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.chunks import chunks
from ledger.kernel.errors import Forbidden
from ledger.kernel.ids import new_id
from ledger.kernel.types import table_of
from ledger.people.households import deciders
from ledger.people.households.queries import is_last
from ledger.people.households.together import identities_of, lock_identities
from ledger.people.managing import need_to_manage
from ledger.people.models import Household, HouseholdChange, Volunteer
from ledger.people.policy import clean_household_number, household_key

_household, _change = table_of(Household), table_of(HouseholdChange)
_volunteer = table_of(Volunteer)


class _Last(NamedTuple):
    """A volunteer's last change."""

    revision: int
    household_id: int | None


_NEVER = _Last(0, None)


def household_of_number(session: Session, number: str | None, *, actor: Actor) -> int | None:
    """The household with this number, made if it is unknown; None for no number.

    Checks no permission. Raises Rejected("people.household_number_invalid").
    """
    if number is None:
        return None
    wanted = clean_household_number(number)
    return _find_or_make(session, [wanted], actor)[household_key(wanted)]


def set_household(session: Session, volunteer_id: int, number: str | None, *, actor: Actor) -> None:
    """Assign a volunteer to the household with this number, None for none. Raises as `set_households` does."""
    set_households(session, {volunteer_id: number}, actor=actor)


def set_households(session: Session, wanted: Mapping[int, str | None], *, actor: Actor) -> None:
    """Assign volunteers to households by number, None for none; unknown households are created.

    Leaves unchanged assignments alone. Nobody may remove members from their own household, not even themselves, or
    two members could split up just for a decision. What concerns who decides or audits takes two. Raises
    Rejected("people.household_number_invalid"), NotFound("people.volunteer_not_found"),
    Forbidden("access.denied" | "people.own_household" | "people.household_takes_two").
    """
    if not wanted:
        return
    numbers = {who: clean_household_number(number) if number else None for who, number in wanted.items()}
    need_to_manage(session, numbers, actor)
    mine = _volunteer_ids(session, actor)
    concerned = identities_of(session, [*numbers, *mine], actor.center_id)
    lock_identities(session, concerned, actor.center_id, shared=False)
    last = _last_changes(session, [*numbers, *mine], actor.center_id)
    households = _find_or_make(session, [number for number in numbers.values() if number], actor)
    goals = {who: households[household_key(number)] if number else None for who, number in numbers.items()}
    changing = {who: goal for who, goal in goals.items() if last.get(who, _NEVER).household_id != goal}
    own = {last[who].household_id for who in mine if who in last} - {None}
    if any(last.get(who, _NEVER).household_id in own for who in changing):
        raise Forbidden("people.own_household")
    if changing:
        moves = {who: (last.get(who, _NEVER).household_id, goal) for who, goal in changing.items()}
        deciders.need_no_second(session, moves, actor)
        _store(session, changing, last, actor)


def move(session: Session, volunteer_id: int, number: str | None, *, actor: Actor) -> None:
    """Assign a volunteer to a household as two people agreed; checks no permission."""
    last = _last_changes(session, [volunteer_id], actor.center_id)
    goal = household_of_number(session, number, actor=actor)
    if last.get(volunteer_id, _NEVER).household_id != goal:
        _store(session, {volunteer_id: goal}, last, actor)


def _store(session: Session, changing: Mapping[int, int | None], last: Mapping[int, _Last], actor: Actor) -> None:
    # Read after locking: never earlier than a decision that the locks waited for.
    at = clock.now()
    rows = [
        {
            "center_id": actor.center_id,
            "volunteer_id": volunteer_id,
            "revision": last.get(volunteer_id, _NEVER).revision + 1,
            "household_id": household_id,
            "changed_by": actor.identity_id,
            "changed_at": at,
        }
        for volunteer_id, household_id in changing.items()
    ]
    session.connection().execute(sa.insert(_change), rows)


def _volunteer_ids(session: Session, actor: Actor) -> list[int]:
    """The actor as a volunteer of the center, as of now."""
    own = (_volunteer.c.center_id == actor.center_id, _volunteer.c.identity_id == actor.identity_id)
    return list(session.connection().scalars(sa.select(_volunteer.c.id).where(*own)))


def _last_changes(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, _Last]:
    query = sa.select(_change.c.volunteer_id, _change.c.revision, _change.c.household_id).where(
        _change.c.center_id == center_id, is_last()
    )
    return {
        row.volunteer_id: _Last(row.revision, row.household_id)
        for part in chunks(volunteer_ids)
        for row in session.connection().execute(query.where(_change.c.volunteer_id.in_(part)))
    }


def _find_or_make(session: Session, numbers: Sequence[str], actor: Actor) -> dict[str, int]:
    """Find or create households by number key; the first spelling of a number is kept.

    A unit that creates the same household at the same moment loses the race and is run again.
    """
    written = {household_key(number): number for number in reversed(numbers)}
    query = sa.select(_household.c.number_key, _household.c.id).where(_household.c.center_id == actor.center_id)
    found = {
        row.number_key: int(row.id)
        for part in chunks(written)
        for row in session.connection().execute(query.where(_household.c.number_key.in_(part)))
    }
    made: list[dict[str, Any]] = [
        {
            "center_id": actor.center_id,
            "id": new_id(),
            "number": number,
            "number_key": number_key,
            "made_by": actor.identity_id,
            "made_at": clock.now(),
        }
        for number_key, number in written.items()
        if number_key not in found
    ]
    if made:
        session.connection().execute(sa.insert(_household), made)
    return found | {row["number_key"]: row["id"] for row in made}
