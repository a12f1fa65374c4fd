"""Pages of receipts: the shop's list, one receipt for clerk and member, its void, and the public check."""

from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError, NotFound
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.permissions import Permission
from ledger.kernel.references import genuine, read_reference
from ledger.shop import presenter, queries, settling
from ledger.shop.blueprint import bp
from ledger.shop.policy import void_until
from ledger.shop.redemption_queries import STAFF as READERS
from ledger.shop.redemption_queries import (
    RedemptionFilter,
    RedemptionView,
    find_redemption,
    get_redemption_for,
    list_redemptions,
    may_see_all_of,
)
from ledger.web import asked, forms
from ledger.web.formats import local_datetime
from ledger.web.forms import Form
from ledger.web.guard import get_actor, public, requires
from ledger.web.locale import language
from ledger.web.once import idempotency_key
from ledger.web.problem import InvalidFields, words
from ledger.web.reading import plain
from ledger.web.spreadsheets import FileKind, all_rows, spreadsheet

LONGEST_REASON = 200


@bp.get("/receipts")
@requires(*READERS)
def receipts() -> str:
    """Receipts of the shops that the actor may see."""
    page = asked.page()
    return render_template("shop/receipts.html", **in_snapshot(_list, _wanted(), page, get_actor()))


def _list(session: Session, wanted: RedemptionFilter, page: PageRequest, actor: Actor) -> dict[str, Any]:
    found = list_redemptions(session, actor, wanted, request=page)
    paths = [path for permission in READERS for path in actor.paths(permission)]
    return {
        "rows": presenter.rows(session, found.items, actor.center_id),
        "next_after": found.next,
        "shops": queries.shops_under(session, paths, actor.center_id),
        "wanted": wanted,
        "sort": found.sort,
    }


@bp.get("/receipts.<any(csv, xlsx):kind>")
@requires(*READERS)
def export_receipts(kind: FileKind) -> ResponseReturnValue:
    """Export the filtered list in its order as a file."""
    rows = in_snapshot(_all, _wanted(), asked.sort(), get_actor())
    return spreadsheet(kind, "receipts", _headings(), [_cells(row) for row in rows])


def _headings() -> list[str]:
    return [
        _("小票号"),
        _("时间"),
        _("店"),
        _("会员"),
        _("编号"),
        _("合计分"),
        _("兑换后余额"),
        _("状态"),
        _("作废时间"),
    ]


def _all(session: Session, wanted: RedemptionFilter, sort: str, actor: Actor) -> list[dict[str, Any]]:
    def fetch(part: PageRequest) -> Page[RedemptionView]:
        return list_redemptions(session, actor, wanted, request=part)

    found = all_rows(fetch, sort=sort)
    return presenter.rows(session, found, actor.center_id)


def _cells(row: dict[str, Any]) -> list[Any]:
    zone = clock.zone()
    return [
        row["receipt"],
        local_datetime(row["confirmed_at"], locale=language(), zone=zone),
        row["shop_name"],
        row["member"]["masked_name"],
        row["member"]["number"],
        Decimal(row["total"]).scaleb(-2),
        Decimal(row["balance_after"]).scaleb(-2),
        _("已作废") if row["status"] == "VOIDED" else _("有效"),
        local_datetime(row["voided_at"], locale=language(), zone=zone) if row["voided_at"] else "",
    ]


def _wanted() -> RedemptionFilter:
    """Read the filters from the address."""
    return RedemptionFilter(
        shop_id=asked.key("shop_id"),
        status=asked.choice("status", ("CONFIRMED", "VOIDED")),
        receipt=plain(asked.text("receipt", longest=20)) or None,
        since=asked.start_of_day("since"),
        until=asked.end_of_day("until"),
        receipts_only=True,
    )


@bp.get("/receipts/<id:redemption_id>")
@requires(Permission.OWN_RECORD, *READERS)
def receipt(redemption_id: int) -> str:
    """One receipt, for its member and for staff of the shop."""
    return render_template("shop/receipt.html", **in_snapshot(_receipt, redemption_id, get_actor()))


def _receipt(session: Session, redemption_id: int, actor: Actor) -> dict[str, Any]:
    view = get_redemption_for(session, redemption_id, actor)
    return {
        "receipt": presenter.receipt_now(session, redemption_id, actor),
        "view": view,
        "is_staff": may_see_all_of(actor, view.place_path),
        "may_void": _may_void(view, actor),
        "last_void": view.confirmed_at and void_until(view.confirmed_at, clock.zone()),
    }


def _may_void(view: RedemptionView, actor: Actor) -> bool:
    """Whether to offer a void; the service checks again."""
    in_time = view.confirmed_at is not None and clock.now() < void_until(view.confirmed_at, clock.zone())
    may = actor.may(Permission.TILL, view.place_path) and view.volunteer_id != actor.volunteer_id
    return view.status == "CONFIRMED" and in_time and may


@bp.get("/receipts/<id:redemption_id>/void")
@requires(Permission.TILL)
def ask_void(redemption_id: int) -> str:
    """Form for voiding a receipt, with the consequences and a reason."""
    return _ask(redemption_id, "", {})


@bp.post("/receipts/<id:redemption_id>/void")
@requires(Permission.TILL)
def void(redemption_id: int) -> ResponseReturnValue:
    """Void a receipt: points return to the member, goods to the shelf."""
    try:
        with Form() as form:
            reason = form.needed_text("reason", longest=LONGEST_REASON)
        in_transaction_once(idempotency_key(), settling.void, redemption_id, reason, actor=get_actor())
    except InvalidFields as error:
        return _ask(redemption_id, forms.verbatim("reason"), forms.field_errors(error, {})), error.status
    except LedgerError as error:
        return _ask(redemption_id, forms.verbatim("reason"), {"reason": "".join(words(error))}), error.status
    flash(_("已作废，积分退回去了，东西回到货架"))
    return redirect(url_for("shop.receipt", redemption_id=redemption_id), 303)


def _ask(redemption_id: int, reason: str, errors: dict[str, str]) -> str:
    shown = in_snapshot(_receipt, redemption_id, get_actor())
    return render_template("shop/void.html", reason=reason, errors=errors, **shown)


@bp.get("/R/<reference>")
@bp.get("/r/<reference>")
@public
def check_receipt(reference: str) -> ResponseReturnValue:
    """The public check of a receipt: number, shop, time, points and state, no name."""
    try:
        return render_template("shop/receipt_check.html", **in_snapshot(_checked, reference))
    except NotFound as error:
        what, to_do = words(error)
        return render_template("shop/receipt_unknown.html", who=what, next_words=to_do), error.status


def _checked(session: Session, text: str) -> dict[str, Any]:
    view = _referred(session, text)
    return {"view": view, "seal": presenter.seal_of_receipt(session, view.id, view.center_id)}


def _referred(session: Session, text: str) -> RedemptionView:
    """The receipt named by a code. Raises NotFound("shop.receipt_not_found") if it was not issued here."""
    named = read_reference(text)
    if named is not None and genuine(text, named, purpose=presenter.RECEIPT_PURPOSE):
        view = find_redemption(session, named.key, named.center_id)
        if view is not None and view.receipt:
            return view
    raise NotFound("shop.receipt_not_found")
