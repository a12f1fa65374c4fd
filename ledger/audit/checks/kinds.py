"""Kinds of account: kept as their kind is kept, and moved only by the kind of event that may move them."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Advance, Difference, in_chunks, stream
from ledger.audit.checks.scope import Scope
from ledger.kernel.types import table_of
from ledger.points.folded import folded_balances
from ledger.points.models import Account, Batch, Transfer, Unit
from ledger.points.policy import KINDS

_account, _unit, _batch, _transfer = table_of(Account), table_of(Unit), table_of(Batch), table_of(Transfer)
_FREE = "free"
_RAW = "raw"
# What may move an account of the kind: points leave at their end, by hand, or as a debt in no other way.
_MOVED_BY = {
    "breakage": ("lot",),
    "adjustment": ("approval",),
    "clawback": ("transfer",),
    "debt": ("transfer", "attendance"),
}


def check_kinds(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Accounts that are kept as another kind would be, transfers of accounts that theirs may not touch, and sums."""
    a = _account.c
    query = (
        sa.select(a.id, a.kind, a.counted, a.in_lots, a.overdraft, _unit.c.in_lots.label("unit_in_lots"))
        .outerjoin(_unit, sa.and_(_unit.c.center_id == a.center_id, _unit.c.code == a.unit))
        .where(a.center_id == scope.center_id)
        .order_by(a.id)
    )
    for chunk in in_chunks(stream(session, query)):
        for row in chunk:
            kind = KINDS.get(row.kind)
            if kind is None or row.unit_in_lots is None:
                yield Difference("account_kind", "account", row.id)
                continue
            expected = (kind.counted, kind.in_lots and row.unit_in_lots, row.kind == _FREE or kind.overdraft)
            if expected != (row.counted, row.in_lots, row.kind == _FREE or row.overdraft):
                yield Difference("account_kind", "account", row.id)
        advance(len(chunk))
    for side in ("debit", "credit"):
        for row in stream(session, _misused(scope, side)):
            yield Difference("kind_misused", "transfer", row[0], None, f"{row[1]}, {row[2]}")
    yield from _check_sums(session, scope)


def _misused(scope: Scope, side: str) -> "sa.Select[Any]":
    t, a, b = _transfer.c, _account.c, _batch.c
    wrong = [sa.and_(a.kind == kind, b.source_type.not_in(sources)) for kind, sources in _MOVED_BY.items()]
    return (
        sa.select(t.id, a.kind, b.source_type)
        .join(_account, sa.and_(a.center_id == t.center_id, a.id == t[f"{side}_account_id"]))
        .join(_batch, sa.and_(b.center_id == t.center_id, b.id == t.batch_id))
        .where(t.center_id == scope.center_id, scope.among(t.batch_id, scope.new_batches()))
        .where(sa.or_(sa.and_(b.source_type == _RAW, a.kind != _FREE), *wrong))
        .order_by(t.id)
    )


def _check_sums(session: Session, scope: Scope) -> Iterator[Difference]:
    """All balances of a unit, those that are counted and those that are folded, come to nothing."""
    a = _account.c
    query = sa.select(a.unit, sa.func.sum(a.credits_posted - a.debits_posted)).where(
        a.center_id == scope.center_id, a.counted
    )
    sums = {unit: int(amount) for unit, amount in session.connection().execute(query.group_by(a.unit))}
    folded = sa.select(a.id, a.unit).where(a.center_id == scope.center_id, sa.not_(a.counted)).order_by(a.id)
    for chunk in in_chunks(stream(session, folded)):
        units = {row.id: row.unit for row in chunk}
        for account_id, amount in folded_balances(session, units, scope.center_id).items():
            sums[units[account_id]] = sums.get(units[account_id], 0) + amount
    for unit in sorted(sums):
        if sums[unit]:
            yield Difference("unit_total", "unit", 0, 0, sums[unit], unit)
