"""Writes of the till after the hold: confirm with a receipt, cancel, void, and release of expired holds and carts."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor, system_actor
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.sweeping import sweep
from ledger.kernel.types import table_of
from ledger.points.book import entries
from ledger.points.book import service as points
from ledger.points.policy import POINT, AccountKey, Kind, Movement
from ledger.shop import redemption_queries as queries
from ledger.shop import tills
from ledger.shop.models import PayerCode, Redemption
from ledger.shop.numbering import next_receipt
from ledger.shop.policy import void_until
from ledger.shop.redemption_queries import RedemptionView

_EXTENSION = timedelta(days=30)


def confirm(session: Session, redemption_id: int, *, actor: Actor) -> dict[str, Any]:
    """Post the hold and assign a receipt number; the goods may be handed over.

    Raises Conflict("shop.hold_expired" | "shop.already_confirmed" | "shop.already_released" | "shop.wrong_state"),
    Rejected("shop.member_frozen" | "shop.clerk_self_dealing").
    """
    redemption = tills.locked(session, redemption_id, actor, to="CONFIRMED")
    if redemption.held_until is None or clock.now() >= redemption.held_until:
        raise Conflict("shop.hold_expired")
    tills.refuse_frozen(redemption)
    posted = _post(session, redemption, actor=actor)
    year = clock.local_day(posted.recorded_at, clock.zone()).year
    member = posted.balances[AccountKey(POINT, "member", redemption.volunteer_id)]
    receipt = {
        "confirmed_at": posted.recorded_at,
        "receipt_year": year,
        "receipt_number": next_receipt(session, redemption.shop_id, year, actor.center_id),
        "balance_after": member.balance,
    }
    tills.change(session, redemption, receipt, to="CONFIRMED")
    tills.end_code(session, redemption.payer_code_id, actor.center_id, status="CONSUMED")
    return queries.facts(session, redemption_id, actor.center_id)


def _post(session: Session, redemption: RedemptionView, *, actor: Actor) -> points.Posted:
    try:
        return points.resolve(
            session,
            _pending(redemption),
            "post",
            source=tills.source(redemption, "post"),
            actor=actor,
            reason="redemption",
            evidence=queries.facts_with_balance(session, redemption),
        )
    except Conflict as refusal:
        # The book's time never goes back: after a machine with a fast clock, it is later in the book than here.
        if refusal.code != "points.pending_transfer_expired":
            raise
        raise Conflict("shop.hold_expired") from refusal


def cancel(session: Session, redemption_id: int, *, actor: Actor) -> dict[str, Any]:
    """Release a cart or its hold; the member needs a new code.

    Raises Conflict("shop.already_confirmed" | "shop.already_released").
    """
    redemption = tills.locked(session, redemption_id, actor, to="RELEASED")
    _release(session, redemption, "void", actor=actor)
    return queries.facts(session, redemption_id, actor.center_id)


def void(session: Session, redemption_id: int, reason: str, *, actor: Actor) -> dict[str, Any]:
    """Undo a receipt until 00:15 of the next local day: points return to the member, goods to the shelf.

    They return to their origin whoever asks; nobody voids an order of their own. Raises
    Rejected("shop.void_window_closed" | "shop.clerk_self_dealing"), Conflict("shop.wrong_state" |
    "shop.already_released").
    """
    redemption = tills.locked(session, redemption_id, actor, to="VOIDED")
    now = clock.now()
    if redemption.confirmed_at is None or now >= void_until(redemption.confirmed_at, clock.zone()):
        raise Rejected("shop.void_window_closed")
    movements = _mirror(session, redemption)
    source = tills.source(redemption, "void")
    points.post(session, movements, source=source, actor=actor, reason="void", evidence={"reason": reason})
    values = {"voided_at": now, "voided_by": actor.identity_id, "void_reason": reason}
    tills.change(session, redemption, values, to="VOIDED")
    return queries.facts(session, redemption_id, actor.center_id)


def release_expired(session: Session, center_id: int, *, limit: int = 100) -> int:
    """Release expired carts and holds; returns how many. Only housekeeping: confirm checks the time itself."""
    late = []
    # One query per state, so that finished redemptions, nearly all there are, are not scanned.
    for status, ends_at in (("HELD", Redemption.held_until), ("CART", Redemption.bound_until)):
        query = (
            sa.select(Redemption.created_at, Redemption.id)
            .where(Redemption.center_id == center_id, Redemption.status == status, ends_at <= clock.now())
            .order_by(Redemption.created_at, Redemption.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        late += [(row.created_at, row.id) for row in session.execute(query)]
    ids = [redemption_id for _, redemption_id in sorted(late)[:limit]]
    for redemption_id in ids:
        redemption = queries.get_redemption(session, redemption_id, center_id, lock=True)
        _release(session, redemption, "expire", actor=system_actor(center_id))
    return len(ids)


def forget_codes(session: Session, center_id: int) -> int:
    """Sweep codes without a cart a day after they expire. Until then a till can report them as expired."""
    long_over = PayerCode.expires_at < clock.now() - timedelta(days=1)
    return sweep(
        session, table_of(PayerCode), PayerCode.center_id == center_id, PayerCode.redemption_id.is_(None), long_over
    )


def _release(session: Session, redemption: RedemptionView, kind: Kind, *, actor: Actor) -> None:
    if redemption.status == "HELD":
        source = tills.source(redemption, "void" if kind == "void" else "expire")
        points.resolve(session, _pending(redemption), kind, source=source, actor=actor, reason="release")
    tills.change(session, redemption, {}, to="RELEASED")
    tills.end_code(session, redemption.payer_code_id, redemption.center_id, status="BURNED")


def _pending(redemption: RedemptionView) -> list[int]:
    return [
        transfer_id
        for line in redemption.lines
        for transfer_id in (line.points_transfer_id, line.goods_transfer_id)
        if transfer_id is not None
    ]


def _mirror(session: Session, redemption: RedemptionView) -> list[Movement]:
    """Reverse the posting of the receipt; each transfer names the one it reverses.

    Points go back to the lots they came from. With a void the shop corrects its own mistake on the same day, so a lot
    that has expired meanwhile is extended to 30 days from today: the member loses nothing.
    """
    extend_to = clock.today() + _EXTENSION
    batches = entries.batches_of(session, "redemption", str(redemption.id), redemption.center_id)
    posted = [transfer for batch in batches if batch.step == "post" for transfer in batch.transfers]
    ids = {side for transfer in posted for side in (transfer.debit_account_id, transfer.credit_account_id)}
    keys = entries.account_keys(session, ids, redemption.center_id)
    return [
        Movement(
            debit=keys[transfer.credit_account_id],
            credit=keys[transfer.debit_account_id],
            amount=transfer.amount,
            code=transfer.code,
            reverses_id=transfer.id,
            extend_to=extend_to if keys[transfer.debit_account_id].kind == "member" else None,
        )
        for transfer in posted
    ]
