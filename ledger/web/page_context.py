"""Context of every page, and the reader's preferences for language and size of type.

A view passes `render_template` only its own values; the base templates get from here: `locale`, `theme`, `large_type`,
`demo`, `frozen`, `here`, `place_name`, `person` ({name, role}, None for strangers), `actor`, `nav`, `log_out_url`,
`now`, `registered(endpoint)`, `unread` (messages about unreadable parameters). A view's own values take precedence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import LedgerError
from ledger.web import asked
from ledger.web.cookies import read_cookie, set_cookie
from ledger.web.guard import current_actor
from ledger.web.leading_back import here
from ledger.web.locale import LANGUAGE_COOKIE, language
from ledger.web.navigation import staff_nav

LARGE_TYPE_COOKIE = "large_type"
THEME_COOKIE = "theme"
_YEAR_SECONDS = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of a page as its header shows them: full name, role in words, home place.

    `frozen` tells staff that the center's book accepts no postings now.
    """

    place_name: str = ""
    demo: bool = False
    name: str = ""
    role: str = ""
    frozen: bool = False


LoadReader = Callable[[Session, Actor | None], Reader]


def register(app: Flask, load_reader: LoadReader) -> None:
    """Provide the context of the base templates."""

    @app.context_processor
    def _context() -> dict[str, Any]:
        actor, reader = _read(load_reader)
        return {
            "locale": language(),
            "theme": "dark" if read_cookie(THEME_COOKIE) == "dark" else "light",
            "large_type": read_cookie(LARGE_TYPE_COOKIE) == "1",
            "demo": reader.demo,
            "frozen": reader.frozen,
            "here": here(),
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
    """Whether the application has this endpoint, so that pages can omit links to missing ones."""
    return endpoint in current_app.view_functions


def keep_preferences(
    response: Response, *, language: str | None = None, large_type: bool | None = None, theme: str | None = None
) -> None:
    """Store preferences in the browser."""
    for name, value in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, theme)):
        if value is not None:
            set_cookie(response, name, value, seconds=_YEAR_SECONDS)
    if large_type is not None:
        set_cookie(response, LARGE_TYPE_COOKIE, "1" if large_type else "0", seconds=_YEAR_SECONDS)


def bring_preferences(response: Response, *, language: str, large_type: bool) -> None:
    """Bring a person's preferences to the browser at log-in; a language chosen there before the log-in stays.

    Chinese and small type are a profile's defaults, so they override nothing.
    """
    brought = language if language != "zh" and read_cookie(LANGUAGE_COOKIE) is None else None
    keep_preferences(response, language=brought, large_type=large_type or None)


def _read(load_reader: LoadReader) -> tuple[Actor | None, Reader]:
    """Load the reader once per request, or none on failure: an error page about the database must not need it."""
    if "reader" not in g:
        try:
            actor = current_actor()
            g.reader = actor, in_snapshot(load_reader, actor)
        except (LedgerError, sa.exc.SQLAlchemyError):
            g.reader = None, Reader()
    read: tuple[Actor | None, Reader] = g.reader
    return read
