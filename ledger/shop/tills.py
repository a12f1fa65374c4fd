"""Shared by all writes of the till: the locked redemption, its changes, its code, its source in the ledger."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict, Keep, Rejected
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.state_change import StateChange
from ledger.kernel.types import table_of
from ledger.points.policy import Source
from ledger.shop.models import PayerCode, Redemption
from ledger.shop.policy import Status, step
from ledger.shop.redemption_queries import RedemptionView, get_redemption

_redemption, _code = table_of(Redemption), table_of(PayerCode)
_CHANGE = StateChange(_redemption, _redemption.c.id)
_END_CODE = Prepared(
    sa.update(_code)
    .where(_code.c.center_id == sa.bindparam("of_center"), _code.c.id == sa.bindparam("of_id"))
    .values(status=sa.bindparam("status"))
)


def locked(session: Session, redemption_id: int, actor: Actor, *, to: Status) -> RedemptionView:
    """Lock a redemption that can reach the state `to`, for a clerk of its shop who is not its member.

    Raises NotFound("shop.redemption_not_found"), Forbidden("access.denied"), Rejected("shop.clerk_self_dealing"),
    Conflict("shop.already_confirmed" | "shop.already_released" | "shop.wrong_state").
    """
    redemption = get_redemption(session, redemption_id, actor.center_id, lock=True)
    actor.need(Permission.TILL, redemption.place_path)
    if redemption.volunteer_id == actor.volunteer_id:
        raise Rejected("shop.clerk_self_dealing")
    step(redemption.status, to, receipt=receipt_of(redemption))
    return redemption


def receipt_of(redemption: RedemptionView) -> dict[str, Any]:
    """Details of an existing receipt for a refusal, so that nobody charges again."""
    if not redemption.receipt:
        return {}
    return {
        "receipt": redemption.receipt,
        "redemption_id": redemption.id,
        "total_points": redemption.total,
        "balance_after_points": redemption.balance_after,
        "confirmed_at": redemption.confirmed_at and redemption.confirmed_at.isoformat(),
    }


def refuse_frozen(redemption: RedemptionView) -> None:
    """Raise Rejected("shop.member_frozen") if the member was blocked after the code was scanned."""
    if redemption.member_status != "active":
        raise Rejected("shop.member_frozen")


def change(
    session: Session, redemption: RedemptionView, values: Mapping[str, Any], *, to: Status | None = None
) -> None:
    """Change a redemption that is still in the state it was read in, optionally taking it `to` another.

    Raises what `locked` raises for a transition that is not allowed; Conflict("service.conflict") if its state changed.
    """
    if to is not None:
        values = {**values, "status": step(redemption.status, to, receipt=receipt_of(redemption))}
    if not _CHANGE.rows(session, redemption.id, redemption.center_id, status=redemption.status, values=values):
        raise Conflict("service.conflict")


def end_code(session: Session, code_id: int, center_id: int, *, status: str) -> None:
    """End a code: CONSUMED by a receipt, BURNED by anything else."""
    _END_CODE.run(session, [{"of_center": center_id, "of_id": code_id, "status": status}])


def burner(code_id: int, center_id: int) -> Keep:
    """Burns the code even if the rest is refused, so that it can't be tried at another till."""
    return lambda session: end_code(session, code_id, center_id, status="BURNED")


def source(redemption: RedemptionView, step: str) -> Source:
    """The redemption as the source of a batch."""
    return Source("redemption", str(redemption.id), step)
