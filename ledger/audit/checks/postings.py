"""Collect what sources have posted, net of reversals, per account; a chunk of sources at a time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.models import Account, Batch, Transfer
from ledger.points.policy import AccountKey

_batch, _transfer = table_of(Batch), table_of(Transfer)
_debit, _credit = table_of(Account).alias("debit_account"), table_of(Account).alias("credit_account")


@dataclass(slots=True)
class Postings:
    """Postings of one source: net change and hold per account, and when each step was recorded."""

    gained: dict[AccountKey, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[AccountKey, int] = field(default_factory=lambda: defaultdict(int))
    steps: dict[str, datetime] = field(default_factory=dict)
    balance_after: dict[tuple[str, AccountKey], int] = field(default_factory=dict)
    pending: dict[int, tuple[AccountKey, AccountKey, int]] = field(default_factory=dict)
    batch_ids: list[int] = field(default_factory=list)


def postings_of(session: Session, center_id: int, source_type: str, ids: Iterable[int]) -> dict[int, Postings]:
    """Postings by source id; sources without any are left out."""
    found: dict[int, Postings] = {}
    query = _query(center_id, source_type, [str(source_id) for source_id in ids])
    for row in session.connection().execute(query):
        own = found.setdefault(int(row.source_ref), Postings())
        debit = AccountKey(row.unit, row.debit_kind, row.debit_owner)
        credit = AccountKey(row.unit, row.credit_kind, row.credit_owner)
        own.batch_ids.append(row.batch_id)
        own.steps[row.step] = row.recorded_at
        if row.kind in ("posted", "post"):
            own.gained[debit] -= row.amount
            own.gained[credit] += row.amount
            own.balance_after[row.step, debit] = row.debit_balance_after
        if row.kind == "pending":
            own.held[debit] += row.amount
            own.pending[row.id] = (debit, credit, row.amount)
        if row.pending_id in own.pending:
            own.held[debit] -= own.pending[row.pending_id][2]
    return found


def _query(center_id: int, source_type: str, refs: list[str]) -> "sa.Select[tuple[object, ...]]":
    t = _transfer.c
    return (
        sa.select(
            _batch.c.source_ref,
            _batch.c.id.label("batch_id"),
            _batch.c.step,
            _batch.c.recorded_at,
            t.id,
            t.kind,
            t.unit,
            t.amount,
            t.pending_id,
            t.debit_balance_after,
            _debit.c.kind.label("debit_kind"),
            _debit.c.owner_id.label("debit_owner"),
            _credit.c.kind.label("credit_kind"),
            _credit.c.owner_id.label("credit_owner"),
        )
        .join(_transfer, sa.and_(t.center_id == _batch.c.center_id, t.batch_id == _batch.c.id))
        .join(_debit, sa.and_(_debit.c.center_id == t.center_id, _debit.c.id == t.debit_account_id))
        .join(_credit, sa.and_(_credit.c.center_id == t.center_id, _credit.c.id == t.credit_account_id))
        .where(_batch.c.center_id == center_id, _batch.c.source_type == source_type, _batch.c.source_ref.in_(refs))
        # Holds sort before what resolves them, so the last line of a batch has the balance after it.
        .order_by(t.kind != "pending", _batch.c.recorded_at, _batch.c.id, t.debit_version, t.id)
    )
