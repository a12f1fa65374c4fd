"""Open holds of an account: pending transfers that are not yet resolved."""

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
    """A pending transfer as its account sees it: held back on the debit side, promised on the credit side."""

    transfer_id: int
    side: str
    amount: int
    code: str
    expires_at: datetime
    recorded_at: datetime


def open_holds(session: Session, account_id: int, center_id: int, *, as_of: datetime | None = None) -> list[Hold]:
    """Holds open now or as of a time of recording, soonest to end first."""
    ended = sa.exists().where(_resolution.c.center_id == center_id, _resolution.c.pending_id == _transfer.c.id)
    query = sa.select(*(_transfer.c[name] for name in ("id", "amount", "code", "expires_at", "recorded_at"))).where(
        _transfer.c.center_id == center_id, _transfer.c.kind == "pending"
    )
    if as_of is not None:
        query = query.where(_transfer.c.recorded_at <= as_of)
        ended = ended.where(_resolution.c.recorded_at <= as_of)
    # One query per side for its index, sorted here: with `or` or ORDER BY, SQLite scans all transfers.
    holds = [
        Hold(transfer_id, side, amount, code, expires_at, recorded_at)
        for side in ("debit", "credit")
        for transfer_id, amount, code, expires_at, recorded_at in session.execute(
            query.where(_transfer.c[f"{side}_account_id"] == account_id, ~ended)
        )
    ]
    return sorted(holds, key=lambda hold: (hold.expires_at, hold.transfer_id))[:MOST_SHOWN]
