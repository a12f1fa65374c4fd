"""Pages of what was done with credentials and roles: everybody sees their own, who reads the books sees all."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.actor import SYSTEM_IDENTITY, Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import Page, PageRequest
from ledger.kernel.paths import ROOT
from ledger.kernel.permissions import Permission
from ledger.people.access.events import EventView, list_events
from ledger.people.blueprint import bp
from ledger.people.identities.queries import names_of
from ledger.people.policy import mask_name
from ledger.people.words import EVENT_WORDS
from ledger.web import asked
from ledger.web.formats import local_datetime
from ledger.web.guard import get_actor, logged_in
from ledger.web.locale import language
from ledger.web.spreadsheets import FileKind, all_rows, spreadsheet


@bp.get("/credentials")
@logged_in
def credential_events() -> str:
    """What was done with one's own credentials and roles; with everybody's for whoever reads the books."""
    page, everybody = asked.page(), _sees_all(get_actor())
    shown = in_snapshot(_list, page, get_actor(), everybody)
    return render_template("people/credentials.html", everybody=everybody, words=EVENT_WORDS, **shown)


@bp.get("/credentials.<any(csv, xlsx):kind>")
@logged_in
def export_credential_events(kind: FileKind) -> ResponseReturnValue:
    """The same list as a file."""
    found, names = in_snapshot(_all, asked.sort(), get_actor(), _sees_all(get_actor()))
    heads = [_("时间"), _("谁的"), _("办了什么"), _("谁办的"), _("谁提的"), _("关于"), _("理由")]
    return spreadsheet(kind, "credentials", heads, [_cells(each, names) for each in found])


def _sees_all(actor: Actor) -> bool:
    return actor.may(Permission.READ_BOOKS, ROOT) and not asked.has("mine")


def _list(session: Session, page: PageRequest, actor: Actor, everybody: bool) -> dict[str, Any]:
    whose = None if everybody else actor.identity_id
    found = list_events(session, actor.center_id, identity_id=whose, request=page)
    names = _names(session, found.items, actor.center_id)
    return {"rows": found.items, "names": names, "next_after": found.next, "sort": found.sort}


def _all(session: Session, sort: str, actor: Actor, everybody: bool) -> tuple[list[EventView], dict[int, str]]:
    whose = None if everybody else actor.identity_id

    def fetch(part: PageRequest) -> Page[EventView]:
        return list_events(session, actor.center_id, identity_id=whose, request=part)

    found = all_rows(fetch, sort=sort)
    return found, _names(session, found, actor.center_id)


def _names(session: Session, found: list[EventView], center_id: int) -> dict[int, str]:
    ids = {who for each in found for who in (each.identity_id, each.made_by, each.proposed_by) if who is not None}
    names = {who: mask_name(name) for who, name in names_of(session, ids, center_id).items()}
    return {SYSTEM_IDENTITY: _("服务器上的人")} | names


def _cells(each: EventView, names: dict[int, str]) -> list[Any]:
    at = local_datetime(each.at, locale=language(), zone=clock.zone())
    proposed_by = "" if each.proposed_by is None else names.get(each.proposed_by, "")
    whose, made_by = names.get(each.identity_id, ""), names.get(each.made_by, "")
    return [at, whose, str(EVENT_WORDS[each.kind]), made_by, proposed_by, each.about, each.reason]
