"""Points by month: issued, redeemed, and outstanding at the end of each month.

Flows are read by a covering index from the accounts they leave and enter, only for the months shown; outstanding points
are counted back from the members' current balances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.models import Account, Transfer
from ledger.points.policy import COUNTS_AS_POSTED, KINDS, POINT

_OF_THE_CENTER = [name for name, kind in KINDS.items() if not kind.counted]
_account, _transfer = table_of(Account), table_of(Transfer)


@dataclass(frozen=True, slots=True)
class Month:
    """A local month; amounts in minor units of points, `outstanding` at its end (now, for the current month)."""

    first: date
    issued: int
    redeemed: int
    outstanding: int


@dataclass(frozen=True, slots=True)
class Holders:
    """Number of people with points, their points, and how many of these are held at a till."""

    people: int
    points: int
    held: int


def holders(session: Session, center_id: int) -> Holders:
    """Members' current points."""
    balance = _account.c.credits_posted - _account.c.debits_posted
    query = sa.select(
        sa.func.count(sa.case((balance > 0, 1))),
        sa.func.coalesce(sa.func.sum(balance), 0),
        sa.func.coalesce(sa.func.sum(_account.c.debits_pending), 0),
    ).where(_account.c.center_id == center_id, _account.c.unit == POINT, _account.c.kind == "member")
    people, total, held = session.execute(query).one()
    return Holders(people, int(total), int(held))


def months(session: Session, center_id: int, zone: ZoneInfo, *, today: date, count: int = 12) -> list[Month]:
    """The last `count` months up to that of `today`, oldest first."""
    firsts = _firsts(today, count)
    flows = _flows(session, center_id, [datetime.combine(first, time(), tzinfo=zone) for first in firsts])
    outstanding = holders(session, center_id).points
    found = []
    for position in range(count - 1, -1, -1):
        moved = flows.get(position, {})
        found.append(Month(firsts[position], -moved.get("issuance", 0), moved.get("redeemed", 0), outstanding))
        # What the center's accounts gained, the members lost.
        outstanding += sum(moved.values())
    return found[::-1]


def _firsts(today: date, count: int) -> list[date]:
    months_since_zero = today.year * 12 + today.month - 1
    return [
        date(number // 12, number % 12 + 1, 1) for number in range(months_since_zero - count + 1, months_since_zero + 1)
    ]


def _flows(session: Session, center_id: int, starts: Sequence[datetime]) -> dict[int, dict[str, int]]:
    """Change of the center's own points accounts by month and kind."""
    accounts = sa.select(_account.c.id, _account.c.kind).where(
        # Filter by kind, because most accounts of the unit belong to members.
        _account.c.center_id == center_id,
        _account.c.unit == POINT,
        _account.c.kind.in_(_OF_THE_CENTER),
    )
    kinds = {row.id: row.kind for row in session.execute(accounts)}
    gained: dict[int, dict[str, int]] = {}
    for side, sign in (("debit", -1), ("credit", 1)):
        for month, account_id, amount in session.execute(_side(side, center_id, list(kinds), starts)):
            moved = gained.setdefault(month, {})
            moved[kinds[account_id]] = moved.get(kinds[account_id], 0) + sign * int(amount)
    return gained


def _side(side: str, center_id: int, accounts: Sequence[int], starts: Sequence[datetime]) -> "sa.Select[Any]":
    account_id, at = _transfer.c[f"{side}_account_id"], _transfer.c.recorded_at
    later_first = [(at >= start, position) for position, start in reversed(list(enumerate(starts)))]
    month = sa.case(*later_first).label("month")
    return (
        sa.select(month, account_id, sa.func.sum(_transfer.c.amount))
        .where(
            _transfer.c.center_id == center_id,
            account_id.in_(accounts),
            at >= starts[0],
            _transfer.c.kind.in_(COUNTS_AS_POSTED),
        )
        .group_by(month, account_id)
    )
