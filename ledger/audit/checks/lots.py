"""Check lots against their movements, their accounts and the transfers that made and used them.

Each check is one statement that returns the wrong rows.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Advance, Difference, count_of, has_rows, stream
from ledger.audit.checks.scope import Scope, Shape
from ledger.kernel.types import table_of
from ledger.points.models import Account, Batch, Lot, LotUse, Transfer
from ledger.points.policy import COUNTS_AS_POSTED

_account, _batch, _transfer = table_of(Account), table_of(Batch), table_of(Transfer)
_lot, _use = table_of(Lot), table_of(LotUse)
_original, _taken, _from = _transfer.alias("original"), _use.alias("taken"), _lot.alias("from_lot")
_corrects = sa.func.coalesce(_transfer.c.refund_of, _transfer.c.reverses_id)


def check_lots(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find lots that contradict their movements, don't add up to their account or have wrong dates."""
    yield from _check_folds(session, scope)
    yield from _check_accounts(session, scope)
    for side in ("debit", "credit"):
        yield from _wrong(session, scope, f"lots_{side}ed", "transfer", _sides(scope.shape, side))
    yield from _wrong(session, scope, "lot_use_elsewhere", "transfer", _uses_elsewhere(scope.shape))
    badly_made = scope.since is not None or has_rows(session, _badly_made(scope.shape), scope.values)
    if badly_made:
        yield from _wrong(session, scope, "lot_origin", "lot", _without_origin(scope.shape))
    yield from _wrong(session, scope, "lot_minted", "lot", _minted(scope.shape))
    yield from _wrong(session, scope, "lot_given_back", "transfer", _given_back(scope.shape))
    if badly_made:
        yield from _wrong(session, scope, "lot_dates", "lot", _gifts_with_other_dates(scope.shape))
        yield from _wrong(session, scope, "lot_dates", "lot", _earned_at_another_time(scope.shape))
    advance(1)


def _wrong(session: Session, scope: Scope, check: str, table: str, query: "sa.Select[Any]") -> Iterator[Difference]:
    return (Difference(check, table, row[0]) for row in stream(session, query, scope.values))


def _check_folds(session: Session, scope: Scope) -> Iterator[Difference]:
    """A lot is its amount plus its movements; only a movement that gives back may extend it, and says so."""
    for lot_id, should_remain, remains, should_hold, holds, unit in stream(session, _folds(scope.shape), scope.values):
        if should_remain != remains:
            yield Difference("lot_remaining", "lot", lot_id, int(should_remain), remains, unit or "")
        elif should_hold != holds:
            yield Difference("lot_held", "lot", lot_id, int(should_hold), holds, unit or "")
        else:
            yield Difference("lot_extended", "lot", lot_id)


@cache
def _folds(book: Shape) -> "sa.Select[Any]":
    """Lots that differ from their movements."""
    used = (
        sa.select(
            _use.c.lot_id,
            sa.func.sum(_use.c.remaining_change).label("taken"),
            sa.func.sum(_use.c.held_change).label("held"),
            sa.func.max(sa.case((_use.c.remaining_change > 0, _use.c.extended_to))).label("extended_to"),
        )
        .where(_use.c.center_id == book.center_id, book.among(_use.c.lot_id, book.touched_lots))
        .group_by(_use.c.lot_id)
        .subquery()
    )
    remaining, held = _lot.c.amount + sa.func.coalesce(used.c.taken, 0), sa.func.coalesce(used.c.held, 0)
    return (
        sa.select(_lot.c.id, remaining, _lot.c.remaining, held, _lot.c.held, _account.c.unit)
        .outerjoin(used, used.c.lot_id == _lot.c.id)
        .outerjoin(_account, _same(_account, _lot, _lot.c.account_id))
        .where(_lot.c.center_id == book.center_id, book.among(_lot.c.id, book.touched_lots))
        .where(
            sa.or_(
                _lot.c.remaining != remaining,
                _lot.c.held != held,
                _lot.c.extended_to.is_distinct_from(used.c.extended_to),
            )
        )
        .order_by(_lot.c.id)
    )


def _check_accounts(session: Session, scope: Scope) -> Iterator[Difference]:
    """In every account, remaining lots must sum to the balance, and held lots to the account's holds."""
    for account_id, unit, expected, found, should_hold, found_held in stream(
        session, _accounts(scope.shape), scope.values
    ):
        if expected != found:
            yield Difference("lots_balance", "account", account_id, expected, int(found), unit)
        if should_hold != found_held:
            yield Difference("lots_held", "account", account_id, should_hold, int(found_held), unit)


