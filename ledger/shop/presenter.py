"""Add names, addresses and codes to the plain facts of the shop when they are shown."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Conflict
from ledger.kernel.permissions import Permission
from ledger.kernel.references import make_reference
from ledger.people.identities import queries as identities
from ledger.people.policy import mask_name
from ledger.people.volunteers import queries as people
from ledger.points.lots import listing as lot_reading
from ledger.points.policy import Source
from ledger.points.proofs.presenter import seal_of
from ledger.points.sealing import queries as seal_queries
from ledger.shop import redemption_queries
from ledger.shop.queries import ShelfItem
from ledger.shop.redemption_queries import RedemptionView, facts_of, get_redemption_for
from ledger.web.addresses import short
from ledger.web.qr import single_qr_svg

RECEIPT_PURPOSE = "receipt"
_TIMES = ("created_at", "bound_until", "held_until", "confirmed_at", "voided_at")


def item(shown: ShelfItem) -> dict[str, Any]:
    """An item of the shelf with its stock."""
    view = shown.item
    return {name: getattr(view, name) for name in type(view).__slots__} | _stock(shown)


def stock(shown: ShelfItem) -> dict[str, Any]:
    """The stock of an item."""
    view = shown.item
    own = {"item_id": view.id, "name": view.name, "spec": view.spec, "low_stock": view.low_stock}
    return own | {"stock": shown.stock, "held": shown.held} | _stock(shown)


def _stock(shown: ShelfItem) -> dict[str, Any]:
    return {"left": shown.left, "state": shown.state}


def payer_code(issued: dict[str, str]) -> dict[str, Any]:
    """A newly issued code."""
    return {"code": issued["code"], "expires_at": datetime.fromisoformat(issued["expires_at"])}


def redemption(session: Session, facts: dict[str, Any], center_id: int) -> dict[str, Any]:
    """Facts of a redemption as returned by a write, with the member's masked name."""
    names = people.masked_names(session, [facts["volunteer_id"]], center_id)
    return _with_member(facts, names)


def redemption_now(session: Session, redemption_id: int, actor: Actor) -> dict[str, Any]:
    """A redemption. Raises NotFound("shop.redemption_not_found")."""
    get_redemption_for(session, redemption_id, actor)
    facts = redemption_queries.facts(session, redemption_id, actor.center_id)
    return redemption(session, facts, actor.center_id)


def rows(session: Session, views: Iterable[RedemptionView], center_id: int) -> list[dict[str, Any]]:
    """Redemptions for a list with masked names, looked up in one go."""
    shown = list(views)
    names = people.masked_names(session, {view.volunteer_id for view in shown}, center_id)
    return [_with_member(facts_of(view), names) for view in shown]


def receipt_now(session: Session, redemption_id: int, actor: Actor) -> dict[str, Any]:
    """A receipt. Raises NotFound("shop.redemption_not_found"), Conflict("shop.wrong_state")."""
    view = get_redemption_for(session, redemption_id, actor)
    if not view.receipt:
        raise Conflict("shop.wrong_state", state=view.status)
    return receipt(session, facts_of(view), actor)


def receipt(session: Session, facts: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Facts of a receipt with names, addresses and the QR code of its public check page."""
    shown = redemption(session, facts, actor.center_id)
    check_url = short("shop.check_receipt", reference=receipt_reference(facts["id"], actor.center_id))
    return shown | {
        "lots": lot_reading.used_by_holds(session, _holds(session, facts["id"], actor), actor.center_id),
        "next_ending": lot_reading.find_next_ending(session, facts["volunteer_id"], actor.center_id),
        "clerk": _clerk(session, facts, actor),
        "url": url_for("shop.receipt", redemption_id=facts["id"]),
        "check_url": check_url,
        "qr_svg": single_qr_svg(check_url),
        "seal": seal_of_receipt(session, facts["id"], actor.center_id),
    }


def _clerk(session: Session, facts: dict[str, Any], actor: Actor) -> str:
    """The clerk's name: in full for themselves and for whoever manages the place."""
    name = identities.names_of(session, [facts["clerk_id"]], actor.center_id).get(facts["clerk_id"], "")
    is_own = facts["clerk_id"] == actor.identity_id
    return name if is_own or actor.may(Permission.MANAGE_VOLUNTEERS, facts["place_path"]) else mask_name(name)


def _holds(session: Session, redemption_id: int, actor: Actor) -> list[int]:
    """Holds of points that the receipt posted."""
    lines = redemption_queries.lines_of(session, redemption_id, actor.center_id)
    return [line.points_transfer_id for line in lines if line.points_transfer_id is not None]


def seal_of_receipt(session: Session, redemption_id: int, center_id: int) -> dict[str, Any] | None:
    """Position in the log of the batch that posted a receipt."""
    seal = seal_queries.find_seal_of(session, Source("redemption", str(redemption_id), "post"), center_id)
    return seal_of(seal) if seal is not None else None


def receipt_reference(redemption_id: int, center_id: int) -> str:
    """The reference of a redemption in the QR code of its receipt."""
    return make_reference(RECEIPT_PURPOSE, center_id, redemption_id)


def _with_member(facts: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    times = {name: _instant(facts[name]) for name in _TIMES}
    member = {"masked_name": names[facts["volunteer_id"]], "number": facts["member_number"]}
    return facts | times | {"member": member}


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
