"""Landing pages: a volunteer's home, history and card, and the day of staff."""

from typing import Any, get_args

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.home import history_file
from ledger.home.blueprint import bp
from ledger.home.day import day_of
from ledger.home.history import HistoryFilter, Which, history_of
from ledger.home.mine import mine_of
from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Forbidden
from ledger.kernel.permissions import Permission
from ledger.people.volunteers import full_names
from ledger.people.volunteers import queries as people
from ledger.people.volunteers.queries import VolunteerView
from ledger.people.words import ROLE_NAMES
from ledger.web import asked
from ledger.web.guard import current_actor, get_actor, public, requires
from ledger.web.listed import listed
from ledger.web.qr import bars_svg, qr_svg
from ledger.web.spreadsheets import download

__all__ = ["bp"]

STAFF = (Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS)
_PER_PAGE = 20

# Holders of one of the permissions land on the page; the first match wins.
_LANDINGS = (
    ((Permission.READ_BOOKS,), "audit.console"),
    (STAFF, "home.day"),
    ((Permission.OWN_RECORD,), "home.mine"),
)


@bp.get("/")
@public
def start() -> ResponseReturnValue:
    """Redirect to the reader's own landing page, or to the log-in."""
    actor = current_actor()
    if actor is None:
        return redirect(url_for("people.log_in"))
    for permissions, endpoint in _LANDINGS:
        if any(actor.may_somewhere(permission) for permission in permissions):
            return redirect(url_for(endpoint))
    raise Forbidden("access.denied")


@bp.get("/me")
@requires(Permission.OWN_RECORD)
def mine() -> str:
    """A volunteer's home: balance, today and next star."""
    return render_template("home/mine.html", mine=in_snapshot(mine_of, get_actor(), clock.zone()))


@bp.get("/me/history")
@requires(Permission.OWN_RECORD)
def history() -> str:
    """A volunteer's history."""
    page = asked.part(_PER_PAGE)
    shown = in_snapshot(history_of, get_actor(), _wanted(), clock.zone(), request=page)
    return render_template("home/history.html", history=shown, wanted=_wanted(), whole=page.after is None)


@bp.get("/me/history.<any(csv, xlsx):kind>")
@requires(Permission.OWN_RECORD)
def export_history(kind: str) -> ResponseReturnValue:
    """Export the filtered history as a file."""
    lines = in_snapshot(history_file.lines, get_actor(), _wanted(), clock.zone())
    return download(kind, _("明细"), lines)


@bp.get("/me/card")
@requires(Permission.OWN_RECORD)
def card() -> str:
    """The volunteer's number, for a clerk to scan."""
    volunteer = in_snapshot(_volunteer, get_actor())
    codes: dict[str, Any] = {"qr": qr_svg(volunteer.number), "bars": bars_svg(volunteer.number)}
    return render_template("home/card.html", volunteer=volunteer, **codes)


@bp.get("/me/name-looks")
@requires(Permission.OWN_RECORD)
@listed
def name_looks() -> str:
    """Who has read the volunteer's full name, when and why."""
    page, actor = asked.part(), get_actor()
    found = in_snapshot(full_names.looks_for, actor.volunteer_id or 0, actor, request=page)
    return render_template("home/name_looks.html", looks=found.items, next_after=found.next, role_names=ROLE_NAMES)


@bp.get("/today")
@requires(*STAFF)
def day() -> str:
    """The day of a manager or clerk."""
    return render_template("home/day.html", day=in_snapshot(day_of, get_actor(), clock.zone()))


def _volunteer(session: Session, actor: Actor) -> VolunteerView:
    return people.get_volunteer(session, actor.volunteer_id or 0, actor.center_id)


def _wanted() -> HistoryFilter:
    """Read the filter from the address."""
    which: Any = asked.choice("which", get_args(Which)) or "all"
    return HistoryFilter(which=which, since=asked.day("since"), until=asked.day("until"))