@cache
def _accounts(book: Shape) -> "sa.Select[Any]":
    """Accounts that differ from their lots."""
    a = _account.c
    sums = (
        sa.select(
            _lot.c.account_id, sa.func.sum(_lot.c.remaining).label("left"), sa.func.sum(_lot.c.held).label("held")
        )
        .where(_lot.c.center_id == book.center_id, _lot.c.remaining > 0)
        .group_by(_lot.c.account_id)
        .subquery()
    )
    left, held = sa.func.coalesce(sums.c.left, 0), sa.func.coalesce(sums.c.held, 0)
    balance = sa.case((a.in_lots, a.credits_posted - a.debits_posted), else_=0)
    holds = sa.case((a.in_lots, a.debits_pending), else_=0)
    return (
        sa.select(a.id, a.unit, balance, left, holds, held)
        .outerjoin(sums, sums.c.account_id == a.id)
        .where(a.center_id == book.center_id, sa.or_(a.in_lots, sums.c.left.is_not(None)))
        .where(sa.or_(left != balance, held != holds))
        .order_by(a.id)
    )


@cache
def _sides(book: Shape, side: str) -> "sa.Select[Any]":
    """Transfers whose lot movements and new lots on one side don't add up to what they moved there."""
    t, pending = _transfer.c, _transfer.alias("pending")
    uses, made = _uses_by_account(book).subquery(), _made_by_account(book).subquery()
    account_id = t[f"{side}_account_id"]
    sign, pins = (-1, 1) if side == "debit" else (1, 0)
    expected = sa.case((t.kind.in_(COUNTS_AS_POSTED), sign * t.amount), else_=0)
    held = sa.case((t.kind == "pending", pins * t.amount), else_=-pins * sa.func.coalesce(pending.c.amount, 0))
    moved = sa.func.coalesce(uses.c.moved, 0) + (sa.func.coalesce(made.c.amount, 0) if side == "credit" else 0)
    in_lots = sa.select(_account.c.id).where(_account.c.center_id == book.center_id, _account.c.in_lots)
    if not book.whole:
        # Only few transfers are new: look up the account of each instead of listing all accounts.
        in_lots = in_lots.where(_account.c.id == account_id).correlate(_transfer)
    return (
        sa.select(t.id)
        .outerjoin(pending, _same(pending, _transfer, t.pending_id))
        .outerjoin(uses, sa.and_(uses.c.transfer_id == t.id, uses.c.account_id == account_id))
        .outerjoin(made, sa.and_(made.c.transfer_id == t.id, made.c.account_id == account_id))
        .where(t.center_id == book.center_id, book.among(t.batch_id, book.new_batches), account_id.in_(in_lots))
        .where(sa.or_(moved != expected, sa.func.coalesce(uses.c.held, 0) != held))
        # Not the bare column: SQLite would scan all transfers in that order instead of starting from the accounts.
        .order_by(t.id + 0)
    )


def _uses_by_account(book: Shape) -> "sa.Select[Any]":
    return (
        sa.select(
            _use.c.transfer_id,
            _lot.c.account_id,
            sa.func.sum(_use.c.remaining_change).label("moved"),
            sa.func.sum(_use.c.held_change).label("held"),
        )
        .join(_lot, _same(_lot, _use, _use.c.lot_id))
        .where(_use.c.center_id == book.center_id, book.among(_use.c.transfer_id, book.new_transfers))
        .group_by(_use.c.transfer_id, _lot.c.account_id)
    )


def _made_by_account(book: Shape) -> "sa.Select[Any]":
    return (
        sa.select(_lot.c.transfer_id, _lot.c.account_id, sa.func.sum(_lot.c.amount).label("amount"))
        .where(_lot.c.center_id == book.center_id, book.among(_lot.c.transfer_id, book.new_transfers))
        .group_by(_lot.c.transfer_id, _lot.c.account_id)
    )


@cache
def _uses_elsewhere(book: Shape) -> "sa.Select[Any]":
    """Movements without their lot or transfer, or of a lot on neither side."""
    t = _transfer.c
    wrong = sa.or_(
        t.id.is_(None), _lot.c.id.is_(None), _lot.c.account_id.not_in((t.debit_account_id, t.credit_account_id))
    )
    return (
        sa.select(_use.c.transfer_id)
        .outerjoin(_transfer, _same(_transfer, _use, _use.c.transfer_id))
        .outerjoin(_lot, _same(_lot, _use, _use.c.lot_id))
        .where(_use.c.center_id == book.center_id, book.among(_use.c.transfer_id, book.new_transfers), wrong)
    )


@cache
def _badly_made(book: Shape) -> "sa.Select[int]":
    """The number of lots without an origin or with wrong dates: one scan of all lots answers all three questions."""
    query = (
        sa.select(_lot.c.id)
        .outerjoin(_transfer, _same(_transfer, _lot, _lot.c.transfer_id))
        .outerjoin(_account, _same(_account, _transfer, _transfer.c.debit_account_id))
        .outerjoin(_batch, _same(_batch, _transfer, _transfer.c.batch_id))
        .where(_lot.c.center_id == book.center_id)
        .where(sa.or_(_has_no_origin(), _has_other_dates(), _was_earned_otherwise()))
    )
    return count_of(query)


