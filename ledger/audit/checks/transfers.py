"""Check every transfer against its accounts, its batch and the transfer it resolves, reverses or refunds.

Each check is one statement that returns the wrong rows; a sound book returns none.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Advance, Difference, count_of, has_rows, stream
from ledger.audit.checks.scope import Scope, Shape
from ledger.kernel.types import table_of
from ledger.points.book import queries as points
from ledger.points.models import Account, Batch, Lot, LotUse, Transfer

_account, _batch, _transfer = table_of(Account), table_of(Batch), table_of(Transfer)
_lot, _use = table_of(Lot), table_of(LotUse)
_SIDES = ("debit", "credit")
_other, _member = _transfer.alias("other"), _account.alias("member_account")


def check_transfers(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find transfers that break a rule of the book."""
    book = scope.shape
    misplaced = scope.since is not None or _some_are_misplaced(session, scope)
    if misplaced:
        for side in _SIDES:
            yield from _wrong(session, scope, "side_does_not_fit", _sides_that_do_not_fit(book, side))
    if scope.since is None:
        yield from _unbalanced(session, scope.center_id)
    yield from _wrong(session, scope, "resolution_differs", _bad_resolutions(book))
    yield from _more_than_one(session, "resolved_twice", scope, _transfer.c.pending_id)
    yield from _wrong(session, scope, "reversal_differs", _bad_reversals(book))
    yield from _more_than_one(session, "reversed_twice", scope, _transfer.c.reverses_id)
    yield from _wrong(session, scope, "refund_differs", _bad_refunds(book))
    yield from _over_refunded(session, scope)
    if misplaced:
        yield from _wrong(session, scope, "batch_differs", _outside_their_batch(book))
    yield from _empty_batches(session, scope)


def _wrong(session: Session, scope: Scope, check: str, query: "sa.Select[Any]") -> Iterator[Difference]:
    return (Difference(check, "transfer", row[0]) for row in stream(session, query, scope.values))


def _some_are_misplaced(session: Session, scope: Scope) -> bool:
    """Whether any transfer of the whole book doesn't fit its accounts or its batch."""
    return any(has_rows(session, count, scope.values) for count in _misplaced(scope.shape))


@cache
def _misplaced(book: Shape) -> "list[sa.Select[int]]":
    """Numbers of rows that do not fit.

    One scan of the transfers joins accounts of the same unit (by an index-only lookup) and the batch. Whether an
    account's transfers carry versions as they should takes no scan, only a look at the first entry in the index.
    """
    t, a = _transfer.c, _account.c
    walk, without = sa.select(t.id).outerjoin(_batch, _own_batch()), [_is_outside_its_batch()]
    for side in _SIDES:
        account = _account.alias(f"{side}_account")
        walk = walk.outerjoin(account, sa.and_(_own_account(side, account), account.c.unit == t.unit))
        without.append(account.c.id.is_(None))
    queries = [walk.where(*_looked_at(book), sa.or_(*without))]
    queries += [_kept_otherwise(book, side, counted=counted) for side in _SIDES for counted in (True, False)]
    queries.append(sa.select(a.id).where(a.center_id == book.center_id).group_by(a.id).having(sa.func.count() > 1))
    return [count_of(query) for query in queries]


def _kept_otherwise(book: Shape, side: str, *, counted: bool) -> "sa.Select[Any]":
    """Transfers of counted accounts without a version, or of other accounts with one; an index covers both columns."""
    t, a = _transfer.c, _account.c
    ids = sa.select(a.id).where(a.center_id == book.center_id, a.counted if counted else sa.not_(a.counted))
    version = t[f"{side}_version"]
    otherwise = version.is_(None) if counted else version.is_not(None)
    return sa.select(t.id).where(*_looked_at(book), t[f"{side}_account_id"].in_(ids), otherwise)


@cache
def _sides_that_do_not_fit(book: Shape, side: str) -> "sa.Select[Any]":
    query = sa.select(_transfer.c.id).outerjoin(_account, _own_account(side, _account))
    return query.where(*_looked_at(book), _does_not_fit(side, _account))


