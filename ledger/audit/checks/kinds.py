"""Check kinds of account: each is kept the way its kind is, and moved only by events allowed to move it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Advance, Difference, in_chunks, stream
from ledger.audit.checks.scope import Scope, Shape
from ledger.kernel.types import table_of
from ledger.points.models import Account, Batch, Transfer, Unit
from ledger.points.policy import KINDS
from ledger.points.sealing.folded import folded_balances

_account, _unit, _batch, _transfer = table_of(Account), table_of(Unit), table_of(Batch), table_of(Transfer)
_accounts_with_units = _account.outerjoin(
    _unit, sa.and_(_unit.c.center_id == _account.c.center_id, _unit.c.code == _account.c.unit)
)
_KEPT_AS = (
    *(_account.c[name] for name in ("kind", "counted", "in_lots", "overdraft")),
    _unit.c.in_lots.label("unit_in_lots"),
)
_FREE = "free"
_RAW = "raw"
# Events allowed to move these kinds: points leave only by expiry, by an approved adjustment or as a debt.
_MOVED_BY = {
    "breakage": ("lot", "transfer", "attendance"),
    "adjustment": ("approval",),
    "clawback": ("transfer", "attendance"),
    "debt": ("transfer", "attendance"),
}


def check_kinds(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find accounts kept unlike their kind, transfers their accounts don't allow, and units that don't sum to zero."""
    ways = (
        sa.select(*_KEPT_AS).distinct().select_from(_accounts_with_units).where(_account.c.center_id == scope.center_id)
    )
    wrong = [row for row in session.connection().execute(ways) if _kept_otherwise(row)]
    if wrong:
        yield from _kept_as(session, scope, [row.kind for row in wrong])
    advance(1)
    for side in ("debit", "credit"):
        for transfer_id, kind, source_type in sorted(
            {tuple(row) for query in _misused(scope.shape, side) for row in stream(session, query, scope.values)}
        ):
            yield Difference("kind_misused", "transfer", transfer_id, None, f"{kind}, {source_type}")
    yield from _check_sums(session, scope)


def _kept_otherwise(row: Any) -> bool:
    """Whether the account is kept unlike its kind; only free accounts may choose whether to go below zero."""
    kind = KINDS.get(row.kind)
    if kind is None or row.unit_in_lots is None:
        return True
    expected = (kind.counted, kind.in_lots and row.unit_in_lots, row.kind == _FREE or kind.overdraft)
    return bool(expected != (row.counted, row.in_lots, row.kind == _FREE or row.overdraft))


def _kept_as(session: Session, scope: Scope, kinds: list[str]) -> Iterator[Difference]:
    query = sa.select(_account.c.id, *_KEPT_AS).select_from(_accounts_with_units)
    own = (_account.c.center_id == scope.center_id, _account.c.kind.in_(kinds))
    for row in stream(session, query.where(*own).order_by(_account.c.id)):
        if _kept_otherwise(row):
            yield Difference("account_kind", "account", row.id)


@cache
def _misused(book: Shape, side: str) -> "list[sa.Select[Any]]":
    t, a, b = _transfer.c, _account.c, _batch.c
    account_id = t[f"{side}_account_id"]
    by_hand = sa.and_(b.source_type == _RAW, a.kind != _FREE)
    otherwise = sa.or_(*(sa.and_(a.kind == kind, b.source_type.not_in(by)) for kind, by in _MOVED_BY.items()))
    query = (
        sa.select(t.id, a.kind, b.source_type)
        .join(_account, sa.and_(a.center_id == t.center_id, a.id == account_id))
        .join(_batch, sa.and_(b.center_id == t.center_id, b.id == t.batch_id))
        .where(t.center_id == book.center_id, book.among(t.batch_id, book.new_batches))
    )
    if not book.whole:
        return [query.where(sa.or_(by_hand, otherwise))]
    # For the whole book in two queries, each starting from the few batches or accounts it concerns.
    raw, moved = _batch.alias("raw"), _account.alias("moved")
    raw_ids = sa.select(raw.c.id).where(raw.c.center_id == book.center_id, raw.c.source_type == _RAW)
    moved_ids = sa.select(moved.c.id).where(moved.c.center_id == book.center_id, moved.c.kind.in_(_MOVED_BY))
    return [query.where(by_hand, t.batch_id.in_(raw_ids)), query.where(otherwise, account_id.in_(moved_ids))]


def _check_sums(session: Session, scope: Scope) -> Iterator[Difference]:
    """All balances of a unit, counted and derived, must sum to zero."""
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