def _made(book: Shape, *wrong: "sa.ColumnElement[bool]") -> "sa.Select[Any]":
    """Lots that match the conditions, with the transfers that made them."""
    return (
        sa.select(_lot.c.id)
        .outerjoin(_transfer, _same(_transfer, _lot, _lot.c.transfer_id))
        .where(_lot.c.center_id == book.center_id, book.among(_lot.c.transfer_id, book.new_transfers), *wrong)
        .order_by(_lot.c.id)
    )


@cache
def _without_origin(book: Shape) -> "sa.Select[Any]":
    return _made(book, _has_no_origin())


def _has_no_origin() -> "sa.ColumnElement[bool]":
    """No transfer made the lot, or it credited another account."""
    return sa.or_(_transfer.c.id.is_(None), _transfer.c.credit_account_id != _lot.c.account_id)


@cache
def _minted(book: Shape) -> "sa.Select[Any]":
    """Lots made by a correction that returns points to their giver: these must go back to the original lots."""
    minted = _original.c.debit_account_id == _transfer.c.credit_account_id
    query = _made(book, minted).join(_original, _same(_original, _transfer, _corrects))
    if not book.whole:
        return query
    # Corrections are few and indexed, so start from them.
    own = _transfer.alias("own")
    corrections = (
        sa.select(own.c.id).where(own.c.center_id == book.center_id, own.c[name].is_not(None))
        for name in ("refund_of", "reverses_id")
    )
    return query.where(_lot.c.transfer_id.in_(sa.union_all(*corrections)))


@cache
def _given_back(book: Shape) -> "sa.Select[Any]":
    """Corrected transfers that returned more to a lot than they had taken from it."""
    same = sa.and_(_taken.c.center_id == _use.c.center_id, _taken.c.lot_id == _use.c.lot_id)
    took = sa.func.coalesce(-_taken.c.remaining_change, 0)
    return (
        sa.select(_corrects)
        .join(_use, sa.and_(_use.c.center_id == _transfer.c.center_id, _use.c.transfer_id == _transfer.c.id))
        .outerjoin(_taken, sa.and_(same, _taken.c.transfer_id == _corrects))
        .where(_transfer.c.center_id == book.center_id, _corrects.is_not(None), _use.c.remaining_change > 0)
        .where(book.among(_use.c.lot_id, book.touched_lots))
        .group_by(_corrects, _use.c.lot_id, _taken.c.remaining_change)
        .having(sa.func.sum(_use.c.remaining_change) > took)
    )


@cache
def _gifts_with_other_dates(book: Shape) -> "sa.Select[Any]":
    query = _made(book, _has_other_dates())
    return query.join(_account, _same(_account, _transfer, _transfer.c.debit_account_id))


def _has_other_dates() -> "sa.ColumnElement[bool]":
    """Between accounts kept in lots, a new lot must copy the dates of a lot that gave the same amount."""
    longer = sa.select(_use.c.extended_to).where(
        _use.c.center_id == _from.c.center_id, _use.c.lot_id == _from.c.id, _use.c.extended_to.is_not(None)
    )
    carried = sa.exists().where(
        _taken.c.center_id == _lot.c.center_id,
        _taken.c.transfer_id == _lot.c.transfer_id,
        _taken.c.remaining_change == -_lot.c.amount,
        _same(_from, _taken, _taken.c.lot_id),
        _from.c.earned_at == _lot.c.earned_at,
        sa.or_(_from.c.expires_on.is_not_distinct_from(_lot.c.expires_on), _lot.c.expires_on.in_(longer)),
    )
    return sa.and_(_account.c.in_lots, sa.not_(carried))


@cache
def _earned_at_another_time(book: Shape) -> "sa.Select[Any]":
    query = _made(book, _was_earned_otherwise())
    query = query.join(_account, _same(_account, _transfer, _transfer.c.debit_account_id))
    return query.join(_batch, _same(_batch, _transfer, _transfer.c.batch_id))


def _was_earned_otherwise() -> "sa.ColumnElement[bool]":
    """A lot from outside the lots is earned at the batch's effective time, and an extension never shortens it."""
    wrong = sa.or_(_lot.c.earned_at != _batch.c.effective_at, _lot.c.extended_to < _lot.c.expires_on)
    return sa.and_(sa.not_(_account.c.in_lots), wrong)


def _same(
    table: "sa.FromClause", other: "sa.FromClause", reference: "sa.ColumnElement[Any]"
) -> "sa.ColumnElement[bool]":
    return sa.and_(table.c.center_id == other.c.center_id, table.c.id == reference)
