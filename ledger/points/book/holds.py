"""What holds an account: its pending transfers that nothing has resolved yet."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.types import table_of
from ledger.points.models import Transfer

_transfer = table_of(Transfer)
_resolution = _transfer.alias("resolution")
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Hold:
    """A pending transfer as its account sees it: the debit side is held back, the credit side is promised."""

    transfer_id: int
    side: str
    amount: int
    code: str
    expires_at: datetime
    recorded_at: datetime


def open_holds(session: Session, account_id: int, center_id: int, *, as_of: datetime | None = None) -> list[Hold]:
    """The holds that stand now or stood as of a recorded time, those that end soonest first."""
    ended = sa.exists().where(_resolution.c.center_id == center_id, _resolution.c.pending_id == _transfer.c.id)
    query = sa.select(_transfer).where(
        _transfer.c.center_id == center_id,
        sa.or_(_transfer.c.debit_account_id == account_id, _transfer.c.credit_account_id == account_id),
        _transfer.c.kind == "pending",
    )
    if as_of is not None:
        query = query.where(_transfer.c.recorded_at <= as_of)
        ended = ended.where(_resolution.c.recorded_at <= as_of)
    rows = session.execute(query.where(~ended).order_by(_transfer.c.expires_at, _transfer.c.id).limit(MOST_SHOWN))
    return [
        Hold(
            transfer_id=row.id,
            side="debit" if row.debit_account_id == account_id else "credit",
            amount=row.amount,
            code=row.code,
            expires_at=row.expires_at,
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]
