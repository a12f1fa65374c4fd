"""What every page knows without its view saying so, and the reader's switches for language and size of type.

A view passes `render_template` only what is its own; the base templates find here: `locale`, `theme`, `large_type`,
`demo`, `frozen`, `here`, `place_name`, `person` ({name, role}, None for strangers), `actor`, `nav`, `log_out_url`,
`now`, `registered(endpoint)`, `unread` (what of the address could not be read). What a view passes itself goes before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, current_app, g, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import LedgerError
from ledger.kernel.settings import Settings
from ledger.web import asked
from ledger.web.guard import current_actor
from ledger.web.locale import LANGUAGE_COOKIE, language
from ledger.web.navigation import staff_nav

LARGE_TYPE_COOKIE = "large_type"
THEME_COOKIE = "theme"
_YEAR_SECONDS = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page, as its head says it: the own name in full, the role in words, the place they are at home.

    `frozen` tells staff that the center's book takes no posting now.
    """

    place_name: str = ""
    demo: bool = False
    name: str = ""
    role: str = ""
    frozen: bool = False


LoadReader = Callable[[Session, Actor | None], Reader]


def register(app: Flask, load_reader: LoadReader) -> None:
    """Give all templates what the base templates need."""

    @app.context_processor
    def _context() -> dict[str, Any]:
        actor, reader = _read(load_reader)
        return {
            "locale": language(),
            "theme": "dark" if request.cookies.get(THEME_COOKIE) == "dark" else "light",
            "large_type": request.cookies.get(LARGE_TYPE_COOKIE) == "1",
            "demo": reader.demo,
            "frozen": reader.frozen,
            "here": _here(),
            "place_name": reader.place_name,
            "person": {"name": reader.name, "role": reader.role} if reader.name else None,
            "actor": actor,
            "nav": staff_nav(actor, request.path),
            "log_out_url": url_for("people.log_out") if actor and registered("people.log_out") else None,
            "now": clock.now(),
            "unread": asked.unread(),
            "registered": registered,
        }


def registered(endpoint: str) -> bool:
    """Whether the application has such a page, so that a page can leave out a link to one that it lacks."""
    return endpoint in current_app.view_functions


def keep_preferences(
    response: Response, *, language: str | None = None, large_type: bool | None = None, theme: str | None = None
) -> None:
    """Write the switches into the browser."""
    for name, value in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, theme)):
        if value is not None:
            _set_cookie(response, name, value)
    if large_type is not None:
        _set_cookie(response, LARGE_TYPE_COOKIE, "1" if large_type else "0")


def bring_preferences(response: Response, *, language: str, large_type: bool) -> None:
    """Bring a person's switches to the browser where they log in; what was chosen there before the log-in stays.

    A profile says Chinese and small type until its person chooses, so these two take nothing away.
    """
    brought = language if language != "zh" and LANGUAGE_COOKIE not in request.cookies else None
    keep_preferences(response, language=brought, large_type=large_type or None)


def local_path(wanted: str | None) -> str:
    """`wanted` if it is a path of this service, else "/": a form must not send its reader to another host."""
    if not wanted or not wanted.isprintable() or "\\" in wanted or wanted[0] != "/" or wanted[1:2] == "/":
        return "/"
    return wanted


def _set_cookie(response: Response, name: str, value: str) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    response.set_cookie(name, value, max_age=_YEAR_SECONDS, samesite="Lax", secure=settings.https, httponly=True)


def _here() -> str:
    """Where the switches come back to: this page, or the one with the form where this is the answer to one."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    referrer = urlsplit(request.referrer or "")
    return local_path(referrer.path + (f"?{referrer.query}" if referrer.query else ""))


def _read(load_reader: LoadReader) -> tuple[Actor | None, Reader]:
    """Once per request. A page that says the database is away must not need the database."""
    if "reader" not in g:
        try:
            actor = current_actor()
            g.reader = actor, in_snapshot(load_reader, actor)
        except (LedgerError, sa.exc.SQLAlchemyError):
            g.reader = None, Reader()
    read: tuple[Actor | None, Reader] = g.reader
    return read
