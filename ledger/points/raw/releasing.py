"""Releases expired holds of the raw ledger, as a job. Other capabilities release their own holds."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import system_actor
from ledger.kernel.types import table_of
from ledger.points.book import service
from ledger.points.models import Account, Transfer
from ledger.points.policy import Source

MOST_RELEASED = 50
_account, _transfer = table_of(Account), table_of(Transfer)
_resolution = _transfer.alias("resolution")
# Literals, so that the partial index applies.
_HOLDING = sa.and_(
    _account.c.center_id == sa.bindparam("center"),
    _account.c.kind == sa.literal_column("'free'"),
    _account.c.debits_pending > sa.literal_column("0"),
)
_EXPIRED = (
    sa.select(_transfer.c.id)
    .join_from(
        _account,
        _transfer,
        sa.and_(_transfer.c.center_id == _account.c.center_id, _transfer.c.debit_account_id == _account.c.id),
    )
    .where(
        _HOLDING,
        _transfer.c.kind == "pending",
        _transfer.c.expires_at <= sa.bindparam("now"),
        ~sa.exists().where(
            _resolution.c.center_id == _transfer.c.center_id, _resolution.c.pending_id == _transfer.c.id
        ),
    )
    .order_by(_transfer.c.expires_at, _transfer.c.id)
    .limit(sa.bindparam("limit"))
)


def release_expired(session: Session, center_id: int, *, limit: int = MOST_RELEASED) -> int:
    """Expire the oldest overdue holds, one batch each. Returns how many. A late post is refused by the clock anyway."""
    parameters = {"center": center_id, "now": clock.now(), "limit": limit}
    expired = list(session.connection().execute(_EXPIRED, parameters).scalars())
    for transfer_id in expired:
        source = Source("transfer", str(transfer_id), "expire")
        service.resolve(
            session, [transfer_id], "expire", source=source, actor=system_actor(center_id), reason="release"
        )
    return len(expired)