def _own_account(side: str, account: "sa.FromClause") -> "sa.ColumnElement[bool]":
    t = _transfer.c
    return sa.and_(account.c.center_id == t.center_id, account.c.id == t[f"{side}_account_id"])


def _does_not_fit(side: str, account: "sa.FromClause") -> "sa.ColumnElement[bool]":
    """No such account, or one of another unit, or counted while the transfer has no version (or the reverse)."""
    versioned = _transfer.c[f"{side}_version"].is_not(None)
    return sa.or_(account.c.id.is_(None), account.c.unit != _transfer.c.unit, account.c.counted != versioned)


def _looked_at(book: Shape) -> "tuple[sa.ColumnElement[bool], ...]":
    t = _transfer.c
    return t.center_id == book.center_id, book.among(t.batch_id, book.new_batches)


def _unbalanced(session: Session, center_id: int) -> Iterator[Difference]:
    totals: dict[str, list[int]] = {}
    for line in points.trial_balance(session, center_id):
        total = totals.setdefault(line.unit, [0, 0])
        total[0] += line.debits
        total[1] += line.credits
    for unit, (debited, credited) in totals.items():
        if debited != credited:
            yield Difference("unit_unbalanced", "unit", 0, debited, credited, unit)


@cache
def _bad_resolutions(book: Shape) -> "sa.Select[Any]":
    """Resolutions of a transfer that is not pending, between other accounts, or for more than was held."""
    t, held = _transfer.c, _other.c
    wrong = sa.or_(
        held.id.is_(None),
        held.kind != "pending",
        t.debit_account_id != held.debit_account_id,
        t.credit_account_id != held.credit_account_id,
        t.amount > held.amount,
        sa.and_(t.kind != "post", t.amount != held.amount),
    )
    return _beside(t.pending_id, book).where(wrong)


@cache
def _bad_reversals(book: Shape) -> "sa.Select[Any]":
    """Reversals of a part, between other accounts, or of a reversal."""
    t, first = _transfer.c, _other.c
    wrong = sa.or_(
        first.id.is_(None),
        t.debit_account_id != first.credit_account_id,
        t.credit_account_id != first.debit_account_id,
        t.amount != first.amount,
        first.reverses_id.is_not(None),
    )
    return _beside(t.reverses_id, book).where(wrong)


@cache
def _bad_refunds(book: Shape) -> "sa.Select[Any]":
    """Refunds of a refund or between other accounts; but an award also as a debt or from what expired of it."""
    t, first = _transfer.c, _other.c
    mirrored = sa.and_(t.debit_account_id == first.credit_account_id, t.credit_account_id == first.debit_account_id)
    same_owner = sa.exists().where(
        _account.c.center_id == t.center_id,
        _account.c.id == t.debit_account_id,
        _account.c.kind.in_(("member", "debt")),
        _member.c.center_id == t.center_id,
        _member.c.id == first.credit_account_id,
        _member.c.kind == "member",
        _member.c.unit == _account.c.unit,
        _member.c.owner_id == _account.c.owner_id,
    )
    clawed_back = sa.and_(t.code == "clawback", first.code == "award", sa.or_(same_owner, _expired_of(first, t)))
    wrong = sa.or_(
        first.id.is_(None),
        first.refund_of.is_not(None),
        first.reverses_id.is_not(None),
        sa.not_(sa.or_(mirrored, clawed_back)),
    )
    return _beside(t.refund_of, book).where(wrong)


def _expired_of(first: Any, refund: Any) -> "sa.ColumnElement[bool]":
    """Whether a refund takes from where the first transfer's own lots expired to, no more than did."""
    expiry = _transfer.alias("expiry")
    expired = (
        sa.select(sa.func.sum(-_use.c.remaining_change))
        .select_from(_lot)
        .join(_use, sa.and_(_use.c.center_id == _lot.c.center_id, _use.c.lot_id == _lot.c.id))
        .join(expiry, sa.and_(expiry.c.center_id == _use.c.center_id, expiry.c.id == _use.c.transfer_id))
        .where(
            _lot.c.center_id == first.center_id,
            _lot.c.transfer_id == first.id,
            expiry.c.code == "expiry",
            expiry.c.credit_account_id == refund.debit_account_id,
        )
    )
    enough: sa.ColumnElement[bool] = sa.func.coalesce(expired.scalar_subquery(), 0) >= refund.amount
    return enough


