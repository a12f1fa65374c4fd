"""Ask the database in which accounts a walk from the first transfer (`chains.py`) would find something.

Three questions, each one statement, cover what the walk covers. Does each transfer follow from the one whose version is
one less? Then an account's versions begin at one and have no gap. Are there as many transfers as the account's version,
and is the last one the account's? Then none is duplicated or left over. Are the counters the sums of the transfers? The
answer may include a sound account but never omits a wrong one.
"""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import stream
from ledger.audit.checks.scope import Scope, Shape
from ledger.kernel.types import table_of
from ledger.points.models import Account, Transfer
from ledger.points.policy import COUNTS_AS_POSTED

# As many as one more statement can name; beyond that, all accounts are walked.
MOST_SUSPECTS = 500
_account, _transfer = table_of(Account), table_of(Transfer)
_pending = _transfer.alias("pending")
_SIDES = ("debit", "credit")


def suspect_accounts(session: Session, scope: Scope) -> "list[int] | None":
    """Keys of the accounts to walk, which include every counted account with a difference; None for all."""
    found: set[int] = set()
    for query in _questions(scope.shape):
        for row in stream(session, query, scope.values):
            found.add(row[0])
            if len(found) > MOST_SUSPECTS:
                return None
    return sorted(found)


@cache
def _questions(book: Shape) -> "list[sa.Select[Any]]":
    """The statements, each of which returns keys of suspects."""
    queries = [_sums_differ(book), _doubled(book), _debts(book), *(_out_of_place(book, side) for side in _SIDES)]
    return [*queries, *(_do_not_follow(book, side) for side in _SIDES)]


def _do_not_follow(book: Shape, side: str) -> "sa.Select[Any]":
    """Accounts of transfers that don't follow from the one before, or leave the account below zero."""
    t = _transfer.c
    other = _SIDES[side == "debit"]
    before, beside = _transfer.alias("before"), _transfer.alias("beside")
    account_id, version = t[f"{side}_account_id"], t[f"{side}_version"]
    balance, held = t[f"{side}_balance_after"], t[f"{side}_held_after"]

    def of_neighbour(name: str) -> "sa.ColumnElement[Any]":
        return sa.func.coalesce(before.c[f"{side}_{name}"], beside.c[f"{other}_{name}"])

    earlier = sa.func.coalesce(before.c.recorded_at, beside.c.recorded_at)
    may_be_below = sa.exists().where(
        _account.c.center_id == t.center_id, _account.c.id == account_id, _account.c.overdraft
    )
    wrong = sa.or_(
        (version != 1).is_distinct_from(of_neighbour("version").is_not(None)),
        balance.is_distinct_from(sa.func.coalesce(of_neighbour("balance_after"), 0) + _posted(side)),
        held.is_distinct_from(sa.func.coalesce(of_neighbour("held_after"), 0) + _held(side)),
        t.recorded_at < earlier,
        sa.and_(balance < held, sa.not_(may_be_below)),
    )
    return (
        sa.select(account_id)
        .outerjoin(before, _is_before(before, side, account_id, version))
        .outerjoin(beside, _is_before(beside, other, account_id, version))
        .where(t.center_id == book.center_id, version.is_not(None), wrong)
    )


def _is_before(
    table: "sa.FromClause", side: str, account_id: "sa.Column[Any]", version: "sa.Column[Any]"
) -> "sa.ColumnElement[bool]":
    return sa.and_(
        table.c.center_id == _transfer.c.center_id,
        table.c[f"{side}_account_id"] == account_id,
        table.c[f"{side}_version"] == version - 1,
    )


def _posted(side: str) -> "sa.ColumnElement[int]":
    """Change of the posted balance on this side."""
    amount = _transfer.c.amount
    return sa.case(
        *((_transfer.c.kind == kind, -amount if side == "debit" else amount) for kind in COUNTS_AS_POSTED), else_=0
    )


def _held(side: str) -> "sa.ColumnElement[int]":
    """Change of the held amount on this side; only debits hold."""
    t = _transfer.c
    if side == "credit":
        return sa.literal(0)
    whole = sa.select(_pending.c.amount).where(_pending.c.center_id == t.center_id, _pending.c.id == t.pending_id)
    return sa.case(
        (t.kind == "pending", t.amount),
        (t.pending_id.is_(None), 0),
        else_=-sa.func.coalesce(whole.scalar_subquery(), 0),
    )


