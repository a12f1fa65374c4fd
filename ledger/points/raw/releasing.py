"""Releases expired holds of the raw ledger, as a job. Other capabilities release their own holds."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import system_actor
from ledger.kernel.types import table_of
from ledger.points.book import service
from ledger.points.models import Account, Transfer
from ledger.points.policy import Source

_account, _transfer = table_of(Account), table_of(Transfer)
_resolution = _transfer.alias("resolution")
_HOLDING = sa.select(_account.c.id).where(
    _account.c.center_id == sa.bindparam("center"), _account.c.kind == "free", _account.c.debits_pending > 0
)
_EXPIRED = (
    sa.select(_transfer.c.id)
    .where(
        _transfer.c.center_id == sa.bindparam("center"),
        _transfer.c.debit_account_id.in_(sa.bindparam("accounts", expanding=True)),
        _transfer.c.kind == "pending",
        _transfer.c.expires_at <= sa.bindparam("now"),
        ~sa.exists().where(
            _resolution.c.center_id == _transfer.c.center_id, _resolution.c.pending_id == _transfer.c.id
        ),
    )
    .order_by(_transfer.c.expires_at, _transfer.c.id)
    .limit(sa.bindparam("limit"))
)


def release_expired(session: Session, center_id: int, *, limit: int = 50) -> int:
    """Expire the oldest overdue holds, one batch each. Returns how many. A late post is refused by the clock anyway."""
    connection = session.connection()
    holding = list(connection.execute(_HOLDING, {"center": center_id}).scalars())
    if not holding:
        return 0
    parameters = {"center": center_id, "accounts": holding, "now": clock.now(), "limit": limit}
    expired = list(connection.execute(_EXPIRED, parameters).scalars())
    for transfer_id in expired:
        source = Source("transfer", str(transfer_id), "expire")
        service.resolve(
            session, [transfer_id], "expire", source=source, actor=system_actor(center_id), reason="release"
        )
    return len(expired)
