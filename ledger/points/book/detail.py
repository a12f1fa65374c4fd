"""An account with its balance and open holds, from one snapshot."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.points.book import effective, reading
from ledger.points.book.holds import open_holds


def get_detail(
    session: Session,
    account_id: int,
    actor: Actor,
    *,
    as_of: datetime | None = None,
    effective_until: datetime | None = None,
) -> dict[str, Any]:
    """The account with `available` and `holds`: now, as of a time of recording, or by effective time (without holds).

    Raises NotFound("points.account_not_found").
    """
    account = reading.get_account(session, account_id, actor, as_of=as_of)
    shown = asdict(account) | {"available": account.available}
    if effective_until is not None:
        amount = effective.balance(session, account_id, actor.center_id, effective_until=effective_until)
        return shown | {"balance": amount, "held": 0, "available": amount, "holds": []}
    return shown | {"holds": open_holds(session, account_id, actor.center_id, as_of=as_of)}
