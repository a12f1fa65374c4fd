"""Pages for expiry runs: the list, one run with the members it affects, and its way to approval."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from ledger.approvals import service as deciding
from ledger.approvals.api import get_desk
from ledger.audit.approving.words import PROPOSING_FIELDS
from ledger.audit.blueprint import bp
from ledger.audit.expiring import lists as expiry_lists
from ledger.audit.expiring.lists import MemberRow
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import LedgerError, Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.permissions import Permission
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry import service as expiry
from ledger.points.expiry.kinds import RELEASE
from ledger.web import asked, forms
from ledger.web.formats import points
from ledger.web.forms import Form
from ledger.web.guard import get_actor, requires
from ledger.web.listed import listed
from ledger.web.once import idempotency_key
from ledger.web.spreadsheets import all_rows, download

_READERS = (Permission.READ_BOOKS, Permission.PROPOSE)
_FIELDS = {"points.expiry_too_early": "ends_on", "points.nothing_expires": "ends_on"}
# Word and symbol of each state.
_STATES: dict[str, tuple[Any, str]] = {
    "prepared": (lazy_gettext("还没放行"), "look"),
    "waiting": (lazy_gettext("等人批"), "look"),
    "released": (lazy_gettext("正在处理"), "info"),
    "done": (lazy_gettext("处理完了"), "ok"),
    "dropped": (lazy_gettext("不做了"), "stop"),
}


@bp.get("/books/expiry")
@requires(*_READERS)
@listed
def expiry_runs() -> str:
    """Expiry runs, planned and past."""
    return _draw_runs(expiry.last_day_over().isoformat(), {})


@bp.post("/books/expiry")
@requires(Permission.PROPOSE)
def prepare_expiry() -> ResponseReturnValue:
    """Prepare a run for review, or redisplay the form with its input."""
    try:
        with Form() as form:
            ends_on = form.day("ends_on")
        run_id = in_transaction_once(idempotency_key(), expiry.prepare, ends_on, actor=get_actor())
    except Rejected as error:
        return _draw_runs(forms.verbatim("ends_on"), forms.field_errors(error, _FIELDS)), error.status
    return redirect(url_for("audit.expiry_run", run_id=run_id), 303)


def _draw_runs(ends_on: str, errors: dict[str, Any]) -> str:
    last_day = expiry.last_day_over()
    shown = in_snapshot(_runs, get_actor(), last_day)
    return render_template(
        "audit/expiry_runs.html", ends_on=ends_on, errors=errors, last_day=last_day, states=_STATES, **shown
    )


def _runs(session: Session, actor: Actor, last_day: date) -> dict[str, Any]:
    lots, amount = expiry_queries.sum_due(session, actor.center_id, last_day)
    runs = expiry_queries.list_runs(session, actor.center_id)
    return {"rows": expiry_lists.run_rows(session, runs, actor.center_id), "lots": lots, "amount": amount}


@bp.get("/books/expiry/<id:run_id>")
@requires(*_READERS)
def expiry_run(run_id: int) -> str:
    """A run with the members it affects."""
    return _draw_run(run_id, "", {})


@bp.get("/books/expiry/<id:run_id>.<any(csv, xlsx):kind>")
@requires(*_READERS)
def export_expiry_run(run_id: int, kind: str) -> ResponseReturnValue:
    """Export the members affected as a file, in the order of the page."""
    rows = in_snapshot(_all_members, run_id, get_actor(), asked.sort())
    lines = [[row.masked_name, row.number, row.lots, points(row.amount)] for row in rows]
    return download(kind, _("积分到期"), [[_("志愿者"), _("志愿者号"), _("笔数"), _("积分")], *lines])


@bp.post("/books/expiry/<id:run_id>/release")
@requires(Permission.PROPOSE)
def propose_release(run_id: int) -> ResponseReturnValue:
    """Propose the release; somebody else decides."""
    try:
        given = (RELEASE.name, {"run_id": public_id(run_id)}, forms.text("reason"))
        once = idempotency_key()
        proposal_id = in_transaction_once(once, deciding.propose, *given, actor=get_actor(), desk=get_desk())
    except LedgerError as error:
        errors = forms.field_errors(error, PROPOSING_FIELDS)
        return _draw_run(run_id, forms.verbatim("reason"), errors), error.status
    return redirect(url_for("audit.approval", proposal_id=proposal_id, new=1), 303)


@bp.post("/books/expiry/<id:run_id>/drop")
@requires(Permission.PROPOSE)
def drop_expiry(run_id: int) -> ResponseReturnValue:
    """Drop the run; nothing has moved."""
    in_transaction_once(idempotency_key(), expiry.drop, run_id, actor=get_actor())
    flash(_("这次不做了，谁的积分都没动"))
    return redirect(url_for("audit.expiry_run", run_id=run_id), 303)


def _draw_run(run_id: int, reason: str, errors: dict[str, Any]) -> str:
    page = asked.page()
    shown = in_snapshot(_run, run_id, get_actor(), page)
    return render_template("audit/expiry_run.html", reason=reason, errors=errors, states=_STATES, **shown)


def _run(session: Session, run_id: int, actor: Actor, page: PageRequest) -> dict[str, Any]:
    run = expiry_queries.get_run(session, run_id, actor.center_id)
    [row] = expiry_lists.run_rows(session, [run], actor.center_id)
    lots, amount = run.expired_lots, run.expired_amount
    if run.status == "prepared":
        lots, amount = expiry_queries.sum_due(session, actor.center_id, run.ends_on)
    return {
        "row": row,
        "members": expiry_lists.members_of(session, run, actor.center_id, request=page),
        "count": expiry_queries.count_members(session, run, actor.center_id),
        "lots": lots,
        "amount": amount,
    }


def _all_members(session: Session, run_id: int, actor: Actor, sort: str) -> list[MemberRow]:
    run = expiry_queries.get_run(session, run_id, actor.center_id)

    def fetch(part: PageRequest) -> Page[MemberRow]:
        return expiry_lists.members_of(session, run, actor.center_id, request=part)

    return all_rows(fetch, sort=sort)
