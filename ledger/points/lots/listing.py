"""Lots as people see them: those of an account, those that posted holds used, and what ends next."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.lots.policy import GRACE
from ledger.points.models import Account, Lot, LotUse, Transfer
from ledger.points.policy import POINT

_lot, _use, _transfer, _account = map(table_of, (Lot, LotUse, Transfer, Account))
_good_until = sa.func.coalesce(_lot.c.extended_to, _lot.c.expires_on, type_=sa.Date())
_free = _lot.c.remaining - _lot.c.held
_AFTER_ALL_DAYS = "9999-12-31"
# As text, so that lots without an end sort last and a cursor can carry the value.
_order = sa.func.coalesce(
    sa.cast(_lot.c.extended_to, sa.String), sa.cast(_lot.c.expires_on, sa.String), _AFTER_ALL_DAYS, type_=sa.String()
)
_NEXT_ENDING = Prepared(
    sa.select(_good_until.label("day"), sa.func.sum(_free))
    .join(_account, sa.and_(_account.c.center_id == _lot.c.center_id, _account.c.id == _lot.c.account_id))
    .where(
        _account.c.center_id == sa.bindparam("center"),
        _account.c.unit == POINT,
        _account.c.kind == "member",
        _account.c.owner_id == sa.bindparam("owner"),
        _lot.c.remaining > 0,
        _free > 0,
        _lot.c.expires_on.is_not(None),
    )
    .group_by(_good_until)
    .order_by(_good_until)
    .limit(1)
)
# The transfers first, then their lot movements by key: for a join, SQLite scans all lot movements of the center.
_RESOLUTIONS = Prepared(
    sa.select(_transfer.c.id).where(
        _transfer.c.center_id == sa.bindparam("center"),
        _transfer.c.pending_id.in_(sa.bindparam("holds", expanding=True)),
    )
)
_TAKEN = Prepared(
    sa.select(_good_until, -_use.c.remaining_change)
    .select_from(_use)
    .join(_lot, sa.and_(_lot.c.center_id == _use.c.center_id, _lot.c.id == _use.c.lot_id))
    .where(
        _use.c.center_id == sa.bindparam("center"),
        _use.c.transfer_id.in_(sa.bindparam("transfers", expanding=True)),
        _use.c.remaining_change < 0,
    )
)


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot with something left; `remaining` includes what is `held`, `expires_on` is its current last day."""

    id: int
    transfer_id: int
    amount: int
    remaining: int
    held: int
    earned_at: datetime
    expires_on: date | None
    extended: bool


@dataclass(frozen=True, slots=True)
class DatedPoints:
    """An amount of points in minor units, and the last local day on which it is good, None if it never ends."""

    amount: int
    expires_on: date | None

    @property
    def good_until(self) -> date | None:
        """The last day of the grace after the last good day."""
        return None if self.expires_on is None else self.expires_on + GRACE


def list_lots(session: Session, account_id: int, center_id: int, *, request: PageRequest) -> Page[LotRow]:
    """Lots of an account in order of use: soonest to end first, undated last."""
    names = ("id", "transfer_id", "amount", "remaining", "held", "earned_at")
    query = sa.select(
        *(_lot.c[name] for name in names), _good_until.label("expires_on"), _lot.c.extended_to.is_not(None)
    ).where(_lot.c.center_id == center_id, _lot.c.account_id == account_id, _lot.c.remaining > 0)
    sorts: dict[str, Any] = {"expires_on": _order, "earned_at": _lot.c.earned_at}
    return fetch_page(session, query, request=request, sorts=sorts, tie=_lot.c.id, make=lambda row: LotRow(*row[:8]))


def find_next_ending(session: Session, volunteer_id: int, center_id: int) -> DatedPoints | None:
    """The member's spendable points that end next; None if none ever end."""
    for day, amount in _NEXT_ENDING.rows(session, {"center": center_id, "owner": volunteer_id}):
        return DatedPoints(int(amount), day)
    return None


def used_by_holds(session: Session, pending_ids: Collection[int], center_id: int) -> list[DatedPoints]:
    """Points taken when these holds were posted, summed by last day, soonest first, undated last."""
    ended = _RESOLUTIONS.rows(session, {"center": center_id, "holds": list(pending_ids)}) if pending_ids else ()
    taken: Counter[date | None] = Counter()
    if ended:
        for day, amount in _TAKEN.rows(session, {"center": center_id, "transfers": [row[0] for row in ended]}):
            taken[day] += amount
    return sorted(
        (DatedPoints(amount, day) for day, amount in taken.items()), key=lambda each: each.expires_on or date.max
    )
