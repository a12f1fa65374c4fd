"""Pages of the till: the member's code and the clerk's counter; importing it registers all pages of the shop."""

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import queries as people
from ledger.shop import correcting_pages, queries, receipt_pages, shelf_pages
from ledger.shop.blueprint import bp
from ledger.web.guard import get_actor, requires

__all__ = ["bp", "correcting_pages", "receipt_pages", "shelf_pages"]


@bp.get("/pay")
@requires(Permission.OWN_RECORD)
def pay() -> str:
    """The member's code, for scanning at the till."""
    return render_template("shop/pay.html", **in_snapshot(_payer, get_actor()))


def _payer(session: Session, actor: Actor) -> dict[str, Any]:
    member = people.get_volunteer(session, actor.volunteer_id or 0, actor.center_id)
    balance = queries.member_balance(session, member.id, actor.center_id)
    return {"owner": member.masked_name, "available": balance.available}


@bp.get("/till")
@requires(Permission.TILL)
def till() -> ResponseReturnValue:
    """Choose a shop to serve at; a clerk with only one is redirected there."""
    actor = get_actor()
    shops = in_snapshot(queries.shops_under, actor.paths(Permission.TILL), actor.center_id, open_only=True)
    if len(shops) == 1:
        return redirect(url_for("shop.till_at", shop_id=shops[0].id))
    return render_template("shop/till_choice.html", shops=shops)


@bp.get("/till/<id:shop_id>")
@requires(Permission.TILL)
def till_at(shop_id: int) -> str:
    """The counter of a shop."""
    return render_template("shop/till.html", **in_snapshot(_counter, shop_id, get_actor()))


def _counter(session: Session, shop_id: int, actor: Actor) -> dict[str, Any]:
    shop = queries.get_shop_for(session, shop_id, actor, (Permission.TILL,))
    items = [
        {
            "id": public_id(shown.item.id),
            "price": shown.item.points,
            "stock": max(0, shown.left),
            "low": shown.state == "low",
            **{name: getattr(shown.item, name) for name in ("name", "spec", "barcode", "initials", "category")},
        }
        for shown in queries.shelf(session, shop_id, actor.center_id)
    ]
    categories = list(dict.fromkeys(item["category"] for item in items))
    return {"shop": shop, "shop_key": public_id(shop_id), "items": items, "categories": categories}
