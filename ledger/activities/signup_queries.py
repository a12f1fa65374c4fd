"""Reads of sign-ups: people with a place in a shift, and counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.activities.models import Signup
from ledger.activities.policy import SIGNED_UP, WAITLISTED
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.prepared import Prepared

_signup = Signup.__table__


@dataclass(frozen=True, slots=True)
class SignupView:
    """A volunteer's place in a shift: signed_up, waitlisted or cancelled."""

    id: int
    shift_id: int
    volunteer_id: int
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShiftCount:
    """How many people hold a place in a shift and how many wait."""

    signed_up: int
    waitlisted: int


NOBODY = ShiftCount(0, 0)
_SIGNUP_COLUMNS = [_signup.c[name] for name in SignupView.__slots__]
_FIND_SIGNUP = Prepared(
    sa.select(*_SIGNUP_COLUMNS).where(
        _signup.c.center_id == sa.bindparam("center"),
        _signup.c.shift_id == sa.bindparam("shift"),
        _signup.c.volunteer_id == sa.bindparam("volunteer"),
    )
)
_COUNTS = (
    sa.select(_signup.c.shift_id, _signup.c.status, sa.func.count().label("people"))
    .where(_signup.c.center_id == sa.bindparam("center"), _signup.c.shift_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(_signup.c.shift_id, _signup.c.status)
)


def find_signup(session: Session, shift_id: int, volunteer_id: int, center_id: int) -> SignupView | None:
    """A volunteer's sign-up for a shift, cancelled or not."""
    parameters = {"center": center_id, "shift": shift_id, "volunteer": volunteer_id}
    rows = _FIND_SIGNUP.rows(session, parameters)
    return SignupView(*rows[0]) if rows else None


def list_signups(session: Session, shift_id: int, center_id: int, *, request: PageRequest) -> Page[SignupView]:
    """Sign-ups of a shift in order of arrival, including cancelled ones."""
    query = sa.select(*(getattr(Signup, name) for name in SignupView.__slots__)).where(
        Signup.center_id == center_id, Signup.shift_id == shift_id
    )
    sorts = {"created_at": Signup.created_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=Signup.id, make=signup_view)


def counts_of(session: Session, shift_ids: Iterable[int], center_id: int) -> dict[int, ShiftCount]:
    """Sign-ups and people waiting, for each shift."""
    wanted = sorted(set(shift_ids))
    found = dict.fromkeys(wanted, NOBODY)
    if not wanted:
        return found
    people: dict[tuple[int, str], int] = {
        (row.shift_id, row.status): row.people
        for row in session.connection().execute(_COUNTS, {"center": center_id, "ids": wanted})
    }
    return {
        shift_id: ShiftCount(people.get((shift_id, SIGNED_UP), 0), people.get((shift_id, WAITLISTED), 0))
        for shift_id in wanted
    }


def signup_view(row: Any, prefix: str = "") -> SignupView:
    """Make a sign-up from a row whose columns have this prefix."""
    return SignupView(*(row._mapping[prefix + name] for name in SignupView.__slots__))