def _beside(reference: "sa.Column[Any]", book: Shape) -> "sa.Select[Any]":
    """Transfers that reference another one, joined with it."""
    same = sa.and_(_other.c.center_id == _transfer.c.center_id, _other.c.id == reference)
    return sa.select(_transfer.c.id).outerjoin(_other, same).where(*_looked_at(book), reference.is_not(None))


def _more_than_one(session: Session, check: str, scope: Scope, reference: "sa.Column[Any]") -> Iterator[Difference]:
    found = stream(session, _repeated(scope.shape, reference), scope.values)
    return (Difference(check, "transfer", row[0], 1, row[1]) for row in found)


@cache
def _repeated(book: Shape, reference: "sa.Column[Any]") -> "sa.Select[Any]":
    """Transfers that more than one other references."""
    return (
        sa.select(reference, sa.func.count())
        .where(_transfer.c.center_id == book.center_id, reference.is_not(None))
        .where(book.among(reference, lambda: _named(book, reference)))
        .group_by(reference)
        .having(sa.func.count() > 1)
    )


def _named(book: Shape, reference: "sa.Column[Any]") -> "sa.Select[Any]":
    """Transfers that new ones reference."""
    return sa.select(reference).where(*_looked_at(book), reference.is_not(None))


def _over_refunded(session: Session, scope: Scope) -> Iterator[Difference]:
    for transfer_id, amount, refunded, unit in stream(session, _refunded_too_much(scope.shape), scope.values):
        yield Difference("refunded_too_much", "transfer", transfer_id, amount, int(refunded), unit)


@cache
def _refunded_too_much(book: Shape) -> "sa.Select[Any]":
    """Transfers of which more was refunded than they moved."""
    refunded = sa.func.sum(_transfer.c.amount)
    return (
        sa.select(_other.c.id, _other.c.amount, refunded, _other.c.unit)
        .join(_transfer, sa.and_(_transfer.c.center_id == _other.c.center_id, _transfer.c.refund_of == _other.c.id))
        .where(_transfer.c.center_id == book.center_id, _transfer.c.refund_of.is_not(None))
        .where(book.among(_transfer.c.refund_of, lambda: _named(book, _transfer.c.refund_of)))
        .group_by(_other.c.id, _other.c.amount, _other.c.unit)
        .having(refunded > _other.c.amount)
    )


@cache
def _outside_their_batch(book: Shape) -> "sa.Select[Any]":
    return sa.select(_transfer.c.id).outerjoin(_batch, _own_batch()).where(*_looked_at(book), _is_outside_its_batch())


def _own_batch() -> "sa.ColumnElement[bool]":
    return sa.and_(_batch.c.center_id == _transfer.c.center_id, _batch.c.id == _transfer.c.batch_id)


def _is_outside_its_batch() -> "sa.ColumnElement[bool]":
    return sa.or_(_batch.c.id.is_(None), _batch.c.recorded_at != _transfer.c.recorded_at)


def _empty_batches(session: Session, scope: Scope) -> Iterator[Difference]:
    return (Difference("batch_empty", "batch", row[0]) for row in stream(session, _empty(scope.shape), scope.values))


@cache
def _empty(book: Shape) -> "sa.Select[Any]":
    """Batches without a transfer."""
    full = sa.exists().where(_transfer.c.center_id == _batch.c.center_id, _transfer.c.batch_id == _batch.c.id)
    own = (_batch.c.center_id == book.center_id, book.among(_batch.c.id, book.new_batches))
    return sa.select(_batch.c.id).where(*own, sa.not_(full))