def _sums_differ(book: Shape) -> "sa.Select[Any]":
    """Counted accounts whose counters, version or last recording time differ from their transfers."""
    a = _account.c
    query = sa.select(a.id)
    wrong: list[sa.ColumnElement[bool]] = []
    number: sa.ColumnElement[int] = sa.literal(0)
    last_times = []
    for side in _SIDES:
        sums, freed = _sums(book, side).subquery(f"{side}_sums"), _freed(book, side).subquery(f"{side}_freed")
        last = _transfer.alias(f"last_{side}")
        query = query.outerjoin(sums, sums.c.account_id == a.id).outerjoin(freed, freed.c.account_id == a.id)
        same = (last.c.center_id == a.center_id, last.c[f"{side}_account_id"] == a.id)
        query = query.outerjoin(last, sa.and_(*same, last.c[f"{side}_version"] == a.version))
        pending = sa.func.coalesce(sums.c.pending, 0) - sa.func.coalesce(freed.c.amount, 0)
        wrong += [a[f"{side}s_pending"] != pending, a[f"{side}s_posted"] != sa.func.coalesce(sums.c.posted, 0)]
        number += sa.func.coalesce(sums.c.transfers, 0)
        last_times.append(last.c.recorded_at)
    last_time = sa.func.coalesce(*last_times)
    wrong += [a.version != number, a.last_recorded_at.is_distinct_from(last_time)]
    wrong.append((a.version != 0).is_distinct_from(last_time.is_not(None)))
    return query.where(a.center_id == book.center_id, a.counted, sa.or_(*wrong))


def _sums(book: Shape, side: str) -> "sa.Select[Any]":
    t = _transfer.c
    account_id = t[f"{side}_account_id"]
    return (
        sa.select(
            account_id.label("account_id"),
            sa.func.count().label("transfers"),
            sa.func.sum(sa.case(*((t.kind == kind, t.amount) for kind in COUNTS_AS_POSTED), else_=0)).label("posted"),
            sa.func.sum(sa.case((t.kind == "pending", t.amount), else_=0)).label("pending"),
        )
        .where(t.center_id == book.center_id)
        .group_by(account_id)
    )


def _freed(book: Shape, side: str) -> "sa.Select[Any]":
    """Amounts freed by resolutions: each frees its whole hold."""
    t = _transfer.c
    # Not the bare column: SQLite would use its index to avoid a sort and then visit every transfer.
    account_id = t[f"{side}_account_id"] + 0
    return (
        sa.select(account_id.label("account_id"), sa.func.sum(_pending.c.amount).label("amount"))
        .join(_pending, sa.and_(_pending.c.center_id == t.center_id, _pending.c.id == t.pending_id))
        .where(t.center_id == book.center_id, t.pending_id.is_not(None))
        .group_by(account_id)
    )


def _doubled(book: Shape) -> "sa.Select[Any]":
    """Duplicate accounts, possible only after somebody dropped the primary key."""
    own = (_account.c.center_id == book.center_id, _account.c.counted)
    return sa.select(_account.c.id).where(*own).group_by(_account.c.id).having(sa.func.count() > 1)


def _debts(book: Shape) -> "sa.Select[Any]":
    """Debts that may be overpaid: pending credits count as paid, and no transfer records that."""
    a, t = _account.c, _transfer.c
    credited = sa.exists().where(
        t.center_id == a.center_id, t.credit_account_id == a.id, sa.or_(t.kind == "pending", t.credit_balance_after > 0)
    )
    debited = sa.exists().where(t.center_id == a.center_id, t.debit_account_id == a.id, t.debit_balance_after > 0)
    return sa.select(a.id).where(a.center_id == book.center_id, a.kind == "debt", sa.or_(credited, debited))


def _out_of_place(book: Shape, side: str) -> "sa.Select[Any]":
    """Accounts that transfers moved as counted ones but that are not counted or don't exist."""
    a, t = _account.c, _transfer.c
    ids = (
        sa.select(t[f"{side}_account_id"].label("account_id"), sa.func.count(t[f"{side}_version"]).label("versions"))
        .where(t.center_id == book.center_id)
        .group_by(t[f"{side}_account_id"])
        .subquery()
    )
    same = sa.and_(a.center_id == book.center_id, a.id == ids.c.account_id, a.counted)
    return sa.select(ids.c.account_id).outerjoin(_account, same).where(ids.c.versions > 0, a.id.is_(None))
