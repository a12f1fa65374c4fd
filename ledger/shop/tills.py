"""What every write at the till shares: the locked redemption, its change, its code, its source in the ledger."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict
from ledger.kernel.permissions import Permission
from ledger.points.policy import Source
from ledger.shop import queries
from ledger.shop.models import PayerCode, Redemption
from ledger.shop.queries import RedemptionView


def locked(session: Session, redemption_id: int, actor: Actor) -> RedemptionView:
    """The redemption, locked, for somebody who may serve at its shop. Raises Forbidden("access.denied")."""
    redemption = queries.get_redemption(session, redemption_id, actor.center_id, lock=True)
    actor.need(Permission.TILL, redemption.place_path)
    return redemption


def change(session: Session, redemption: RedemptionView, values: dict[str, Any]) -> None:
    """Change a redemption that is still in the state it was read in. Raises Conflict("service.conflict")."""
    statement = (
        sa.update(Redemption)
        .where(
            Redemption.center_id == redemption.center_id,
            Redemption.id == redemption.id,
            Redemption.status == redemption.status,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if session.connection().execute(statement).rowcount != 1:
        raise Conflict("service.conflict")
    session.expire_all()


def end_code(session: Session, code_id: int, center_id: int, *, status: str) -> None:
    """A code's end: CONSUMED by a receipt, BURNED by anything else."""
    session.execute(
        sa.update(PayerCode).where(PayerCode.center_id == center_id, PayerCode.id == code_id).values(status=status)
    )


def source(redemption: RedemptionView, step: str) -> Source:
    """The redemption as the event behind a batch."""
    return Source("redemption", str(redemption.id), step)
