"""Pages that import and export lists of volunteers: upload, report, confirmation, and the list as a spreadsheet."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import LedgerError, TooMany
from ledger.kernel.paging import Page, PageRequest, all_items
from ledger.kernel.permissions import Permission
from ledger.organisations import queries
from ledger.organisations.blueprint import bp
from ledger.organisations.imports.command import check_draft, import_draft, keep_upload
from ledger.organisations.imports.directory import place_labels
from ledger.organisations.imports.files import LONGEST_SHEET_NAME, MOST_BYTES, MOST_MIB, MOST_ROWS
from ledger.organisations.imports.questions import QUESTIONS
from ledger.organisations.imports.report import HEADINGS, column_name, report_lines, summary, told
from ledger.organisations.imports.rows import COLUMNS, HINTS, empty_form
from ledger.people.policy import show_phone
from ledger.people.volunteers import queries as people
from ledger.people.volunteers.queries import VolunteerView
from ledger.people.volunteers.search import LONGEST_SOUGHT, details_of, read_filter
from ledger.places.queries import place_choices
from ledger.web import asked, forms
from ledger.web.bodies import takes_file
from ledger.web.guard import get_actor, requires
from ledger.web.locale import language
from ledger.web.spreadsheets import download

_SHOWN_ERRORS = 200
# Where the form tells a refusal that is not about the file.
_AT_FIELD = {
    "organisations.place_not_found": "place_id",
    "organisations.place_closed": "place_id",
    "import.sheet_unknown": "sheet",
}
_DIGEST = 64
# Told beside what is to be confirmed, so that it can be done again at once.
_LOOK_AGAIN = frozenset({"import.unanswered", "import.changed_since"})


@bp.get("/volunteers/import")
@requires(Permission.MANAGE_VOLUNTEERS)
def import_volunteers() -> str:
    """Show the upload form."""
    return _upload_page({})


@bp.post("/volunteers/import")
@requires(Permission.MANAGE_VOLUNTEERS)
@takes_file(MOST_BYTES)
def upload() -> ResponseReturnValue:
    """Check the uploaded list, keep it and show what an import would do."""
    try:
        draft_id = _keep()
    except TooMany:
        raise
    except LedgerError as error:
        return _upload_page(forms.field_errors(error, {error.code: _AT_FIELD.get(error.code, "file")})), error.status
    return redirect(url_for("organisations.import_report", draft_id=draft_id), 303)


def _keep() -> int:
    file = request.files.get("file")
    return keep_upload(
        file.read if file else bytes,
        file.filename or "" if file else "",
        sheet=forms.text("sheet", longest=LONGEST_SHEET_NAME),
        place_id=forms.optional_key("place_id"),
        make_teams=forms.ticked("make_teams"),
        actor=get_actor(),
    )


def _upload_page(errors: dict[str, str]) -> str:
    actor = get_actor()
    places = in_snapshot(place_choices, actor.center_id, actor.paths(Permission.MANAGE_VOLUNTEERS))
    return render_template(
        "organisations/import.html",
        places=places,
        errors=errors,
        columns=[
            (column_name(column, language()), HINTS[column][0 if language() == "zh" else 1]) for column in COLUMNS
        ],
        most=MOST_ROWS,
        most_mib=MOST_MIB,
        place_id=forms.verbatim("place_id"),
        sheet=forms.verbatim("sheet"),
    )


@bp.get("/volunteers/import/<id:draft_id>")
@requires(Permission.MANAGE_VOLUNTEERS)
def import_report(draft_id: int) -> str:
    """Show what an import would do, and every faulty cell; nothing is written yet."""
    return _report_page(draft_id, {})


def _report_page(draft_id: int, errors: dict[str, str]) -> str:
    draft, checked = check_draft(draft_id, actor=get_actor())
    report, spoken = checked.report, language()
    return render_template(
        "organisations/import_report.html",
        draft=draft,
        report=report,
        errors=errors,
        told=list(told(report, spoken)),
        asked=[(f"yes_{each.code}", each.asks(spoken), each.yes(spoken)) for each in report.questions],
        ticked={f"yes_{code}" for code in QUESTIONS if forms.ticked(f"yes_{code}")},
        shown=checked.plan.digest(),
        sentences=summary(report, spoken),
        lines=list(report_lines(report.errors[:_SHOWN_ERRORS], spoken)),
        headings=HEADINGS[spoken],
    )


@bp.get("/volunteers/import/<id:draft_id>/report.<kind>")
@requires(Permission.MANAGE_VOLUNTEERS)
def export_report(draft_id: int, kind: str) -> ResponseReturnValue:
    """Download the whole report as a spreadsheet."""
    _draft, checked = check_draft(draft_id, actor=get_actor())
    lines = [HEADINGS[language()], *report_lines(checked.report.errors, language())]
    return download(kind, _("导入检查"), lines)


@bp.post("/volunteers/import/<id:draft_id>")
@requires(Permission.MANAGE_VOLUNTEERS)
def go(draft_id: int) -> ResponseReturnValue:
    """Import the list, all or nothing; a repeat answers that it is done."""
    yes = [code for code in QUESTIONS if forms.ticked(f"yes_{code}")]
    try:
        done = import_draft(draft_id, yes=yes, shown=forms.optional_text("shown", longest=_DIGEST), actor=get_actor())
    except LedgerError as error:
        if error.code not in _LOOK_AGAIN:
            raise
        return _report_page(draft_id, forms.field_errors(error, {error.code: "go"})), error.status
    return render_template("organisations/import_done.html", done=done)


@bp.get("/volunteers/import/example.<kind>")
@requires(Permission.MANAGE_VOLUNTEERS)
def example(kind: str) -> ResponseReturnValue:
    """Download an empty list with the right columns."""
    return download(kind, _("志愿者名单"), empty_form(language()), is_form=True)


@bp.get("/volunteers/export.<kind>")
@requires(Permission.MANAGE_VOLUNTEERS)
def export_volunteers(kind: str) -> ResponseReturnValue:
    """Download the list with the current filters, all pages of it; imported as it is, it changes nothing."""
    return download(kind, _("志愿者名单"), in_snapshot(_volunteer_lines, get_actor()))


def _volunteer_lines(session: Session, actor: Actor) -> list[list[Any]]:
    views = _all_shown(session, actor)
    ids = [view.id for view in views]
    teams = queries.team_names_of(session, ids, actor.center_id)
    places = place_labels(session, actor.center_id)
    details = details_of(session, ids, actor.center_id)
    genders = {"male": _("男"), "female": _("女")}
    # The number first: people look for it.
    columns = ["number", *(column for column in COLUMNS if column != "number")]
    lines: list[list[Any]] = [[*(column_name(each, language()) for each in columns), _("登记日期"), _("状态")]]
    for view in views:
        known = details[view.id]
        values = {
            "number": view.number,
            "name": view.name,
            "gender": genders.get(known.gender or "", ""),
            "phone": show_phone(known.phone) if known.phone else "",
            "id_last4": known.id_last4,
            "team": _("、").join(teams.get(view.id, [])),
            "place": places[view.place_id],
            "household": known.household or "",
        }
        registered = clock.local_day(view.registered_at, clock.zone())
        status = _("停用") if view.status == "blocked" else _("正常")
        lines.append([*(values[column] for column in columns), registered, status])
    return lines


def _all_shown(session: Session, actor: Actor) -> list[VolunteerView]:
    place_id = asked.key("place_id")
    sought, household = asked.text("q", longest=LONGEST_SOUGHT), asked.text("household", longest=LONGEST_SOUGHT)
    narrowed = read_filter(session, actor, sought=sought, place_id=place_id, household=household)

    def fetch(part: PageRequest) -> Page[VolunteerView]:
        return people.list_volunteers(session, actor, request=part, **narrowed)

    return all_items(fetch)
