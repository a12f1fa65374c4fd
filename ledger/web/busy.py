"""The answers that no thread makes: too much waits for the threads, or what came is no body."""

import json
from html import escape
from wsgiref.types import WSGIEnvironment

from flask import Flask
from flask_babel import gettext as _

from ledger.kernel.errors import LedgerError, Unavailable
from ledger.web.locale import language
from ledger.web.logs import REQUESTS
from ledger.web.outgoing import Answer
from ledger.web.problem import problem, wants_json

_AGAIN_SECONDS = 2
_PAGE = '<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
# Style sheets would have to wait for the threads as well.
_STYLE = (
    "<style>body{{max-width:32rem;margin:12vh auto;padding:0 1.25rem;background:#f5efe4;color:#1b1f24;"
    "font:1.125rem/1.6 system-ui,sans-serif}}h1{{font-size:1.5rem}}a{{display:inline-block;padding:.6rem 1.25rem;"
    "border-radius:.4rem;background:#1c3a5e;color:#fff;text-decoration:none}}</style>"
)
_TEXT = "<title>{title}</title><h1>{title}</h1><p>{detail}</p>{again}<p>{ref}</p></html>"
# To the address that was asked, without repeating it; a form has to be sent again from its own page.
_AGAIN = '<p><a href="">{words}</a></p>'


def busy_answer(app: Flask, received: WSGIEnvironment) -> Answer:
    """Too much waits for the threads."""
    answer = _told(app, received, Unavailable("service.busy"))
    answer.headers.append((b"retry-after", str(_AGAIN_SECONDS).encode()))
    return answer


def broken_answer(app: Flask, received: WSGIEnvironment) -> Answer:
    """The body has broken off, or is framed as none may be."""
    return _told(app, received, LedgerError("request.malformed"))


def _told(app: Flask, received: WSGIEnvironment, error: LedgerError) -> Answer:
    """Say so in the reader's language, without a look at the database."""
    with app.request_context(received):
        document = problem(error)
        if wants_json():
            kind, text = "application/problem+json", json.dumps(document, ensure_ascii=False)
        else:
            shown = {name: escape(str(document[name])) for name in ("title", "detail", "ref")}
            again = _AGAIN.format(words=escape(_("再试一次"))) if received["REQUEST_METHOD"] == "GET" else ""
            text = (_PAGE + _STYLE + _TEXT).format(lang=language(), again=again, **shown)
            kind = "text/html; charset=utf-8"
    REQUESTS.labels(received["REQUEST_METHOD"], "unknown", str(error.status)).inc()
    headers = {"content-type": kind, "cache-control": "no-store"}
    return Answer(error.status, [(name.encode(), value.encode()) for name, value in headers.items()], text.encode())
