"""Pages of the audit: the console and the trial balance with its verification; importing it registers the others."""

from datetime import datetime
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.api import get_desk
from ledger.audit import book_pages, journal_pages, name_pages
from ledger.audit.approving import adjustment_pages, clawback_pages
from ledger.audit.approving import pages as approval_pages
from ledger.audit.blueprint import account_kind, bp
from ledger.audit.closing import freeze_pages, period_pages
from ledger.audit.expiring import ending_pages
from ledger.audit.expiring import pages as expiry_pages
from ledger.audit.naming import names
from ledger.audit.naming.words import STEP_WORDS
from ledger.audit.overview.console import console_of
from ledger.audit.overview.presenter import watched
from ledger.audit.verifying import queries, runs
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.permissions import Permission
from ledger.people.access.factors import has_factor
from ledger.points.policy import MINUTE, POINT
from ledger.web import asked
from ledger.web.formats import points
from ledger.web.guard import get_actor, requires
from ledger.web.listed import listed
from ledger.web.spreadsheets import download

__all__ = [
    "adjustment_pages",
    "approval_pages",
    "book_pages",
    "bp",
    "clawback_pages",
    "ending_pages",
    "expiry_pages",
    "freeze_pages",
    "journal_pages",
    "name_pages",
    "period_pages",
]
_WAIT_SECONDS = 0.5


@bp.get("/console")
@requires(Permission.READ_BOOKS)
@listed
def console() -> str:
    """The console."""
    return render_template("audit/console.html", **in_snapshot(_console, get_actor()))


def _console(session: Session, actor: Actor) -> dict[str, Any]:
    with_factor = has_factor(session, actor.identity_id, actor.center_id)
    console = console_of(session, actor, clock.zone(), get_desk())
    return {"console": console, "watched": watched(session, actor.center_id), "with_factor": with_factor}


@bp.get("/books")
@requires(Permission.READ_BOOKS)
def trial_balance() -> str:
    """The trial balance."""
    as_of = asked.end_of_minute("as_of")
    shown = in_snapshot(_trial_balance, get_actor(), as_of)
    return render_template("audit/trial_balance.html", as_of=as_of, steps=list(STEP_WORDS.items()), **shown)


@bp.get("/books.<any(csv, xlsx):kind>")
@requires(Permission.READ_BOOKS)
def export_trial_balance(kind: str) -> ResponseReturnValue:
    """Export the trial balance as a file, one line per unit and kind of account."""
    return download(kind, _("试算平衡"), in_snapshot(_lines, get_actor(), asked.end_of_minute("as_of")))


def _lines(session: Session, actor: Actor, as_of: datetime | None) -> list[list[Any]]:
    balance = queries.trial_balance(session, actor.center_id, as_of=as_of)
    called = names.unit_names(session, [unit.unit for unit in balance.units], actor.center_id)
    headings = [_("单位"), _("账户"), _("户数"), _("借方"), _("贷方"), _("余额")]
    return [
        headings,
        *(
            [
                called[unit.unit],
                account_kind(line.kind),
                line.accounts,
                *(points(amount, unit.scale) for amount in (line.debits, line.credits, line.credits - line.debits)),
            ]
            for unit in balance.units
            for line in unit.lines
        ),
    ]


@bp.post("/books/verify")
@requires(Permission.READ_BOOKS)
def verify() -> ResponseReturnValue:
    """Start a verification; the page then shows its progress."""
    runs.start(actor=get_actor(), wait_seconds=_WAIT_SECONDS)
    return redirect(url_for("audit.trial_balance"), 303)


def _trial_balance(session: Session, actor: Actor, as_of: datetime | None) -> dict[str, Any]:
    balance = queries.trial_balance(session, actor.center_id, as_of=as_of)
    goods = [unit for unit in balance.units if unit.unit not in (POINT, MINUTE)]
    called = names.goods_names(session, [unit.unit for unit in goods], actor.center_id)
    return {
        "balance": balance,
        "units": {unit.unit: unit for unit in balance.units},
        "goods": sorted(goods, key=lambda unit: (unit.difference == 0, called.get(unit.unit, (unit.unit, "")))),
        "called": called,
        "run": queries.find_last_run(session, actor.center_id),
        "running": queries.find_running(session, actor.center_id),
    }
