"""The book by effective time, not time of recording: back-dated postings count when they happened."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.book.queries import TrialLine
from ledger.points.models import Account, Batch, Transfer
from ledger.points.policy import COUNTS_AS_POSTED

_account, _batch, _transfer = table_of(Account), table_of(Batch), table_of(Transfer)
_same_batch = sa.and_(_batch.c.center_id == _transfer.c.center_id, _batch.c.id == _transfer.c.batch_id)


def balance(session: Session, account_id: int, center_id: int, *, effective_until: datetime) -> int:
    """Balance of an account by effective time. Scans all entries of the account."""
    sums = [_of_account(side, account_id, center_id, effective_until).scalar_subquery() for side in ("credit", "debit")]
    credited, debited = session.execute(sa.select(*sums)).one()
    return int(credited) - int(debited)


def trial_balance(session: Session, center_id: int, *, effective_until: datetime) -> list[TrialLine]:
    """Debits and credits per unit and kind of account, by effective time."""
    sides = [_per_account(side, center_id, effective_until).subquery() for side in ("debit", "credit")]
    sums = [sa.func.coalesce(sa.func.sum(side.c.amount), 0) for side in sides]
    query = (
        sa.select(_account.c.unit, _account.c.kind, sa.func.count(), *sums)
        .outerjoin(sides[0], sides[0].c.account_id == _account.c.id)
        .outerjoin(sides[1], sides[1].c.account_id == _account.c.id)
        .where(
            _account.c.center_id == center_id,
            sa.or_(sides[0].c.amount.is_not(None), sides[1].c.amount.is_not(None)),
        )
        .group_by(_account.c.unit, _account.c.kind)
        .order_by(_account.c.unit, _account.c.kind)
    )
    return [
        TrialLine(unit, kind, number, int(debited), int(credited))
        for unit, kind, number, debited, credited in session.execute(query)
    ]


def _of_account(side: str, account_id: int, center_id: int, until: datetime) -> "sa.Select[tuple[int]]":
    return (
        sa.select(sa.func.coalesce(sa.func.sum(_transfer.c.amount), 0))
        .join(_batch, _same_batch)
        .where(
            _transfer.c.center_id == center_id,
            _transfer.c[f"{side}_account_id"] == account_id,
            _transfer.c.kind.in_(COUNTS_AS_POSTED),
            _batch.c.effective_at <= until,
        )
    )


def _per_account(side: str, center_id: int, until: datetime) -> "sa.Select[tuple[int, int]]":
    account_id = _transfer.c[f"{side}_account_id"]
    return (
        sa.select(account_id.label("account_id"), sa.func.sum(_transfer.c.amount).label("amount"))
        .join(_batch, _same_batch)
        .where(
            _transfer.c.center_id == center_id,
            _transfer.c.kind.in_(COUNTS_AS_POSTED),
            _batch.c.effective_at <= until,
        )
        .group_by(account_id)
    )
