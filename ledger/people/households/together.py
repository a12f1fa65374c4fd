"""Who shares a household. Members of one household never decide on each other's cases.

A person has one identity and at most one volunteer record in a center, and a household belongs to one center. Staff
need not volunteer, so their household is asked at each grant. What was said counts for 30 days after it was unsaid, so
that nobody is unrelated for as long as a decision takes; what was said at the last grant counts until it is said anew.

A decision locks the identity rows of the people concerned until it commits, so their households can't change
meanwhile; identities exist before volunteers do. The history of households therefore shows what a decision relied on.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.chunks import chunks
from ledger.kernel.types import table_of
from ledger.people.models import Household, HouseholdChange, Identity, RoleGrant, Volunteer
from ledger.people.policy import household_key

REMEMBERED = timedelta(days=30)
_household, _change = table_of(Household), table_of(HouseholdChange)
_identity, _volunteer, _grant = table_of(Identity), table_of(Volunteer), table_of(RoleGrant)


class Span(NamedTuple):
    """A household counts if it was somebody's at any time from `start` to `end`; without one, whatever is written.

    The clocks of two machines may differ, so that what was just written may seem to lie ahead.
    """

    start: datetime
    end: datetime | None = None


def of_late(since: datetime | None = None) -> Span:
    """The last 30 days, or more if `since` is earlier."""
    now = clock.now()
    return Span(min(now - REMEMBERED, since or now))


def one_household(
    session: Session,
    identity_id: int,
    center_id: int,
    *,
    identities: Collection[int] = (),
    volunteers: Collection[int] = (),
    numbers: Collection[str] = (),
    since: datetime | None = None,
    at: datetime | None = None,
    lock: bool = False,
) -> bool:
    """Whether a person shares a household of the center with any of the others, or lives in one with these numbers.

    Of late and since `since`, or as known at a time. The others are named by identity or by volunteer. Nobody is
    related to themselves, and people without a household are related to nobody. With `lock` the answer can't change
    before this unit ends.
    """
    found = housemates(
        session,
        [identity_id],
        center_id,
        identities=identities,
        volunteers=volunteers,
        numbers=numbers,
        since=since,
        at=at,
        lock=lock,
    )
    return bool(found)


def housemates(
    session: Session,
    who: Collection[int],
    center_id: int,
    *,
    identities: Collection[int] = (),
    volunteers: Collection[int] = (),
    numbers: Collection[str] = (),
    since: datetime | None = None,
    at: datetime | None = None,
    lock: bool = False,
) -> set[int]:
    """Those of the people of whom `one_household` is true, by as many statements for many as for one."""
    others = {*identities} | identities_of(session, volunteers, center_id)
    if lock:
        lock_identities(session, others.union(who), center_id, shared=True)
    found = households_of(session, others.union(who), center_id, of_late(since) if at is None else Span(at, at))
    numbered = households_of_numbers(session, numbers, center_id)

    def is_near(one: int) -> bool:
        mine = found.get(one, set())
        return bool(mine & numbered) or any(mine & found.get(other, set()) for other in others - {one})

    return {one for one in who if is_near(one)}


def households_of(session: Session, identity_ids: Collection[int], center_id: int, span: Span) -> dict[int, set[int]]:
    """The households of people, as volunteers and as said at grants, within a span."""
    found: dict[int, set[int]] = defaultdict(set)
    for part in chunks(identity_ids):
        for query in (_lived(center_id, span), _said(center_id, span)):
            for row in session.connection().execute(query.where(query.selected_columns.identity_id.in_(part))):
                found[row.identity_id].add(row.household_id)
    return found


def _lived(center_id: int, span: Span) -> "sa.Select[tuple[int, int]]":
    of_volunteer = sa.and_(_change.c.center_id == _volunteer.c.center_id, _change.c.volunteer_id == _volunteer.c.id)
    later = _change.alias("later")
    left = sa.exists().where(
        later.c.center_id == _change.c.center_id,
        later.c.volunteer_id == _change.c.volunteer_id,
        later.c.revision > _change.c.revision,
        later.c.changed_at <= span.start,
    )
    return (
        sa.select(_volunteer.c.identity_id, _change.c.household_id)
        .join(_change, of_volunteer)
        .where(_volunteer.c.center_id == center_id, _change.c.household_id.is_not(None))
        .where(*([] if span.end is None else [_change.c.changed_at <= span.end]), ~left)
    )


def _said(center_id: int, span: Span) -> "sa.Select[tuple[int, int]]":
    """What was said at grants: while they are in force, and the last one until something else is said or written."""
    later = _grant.alias("later")
    said_anew = sa.exists().where(
        later.c.center_id == _grant.c.center_id,
        later.c.identity_id == _grant.c.identity_id,
        later.c.granted_at > _grant.c.granted_at,
        later.c.granted_at <= span.start,
    )
    member = sa.and_(_volunteer.c.center_id == _change.c.center_id, _volunteer.c.id == _change.c.volunteer_id)
    written = (
        sa.select(sa.literal(1))
        .select_from(_volunteer.join(_change, member))
        .where(
            _volunteer.c.center_id == _grant.c.center_id,
            _volunteer.c.identity_id == _grant.c.identity_id,
            _change.c.changed_at > _grant.c.granted_at,
            _change.c.changed_at <= span.start,
        )
        .exists()
    )
    held = sa.or_(_grant.c.revoked_at.is_(None), _grant.c.revoked_at > span.start)
    return sa.select(_grant.c.identity_id, _grant.c.household_id).where(
        _grant.c.center_id == center_id,
        _grant.c.household_id.is_not(None),
        *([] if span.end is None else [_grant.c.granted_at <= span.end]),
        sa.or_(held, sa.and_(~said_anew, ~written)),
    )


def households_of_numbers(session: Session, numbers: Collection[str], center_id: int) -> set[int]:
    """The households that have these numbers, in any notation."""
    if not numbers:
        return set()
    keys = {household_key(number) for number in numbers}
    query = sa.select(_household.c.id).where(_household.c.center_id == center_id, _household.c.number_key.in_(keys))
    return set(session.connection().scalars(query))


def identities_of(session: Session, volunteer_ids: Iterable[int], center_id: int) -> set[int]:
    """The log-ins of volunteers."""
    return set(identities_by_volunteer(session, volunteer_ids, center_id).values())


def identities_by_volunteer(session: Session, volunteer_ids: Iterable[int], center_id: int) -> dict[int, int]:
    """The log-in of each volunteer."""
    query = sa.select(_volunteer.c.id, _volunteer.c.identity_id).where(_volunteer.c.center_id == center_id)
    return {
        row.id: row.identity_id
        for part in chunks(volunteer_ids)
        for row in session.connection().execute(query.where(_volunteer.c.id.in_(part)))
    }


def lock_identities(session: Session, identity_ids: Iterable[int], center_id: int, *, shared: bool) -> None:
    """Lock people's households: shared with other readers, or exclusively to change them."""
    query = (
        sa.select(_identity.c.id)
        .where(_identity.c.center_id == center_id)
        .order_by(_identity.c.id)
        .with_for_update(read=shared, key_share=not shared)
    )
    for part in chunks(identity_ids):
        session.connection().execute(query.where(_identity.c.id.in_(part))).all()
