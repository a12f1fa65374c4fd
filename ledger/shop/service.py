"""Writes of the till up to the hold: payer's code, cart, lines, hold. settling.py has what follows.

Points and goods of one redemption move in one batch. The redemption is locked first, then the ledger locks its accounts
in id order, so that two tills can't deadlock.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.crypto import token_hash
from ledger.kernel.errors import Conflict, Forbidden, Rejected, TooMany
from ledger.kernel.ids import new_id
from ledger.kernel.permissions import Permission
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.people.lookups import looking_up
from ledger.people.policy import ACTIVE
from ledger.people.volunteers import queries as people
from ledger.points.book import service as points
from ledger.points.policy import POINT, AccountKey, Movement
from ledger.shop import queries, redemption_queries, tills
from ledger.shop.models import PayerCode, Redemption, RedemptionLine
from ledger.shop.policy import (
    CART_LIFE,
    CODE_LIFE,
    HOLD_LIFE,
    MOST_CODES,
    Wanted,
    new_payer_code,
    read_payer_code,
    summed,
)
from ledger.shop.queries import ItemView
from ledger.shop.redemption_queries import RedemptionView
from ledger.shop.shortage import refuse_short

_line, _code = table_of(RedemptionLine), table_of(PayerCode)
_INSERT_CODE, _INSERT_REDEMPTION = Prepared(sa.insert(_code)), Prepared(sa.insert(table_of(Redemption)))
_FIND_CODE = Prepared(
    sa.select(_code.c.id, _code.c.volunteer_id, _code.c.status, _code.c.expires_at)
    .where(_code.c.center_id == sa.bindparam("center"), _code.c.code_hash == sa.bindparam("hash"))
    .with_for_update()
)
_UNSPENT_CODES = Prepared(
    sa.select(_code.c.expires_at)
    .where(
        _code.c.center_id == sa.bindparam("center"),
        _code.c.redemption_id.is_(None),
        _code.c.status == "ISSUED",
        # Both ends: of all codes that were never spent, only those of one lifetime are read.
        _code.c.expires_at > sa.bindparam("now"),
        _code.c.expires_at <= sa.bindparam("latest"),
        _code.c.volunteer_id == sa.bindparam("volunteer"),
    )
    .order_by(_code.c.expires_at)
    .limit(MOST_CODES)
)
_BIND_CODE = Prepared(
    sa.update(_code)
    .where(_code.c.center_id == sa.bindparam("of_center"), _code.c.id == sa.bindparam("of_id"))
    .values(status="BOUND", redemption_id=sa.bindparam("of_redemption"))
)
_OF_REDEMPTION = (
    _line.c.center_id == sa.bindparam("of_center"),
    _line.c.redemption_id == sa.bindparam("of_redemption"),
)
_INSERT_LINES = Prepared(sa.insert(_line))
_DELETE_LINES = sa.delete(_line).where(*_OF_REDEMPTION)
_NAME_TRANSFERS = Prepared(
    sa.update(_line)
    .where(*_OF_REDEMPTION, _line.c.position == sa.bindparam("of_position"))
    .values(points_transfer_id=sa.bindparam("points_id"), goods_transfer_id=sa.bindparam("goods_id"))
)


def issue_payer_code(session: Session, *, actor: Actor) -> dict[str, str]:
    """Issue a code for the actor: {"code", "expires_at"}; earlier codes stay valid until they expire.

    Raises Forbidden("access.denied"), Rejected("shop.member_frozen"), TooMany("request.too_many", seconds=…).
    """
    if actor.volunteer_id is None:
        raise Forbidden("access.denied")
    if people.get_volunteer(session, actor.volunteer_id, actor.center_id).status != ACTIVE:
        raise Rejected("shop.member_frozen")
    code, now = new_payer_code(), clock.now()
    _refuse_too_many(session, actor, now)
    row = {
        "center_id": actor.center_id,
        "id": new_id(),
        "volunteer_id": actor.volunteer_id,
        "code_hash": token_hash(code),
        "status": "ISSUED",
        "issued_at": now,
        "expires_at": now + CODE_LIFE,
    }
    _INSERT_CODE.run(session, [row])
    return {"code": code, "expires_at": (now + CODE_LIFE).isoformat()}


def open_cart(session: Session, shop_id: int, scanned: str, *, actor: Actor) -> dict[str, Any]:
    """Bind a code to a new cart for ten minutes; `redemption_queries.facts` describes the result.

    Raises Rejected("shop.code_…" | "shop.member_frozen" | "shop.clerk_self_dealing" | "shop.shop_closed"),
    Conflict("shop.code_bound_elsewhere"), Forbidden("access.denied"), TooMany("request.too_many").
    """
    shop = queries.get_shop(session, shop_id, actor.center_id)
    actor.need(Permission.TILL, shop.place_path)
    if shop.closed_at is not None:
        raise Rejected("shop.shop_closed")
    with looking_up(session, actor, "shop.code_malformed"):
        code = _usable_code(session, read_payer_code(scanned), actor.center_id)
    member = people.get_volunteer(session, code.volunteer_id, actor.center_id)
    if member.status != ACTIVE:
        raise Rejected("shop.member_frozen", keep=tills.burner(code.id, actor.center_id))
    if member.identity_id == actor.identity_id:
        raise Rejected("shop.clerk_self_dealing", keep=tills.burner(code.id, actor.center_id))
    now, redemption_id = clock.now(), new_id()
    row = {
        "center_id": actor.center_id,
        "id": redemption_id,
        "shop_id": shop_id,
        "volunteer_id": member.id,
        "payer_code_id": code.id,
        "clerk_id": actor.identity_id,
        "status": "CART",
        "total": 0,
        "created_at": now,
        "bound_until": now + CART_LIFE,
        "shop_name": shop.name,
    }
    _INSERT_REDEMPTION.run(session, [row])
    _BIND_CODE.run(session, [{"of_center": actor.center_id, "of_id": code.id, "of_redemption": redemption_id}])
    return redemption_queries.facts(session, redemption_id, actor.center_id)


def set_lines(session: Session, redemption_id: int, wanted: Sequence[Wanted], *, actor: Actor) -> dict[str, Any]:
    """Replace the cart's lines, at current prices.

    Stock is not checked before the hold. Raises Rejected("shop.item_unknown" | "shop.item_off_shelf"),
    Conflict("shop.hold_expired" | "shop.already_released" | "shop.already_confirmed" | "shop.wrong_state").
    """
    redemption = tills.locked(session, redemption_id, actor, to="HELD")
    _refuse_late_cart(redemption)
    lines = summed(wanted)
    items = queries.items_by_id(session, redemption.shop_id, [line.item_id for line in lines], actor.center_id)
    _refuse_off_shelf(items.values())
    session.connection().execute(_DELETE_LINES, {"of_center": actor.center_id, "of_redemption": redemption_id})
    rows = [
        {
            "center_id": actor.center_id,
            "redemption_id": redemption_id,
            "position": position,
            "item_id": line.item_id,
            "price_id": items[line.item_id].price_id,
            "quantity": line.quantity,
            "points": items[line.item_id].points * line.quantity,
            "name": items[line.item_id].name,
            "spec": items[line.item_id].spec,
        }
        for position, line in enumerate(lines, start=1)
    ]
    _INSERT_LINES.run(session, rows)
    tills.change(session, redemption, {"total": sum(row["points"] for row in rows)})
    return redemption_queries.facts(session, redemption_id, actor.center_id)


def hold(session: Session, redemption_id: int, *, actor: Actor) -> dict[str, Any]:
    """Hold points and goods of the cart for three minutes, all or nothing.

    Raises Rejected("shop.cart_empty" | "shop.points_insufficient" | "shop.sold_out" | "shop.held_by_others" |
    "shop.stock_short" | "shop.item_off_shelf" | "shop.member_frozen"),
    Conflict("shop.quote_stale" | "shop.hold_expired" | "shop.already_confirmed" | …).
    """
    redemption = tills.locked(session, redemption_id, actor, to="HELD")
    _refuse_late_cart(redemption)
    tills.refuse_frozen(redemption)
    if not redemption.lines:
        raise Rejected("shop.cart_empty")
    items = queries.items_by_id(
        session, redemption.shop_id, [line.item_id for line in redemption.lines], actor.center_id
    )
    _refuse_off_shelf(items.values())
    if any(items[line.item_id].price_id != line.price_id for line in redemption.lines):
        raise Conflict("shop.quote_stale")
    held_until = clock.now() + HOLD_LIFE
    posted = _hold_all(session, redemption, items, held_until, actor=actor)
    pairs = zip(redemption.lines, posted.transfer_ids[0::2], posted.transfer_ids[1::2], strict=True)
    of = {"of_center": actor.center_id, "of_redemption": redemption_id}
    rows = [of | {"of_position": line.position, "points_id": one, "goods_id": other} for line, one, other in pairs]
    _NAME_TRANSFERS.run(session, rows)
    tills.change(session, redemption, {"held_until": held_until}, to="HELD")
    return redemption_queries.facts(session, redemption_id, actor.center_id)


def open_and_hold(
    session: Session, shop_id: int, scanned: str, wanted: Sequence[Wanted], *, actor: Actor
) -> dict[str, Any]:
    """Open a cart, set its lines and hold them, all or nothing. A refusal burns the code, because it has been used.

    Raises what `open_cart`, `set_lines` and `hold` raise.
    """
    redemption_id = open_cart(session, shop_id, scanned, actor=actor)["id"]
    code_id = redemption_queries.get_redemption(session, redemption_id, actor.center_id).payer_code_id
    try:
        set_lines(session, redemption_id, wanted, actor=actor)
        return hold(session, redemption_id, actor=actor)
    except (Rejected, Conflict) as refusal:
        refusal.keep = refusal.keep or tills.burner(code_id, actor.center_id)
        raise


def _hold_all(
    session: Session, redemption: RedemptionView, items: dict[int, ItemView], until: datetime, *, actor: Actor
) -> points.Posted:
    member = AccountKey(POINT, "member", redemption.volunteer_id)
    redeemed = AccountKey(POINT, "redeemed", redemption.shop_id)
    movements = []
    for line in redemption.lines:
        item = items[line.item_id]
        handed_out = AccountKey(item.unit, "handed_out", redemption.shop_id)
        movements.append(Movement(member, redeemed, line.points, "redemption", expires_at=until))
        movements.append(Movement(item.stock_account, handed_out, line.quantity, "handed_out", expires_at=until))
    refuse_short(session, redemption, items)
    try:
        return points.post(
            session, movements, source=tills.source(redemption, "hold"), actor=actor, reason="redemption"
        )
    except Rejected:
        # Another till was quicker between the check and the lock: report what is short now.
        refuse_short(session, redemption, items)
        raise


def _refuse_late_cart(redemption: RedemptionView) -> None:
    if clock.now() >= redemption.bound_until:
        raise Conflict("shop.hold_expired")


def _refuse_off_shelf(items: Iterable[ItemView]) -> None:
    for item in items:
        if not item.on_shelf:
            raise Rejected("shop.item_off_shelf", item=item.name, item_id=item.id)


def _refuse_too_many(session: Session, actor: Actor, now: datetime) -> None:
    """Raises TooMany("request.too_many") if the member has not spent the codes of the last minute."""
    parameters = {"center": actor.center_id, "volunteer": actor.volunteer_id, "now": now, "latest": now + CODE_LIFE}
    rows = _UNSPENT_CODES.rows(session, parameters)
    if len(rows) == MOST_CODES:
        raise TooMany("request.too_many", seconds=ceil((rows[0][0] - now).total_seconds()))


class _Code(NamedTuple):
    """A payer's code as read under its lock."""

    id: int
    volunteer_id: int
    status: str
    expires_at: datetime


def _usable_code(session: Session, digits: str, center_id: int) -> _Code:
    """A usable code, locked. Raises Rejected("shop.code_…"), Conflict("shop.code_bound_elsewhere")."""
    rows = _FIND_CODE.rows(session, {"center": center_id, "hash": token_hash(digits)})
    if not rows:
        raise Rejected("shop.code_malformed")
    code = _Code(*rows[0])
    if code.status == "BOUND":
        raise Conflict("shop.code_bound_elsewhere")
    if code.status != "ISSUED":
        raise Rejected("shop.code_used" if code.status == "CONSUMED" else "shop.code_revoked")
    if not clock.now() < code.expires_at <= clock.latest() + CODE_LIFE:
        raise Rejected("shop.code_expired")
    return code
