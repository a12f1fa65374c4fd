"""The one answer that no thread makes: too much waits for the threads."""

import json
from html import escape
from wsgiref.types import WSGIEnvironment

from flask import Flask

from ledger.kernel.errors import Unavailable
from ledger.web.locale import language
from ledger.web.logs import REQUESTS
from ledger.web.outgoing import Answer
from ledger.web.problem import problem, wants_json

_AGAIN_SECONDS = 2
_PAGE = '<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
_TEXT = "<title>{title}</title><h1>{title}</h1><p>{detail}</p><p>{ref}</p></html>"


def busy_answer(app: Flask, received: WSGIEnvironment) -> Answer:
    """Say so in the reader's language, without a look at the database."""
    with app.request_context(received):
        document = problem(Unavailable("service.busy"))
        if wants_json():
            kind, text = "application/problem+json", json.dumps(document, ensure_ascii=False)
        else:
            shown = {name: escape(str(document[name])) for name in ("title", "detail", "ref")}
            kind, text = "text/html; charset=utf-8", (_PAGE + _TEXT).format(lang=language(), **shown)
    REQUESTS.labels(received["REQUEST_METHOD"], "unknown", "503").inc()
    headers = {"content-type": kind, "retry-after": str(_AGAIN_SECONDS), "cache-control": "no-store"}
    return Answer(503, [(name.encode(), value.encode()) for name, value in headers.items()], text.encode())
