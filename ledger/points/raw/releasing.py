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
_ACCOUNTS_PER_QUERY = 500
_HOLDING = sa.select(_account.c.id).where(
    _account.c.center_id == sa.bindparam("center"),
    _account.c.kind == "free",
    # A literal, so that the partial index applies.
    _account.c.debits_pending > sa.literal_column("0"),
)
_EXPIRED = (
    sa.select(_transfer.c.id)
    .where(
        _transfer.c.center_id == sa.bindparam("center"),
        _transfer.c.debit_account_id.in_(sa.bindparam("accounts", expanding=True)),
        # Only holds have this time.
        _transfer.c.expires_at <= sa.bindparam("now"),
        ~sa.exists().where(
            _resolution.c.center_id == _transfer.c.center_id, _resolution.c.pending_id == _transfer.c.id
        ),
    )
    .order_by(_transfer.c.expires_at, _transfer.c.id)
    .limit(sa.bindparam("limit"))
)


def release_expired(session: Session, center_id: int, *, limit: int = MOST_RELEASED) -> int:
    """Expire overdue holds, one batch each. Returns how many. A late post is refused by the clock anyway."""
    expired = _expired(session, center_id, limit)
    for transfer_id in expired:
        source = Source("transfer", str(transfer_id), "expire")
        service.resolve(
            session, [transfer_id], "expire", source=source, actor=system_actor(center_id), reason="release"
        )
    return len(expired)


def _expired(session: Session, center_id: int, limit: int) -> list[int]:
    # Two queries: a join of both would go through all holds there ever were.
    connection = session.connection()
    holding = list(connection.execute(_HOLDING, {"center": center_id}).scalars())
    found: list[int] = []
    for start in range(0, len(holding), _ACCOUNTS_PER_QUERY):
        accounts = holding[start : start + _ACCOUNTS_PER_QUERY]
        parameters = {"center": center_id, "accounts": accounts, "now": clock.now(), "limit": limit - len(found)}
        found += connection.execute(_EXPIRED, parameters).scalars()
        if len(found) >= limit:
            break
    return found
