"""The rules page: all versions with their changes, for everybody; adding one, for managers of the rules."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import zip_longest
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction_once
from ledger.kernel.errors import Rejected
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.rules import form, queries, service
from ledger.rules.policy import RuleBody
from ledger.rules.queries import Rule
from ledger.rules.words import NAMES, Change, changes, expiry_choices, written
from ledger.web import forms
from ledger.web.formats import local_datetime
from ledger.web.guard import get_actor, logged_in, requires
from ledger.web.locale import language
from ledger.web.once import idempotency_key
from ledger.web.spreadsheets import FileKind, spreadsheet

bp = Blueprint("rules", __name__)


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the page shows it; `state` is "past", "now" or "coming"."""

    rule: Rule
    state: str
    changes: list[Change]
    written: list[tuple[str, str]]


@bp.get("/rules")
@logged_in
def versions() -> str:
    """All versions of the rules."""
    shown = in_snapshot(_versions, get_actor())
    return render_template(
        "rules/versions.html", versions=shown, may_add=get_actor().may(Permission.MANAGE_RULES, ROOT)
    )


@bp.get("/rules.<any(csv, xlsx):kind>")
@logged_in
def export_versions(kind: FileKind) -> ResponseReturnValue:
    """Export all versions as a file, one line for each article of each."""
    headings = [_("版"), _("从"), _("条文"), _("内容")]
    lines = [
        [version.rule.number, local_datetime(version.rule.effective_from, locale=language(), zone=clock.zone()), *each]
        for version in in_snapshot(_versions, get_actor())
        for each in version.written
    ]
    return spreadsheet(kind, _("积分规则"), headings, lines)


@bp.get("/rules/new")
@requires(Permission.MANAGE_RULES)
def new_version() -> str:
    """The form, prefilled from the last version."""
    return _form(form.values_of(in_snapshot(_last_body, get_actor()), _tomorrow()), {})


@bp.post("/rules/new")
@requires(Permission.MANAGE_RULES)
def send_new_version() -> ResponseReturnValue:
    """Add the version, or show the form again with the typed values."""
    try:
        starts_at, changed = form.read()
        in_transaction_once(idempotency_key(), service.change, changed, effective_from=starts_at, actor=get_actor())
    except Rejected as error:
        return _form(form.typed(), forms.field_errors(error, form.fields_of(error))), error.status
    return redirect(url_for("rules.versions"), 303)


def _form(values: dict[str, str], errors: dict[str, Any]) -> str:
    choices = expiry_choices(values["points_expire"])
    return render_template("rules/new.html", values=values, errors=errors, names=NAMES, expiry_choices=choices)


def _tomorrow() -> datetime:
    zone = clock.zone()
    day = clock.local_day(clock.now(), zone) + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=zone)


def _last_body(session: Session, actor: Actor) -> RuleBody:
    found = queries.all_rules(session, actor.center_id)
    return found[0].body if found else RuleBody()


def _versions(session: Session, actor: Actor) -> list[Version]:
    found = queries.all_rules(session, actor.center_id)
    started = [rule for rule in found if rule.effective_from <= clock.now()]
    states = {rule.number: "now" if rule is started[0] else "past" for rule in started}
    return [
        Version(
            rule=rule,
            state=states.get(rule.number, "coming"),
            changes=changes(rule.body, before.body if before is not None else None),
            written=written(rule.body),
        )
        for rule, before in zip_longest(found, found[1:])
    ]
