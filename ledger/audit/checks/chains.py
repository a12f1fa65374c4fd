"""Check every counted account from its first transfer: version, balance and hold of each step, then its counters.

For a whole book the database first names the accounts in which this walk would find something (`suspects.py`); only
these are walked. Both sides of the book are read in order of account and version, each by its index, and merged, so
only one account is in memory at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import CHUNK, Advance, Difference, stream
from ledger.audit.checks.scope import Scope
from ledger.audit.checks.suspects import suspect_accounts
from ledger.kernel.types import table_of
from ledger.points.models import Account, Transfer

_account, _transfer = table_of(Account), table_of(Transfer)
_Which = Callable[["sa.Column[Any]"], "sa.ColumnElement[bool]"]
# The check's own list, not that of the posting it checks.
_COUNTERS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted", "version")


class _Side(NamedTuple):
    """One side of a transfer; the first two fields define the order."""

    account_id: int
    version: int
    is_debit: bool
    transfer_id: int
    kind: str
    amount: int
    held: int | None
    balance_after: int
    held_after: int
    recorded_at: datetime


@dataclass(slots=True)
class _Fold:
    """Recomputed counters of an account."""

    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0
    version: int = 0
    last: datetime | None = None

    def add(self, side: _Side) -> None:
        """Apply a transfer: posted and post add, pending holds, a resolution frees the whole hold."""
        pending = side.amount if side.kind == "pending" else -(side.held or 0)
        posted = side.amount if side.kind in ("posted", "post") else 0
        if side.is_debit:
            self.debits_pending += pending
            self.debits_posted += posted
        else:
            self.credits_pending += pending
            self.credits_posted += posted
        self.version += 1

    @property
    def balance(self) -> int:
        """The posted balance."""
        return self.credits_posted - self.debits_posted


def check_chains(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find accounts with broken chains of transfers, or with counters that are not their sum."""
    which = _accounts_to_walk(session, scope)
    advance(1)
    if which is None:
        return
    sides = merge(_sides(session, scope, "debit", which), _sides(session, scope, "credit", which))
    side = next(sides, None)
    for count, account in enumerate(_counted_accounts(session, scope, which), start=1):
        fold = _Fold()
        while side is not None and side.account_id <= account.id:
            if side.account_id < account.id:
                yield Difference("side_without_account", "transfer", side.transfer_id)
            else:
                yield from _check_side(fold, side, account)
            side = next(sides, None)
        yield from _check_counters(fold, account)
        if count % CHUNK == 0:
            advance(CHUNK)
    if side is not None:
        yield Difference("side_without_account", "transfer", side.transfer_id)


def _accounts_to_walk(session: Session, scope: Scope) -> "_Which | None":
    """A condition on the account key; None if no account needs a walk."""
    if scope.since is not None:
        return lambda account_id: account_id.in_(scope.shape.touched_accounts())
    suspects = suspect_accounts(session, scope)
    if suspects is None:
        return lambda _account_id: sa.true()
    return (lambda account_id: account_id.in_(suspects)) if suspects else None


def _check_side(fold: _Fold, side: _Side, account: Any) -> Iterator[Difference]:
    fold.add(side)
    compared = (
        ("version_chain", fold.version, side.version, ""),
        ("balance_after", fold.balance, side.balance_after, account.unit),
        ("held_after", fold.debits_pending, side.held_after, account.unit),
    )
    for check, expected, found, unit in compared:
        if expected != found:
            yield Difference(check, "transfer", side.transfer_id, expected, found, unit)
    if fold.last is not None and side.recorded_at < fold.last:
        yield Difference("time_runs_back", "transfer", side.transfer_id, fold.last, side.recorded_at)
    fold.last = side.recorded_at
    if not account.overdraft and fold.balance - fold.debits_pending < 0:
        yield Difference(
            "below_zero", "transfer", side.transfer_id, 0, fold.balance - fold.debits_pending, account.unit
        )
    if account.kind == "debt" and fold.balance + fold.credits_pending > 0:
        yield Difference("debt_overpaid", "transfer", side.transfer_id, 0, fold.balance, account.unit)


def _check_counters(fold: _Fold, account: Any) -> Iterator[Difference]:
    for name in _COUNTERS:
        expected, found = getattr(fold, name), getattr(account, name)
        if expected != found:
            unit = "" if name == "version" else account.unit
            yield Difference(name, "account", account.id, expected, found, unit)
    if fold.last != account.last_recorded_at:
        yield Difference("last_recorded_at", "account", account.id, fold.last, account.last_recorded_at)


def _sides(session: Session, scope: Scope, side: str, which: _Which) -> Iterator[_Side]:
    pending = _transfer.alias("pending")
    account_id, version = _transfer.c[f"{side}_account_id"], _transfer.c[f"{side}_version"]
    query = (
        sa.select(
            account_id,
            version,
            sa.literal(side == "debit"),
            _transfer.c.id,
            _transfer.c.kind,
            _transfer.c.amount,
            pending.c.amount,
            _transfer.c[f"{side}_balance_after"],
            _transfer.c[f"{side}_held_after"],
            _transfer.c.recorded_at,
        )
        .outerjoin(
            pending, sa.and_(pending.c.center_id == _transfer.c.center_id, pending.c.id == _transfer.c.pending_id)
        )
        .where(_transfer.c.center_id == scope.center_id, version.is_not(None), which(account_id))
        .order_by(account_id, version)
    )
    return (_Side(*row) for row in stream(session, query, scope.values))


def _counted_accounts(session: Session, scope: Scope, which: _Which) -> Iterator[Any]:
    columns = (_account.c[name] for name in ("id", "unit", "kind", "overdraft", *_COUNTERS, "last_recorded_at"))
    query = sa.select(*columns).where(
        _account.c.center_id == scope.center_id,
        _account.c.counted,
        which(_account.c.id),
    )
    return stream(session, query.order_by(_account.c.id), scope.values)
