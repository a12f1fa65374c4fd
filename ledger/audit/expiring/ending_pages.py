"""The notice of expiring points: a list to view and export, and a printable notice for the wall."""

from datetime import date
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.audit.blueprint import bp
from ledger.audit.expiring import lists as expiry_lists
from ledger.audit.expiring.lists import MemberRow
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.chunks import parts_of
from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import Page, PageRequest, all_items
from ledger.kernel.permissions import Permission
from ledger.organisations import queries as organisations
from ledger.points.expiry import queries as expiry_queries
from ledger.web import asked
from ledger.web.formats import points
from ledger.web.guard import get_actor, requires
from ledger.web.spreadsheets import MOST_ROWS, download, refuse_long

_ROWS_PER_SHEET = 20
MOST_PRINTED = 2_000


@bp.get("/books/ending")
@requires(Permission.READ_BOOKS)
def ending() -> str:
    """Members whose points expire soon."""
    page = asked.page()
    shown = in_snapshot(_list, get_actor(), _until(), page)
    return render_template("audit/ending.html", until=_until(), **shown)


def _list(session: Session, actor: Actor, until: date, page: PageRequest) -> dict[str, Any]:
    members, amount = expiry_queries.sum_ending(session, actor.center_id, until)
    rows = expiry_lists.notice(session, actor.center_id, until, request=page)
    return {"rows": rows, "members": members, "amount": amount}


@bp.get("/books/ending.<any(csv, xlsx):kind>")
@requires(Permission.READ_BOOKS)
def export_ending(kind: str) -> ResponseReturnValue:
    """Export the list as a file, in the order of the page."""
    rows = in_snapshot(_all, get_actor(), _until(), asked.sort(), MOST_ROWS + 1)
    refuse_long(rows)
    headings = [_("志愿者"), _("志愿者号后四位"), _("到期积分"), _("最早哪天到期"), _("宽限到")]
    lines = [[row.masked_name, row.number_end, points(row.amount), row.first_ends_on, row.good_until] for row in rows]
    return download(kind, _("到期公告"), [headings, *lines])


@bp.get("/books/ending/print")
@requires(Permission.READ_BOOKS)
def print_ending() -> str:
    """The printed notice (F15): only masked names and the last four digits of the number."""
    shown = in_snapshot(_paper, get_actor(), _until(), asked.sort())
    return render_template("audit/ending_print.html", until=_until(), most=MOST_PRINTED, **shown)


def _paper(session: Session, actor: Actor, until: date, sort: str) -> dict[str, Any]:
    rows = _all(session, actor, until, sort, MOST_PRINTED)
    members, amount = expiry_queries.sum_ending(session, actor.center_id, until)
    return {
        "center": organisations.get_center(session, actor.center_id).name,
        "sheets": list(parts_of(rows, _ROWS_PER_SHEET)) or [[]],
        "members": members,
        "amount": amount,
    }


def _all(session: Session, actor: Actor, until: date, sort: str, most: int) -> list[MemberRow]:
    def fetch(part: PageRequest) -> Page[MemberRow]:
        return expiry_lists.notice(session, actor.center_id, until, request=part)

    return all_items(fetch, sort=sort, most=most)


def _until() -> date:
    """The day in the address; the end of this year if it is missing or unreadable."""
    today = clock.today()
    return asked.day("until") or date(today.year, 12, 31)
