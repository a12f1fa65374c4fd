"""The till over the API: payer's codes, and redemptions from cart to receipt and void."""

from typing import Any

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.paging import PageRequest
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import queries as people
from ledger.shop import presenter, queries, service, settling
from ledger.shop.policy import Wanted, read_payer_code
from ledger.shop.redemption_queries import RedemptionFilter, list_redemptions
from ledger.shop.schemas import (
    LinesRequest,
    PayerCodeSchema,
    ReceiptSchema,
    RedemptionPage,
    RedemptionQuery,
    RedemptionRequest,
    RedemptionSchema,
    VoidRequest,
)
from ledger.web.fields import page_of
from ledger.web.guard import get_actor, poll, requires
from ledger.web.once import idempotency_key
from ledger.web.openapi import PREFIX, REQUIRED_KEY_PARAMETER
from ledger.web.qr import bars_svg, single_qr_svg

bp = Blueprint("shop_api", __name__, url_prefix=PREFIX, description="From a code on a phone to goods")
_READERS = (Permission.OWN_RECORD, Permission.TILL, Permission.READ_BOOKS)


@bp.post("/payer-codes")
@requires(Permission.OWN_RECORD)
@poll
@bp.response(201, PayerCodeSchema)
def issue_payer_code() -> dict[str, Any]:
    """Issue a new code to show at the till. Takes no idempotency key: each call makes a new code, shown only once."""
    actor = get_actor()
    issued = in_transaction(service.issue_payer_code, actor=actor)
    return in_snapshot(_with_balance, issued, actor) | {
        "qr_svg": single_qr_svg(issued["code"]),
        "bars_svg": bars_svg(issued["code"]),
    }


def _with_balance(session: Session, issued: dict[str, str], actor: Actor) -> dict[str, Any]:
    balance = queries.member_balance(session, actor.volunteer_id or 0, actor.center_id)
    return presenter.payer_code(issued) | {"available": balance.available}


@bp.get("/redemptions")
@requires(*_READERS)
@bp.arguments(RedemptionQuery, location="query")
@bp.response(200, RedemptionPage)
def list_all(query: dict[str, Any]) -> dict[str, Any]:
    """Redemptions: a volunteer's own, or for staff those of the shops under their places."""
    page = page_of(query)
    return in_snapshot(_list, RedemptionFilter(**query), page, get_actor())


def _list(session: Session, wanted: RedemptionFilter, page: PageRequest, actor: Actor) -> dict[str, Any]:
    if wanted.shop_id is not None:
        queries.get_shop(session, wanted.shop_id, actor.center_id)
    if wanted.volunteer_id is not None:
        people.get_volunteer(session, wanted.volunteer_id, actor.center_id)
    found = list_redemptions(session, actor, wanted, request=page)
    return {"items": presenter.rows(session, found.items, actor.center_id), "next": found.next}


@bp.post("/redemptions")
@requires(Permission.TILL)
@bp.doc(parameters=[REQUIRED_KEY_PARAMETER])
@bp.arguments(RedemptionRequest)
@bp.response(201, RedemptionSchema)
def open_cart(request: dict[str, Any]) -> dict[str, Any]:
    """Bind a payer's code to a new cart for ten minutes; with `lines`, hold them at once, all or nothing."""
    actor, once, lines = get_actor(), idempotency_key(), request["lines"]
    # Check the code before anything is recorded: not even the digest of a real payment code may be kept.
    code = read_payer_code(request["payer_code"])
    if lines is None:
        return _answer(in_transaction_once(once, service.open_cart, request["shop_id"], code, actor=actor))
    wanted = _wanted(lines)
    facts = in_transaction_once(once, service.open_and_hold, request["shop_id"], code, wanted, actor=actor)
    return _answer(facts)


@bp.get("/redemptions/<id:redemption_id>")
@requires(*_READERS)
@bp.response(200, RedemptionSchema)
def get_one(redemption_id: int) -> dict[str, Any]:
    """One redemption."""
    return in_snapshot(presenter.redemption_now, redemption_id, get_actor())


@bp.put("/redemptions/<id:redemption_id>/lines")
@requires(Permission.TILL)
@bp.doc(parameters=[REQUIRED_KEY_PARAMETER])
@bp.arguments(LinesRequest)
@bp.response(200, RedemptionSchema)
def set_lines(request: dict[str, Any], redemption_id: int) -> dict[str, Any]:
    """Replace the cart's lines; the answer has their prices."""
    wanted = _wanted(request["lines"])
    facts = in_transaction_once(idempotency_key(), service.set_lines, redemption_id, wanted, actor=get_actor())
    return _answer(facts)


@bp.post("/redemptions/<id:redemption_id>/hold")
@requires(Permission.TILL)
@bp.doc(parameters=[REQUIRED_KEY_PARAMETER])
@bp.response(200, RedemptionSchema)
def hold(redemption_id: int) -> dict[str, Any]:
    """Hold points and goods of the cart for three minutes, all or nothing."""
    facts = in_transaction_once(idempotency_key(), service.hold, redemption_id, actor=get_actor())
    return _answer(facts)


@bp.post("/redemptions/<id:redemption_id>/confirm")
@requires(Permission.TILL)
@bp.doc(parameters=[REQUIRED_KEY_PARAMETER])
@bp.response(200, ReceiptSchema)
def confirm(redemption_id: int) -> dict[str, Any]:
    """Confirm a held redemption; the goods may be handed over. If the answer is lost, retry with the same key."""
    facts = in_transaction_once(idempotency_key(), settling.confirm, redemption_id, actor=get_actor())
    return in_snapshot(presenter.receipt, facts, get_actor())


@bp.post("/redemptions/<id:redemption_id>/cancel")
@requires(Permission.TILL)
@bp.doc(parameters=[REQUIRED_KEY_PARAMETER])
@bp.response(200, RedemptionSchema)
def cancel(redemption_id: int) -> dict[str, Any]:
    """Release a cart or its hold; the member needs a new code."""
    facts = in_transaction_once(idempotency_key(), settling.cancel, redemption_id, actor=get_actor())
    return _answer(facts)


@bp.post("/redemptions/<id:redemption_id>/void")
@requires(Permission.TILL)
@bp.doc(parameters=[REQUIRED_KEY_PARAMETER])
@bp.arguments(VoidRequest)
@bp.response(200, ReceiptSchema)
def void(request: dict[str, Any], redemption_id: int) -> dict[str, Any]:
    """Void a receipt until 00:15 of the next local day: points return to the member, goods to the shelf."""
    reason, once = request["reason"], idempotency_key()
    facts = in_transaction_once(once, settling.void, redemption_id, reason, actor=get_actor())
    return in_snapshot(presenter.receipt, facts, get_actor())


@bp.get("/redemptions/<id:redemption_id>/receipt")
@requires(*_READERS)
@bp.response(200, ReceiptSchema)
def get_receipt(redemption_id: int) -> dict[str, Any]:
    """The receipt of a confirmed redemption."""
    return in_snapshot(presenter.receipt_now, redemption_id, get_actor())


def _wanted(lines: list[dict[str, int]]) -> list[Wanted]:
    return [Wanted(**line) for line in lines]


def _answer(facts: dict[str, Any]) -> dict[str, Any]:
    return in_snapshot(presenter.redemption, facts, get_actor().center_id)
