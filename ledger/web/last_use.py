"""The last use of a log-in: noted now and then, after the request's own unit, so that no answer waits for its lock."""

import logging
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import LedgerError
from ledger.web.cookies import SESSION, set_cookie
from ledger.web.guard import bearer_token, is_use, sent_token

_log = logging.getLogger("ledger")
NoteUse = Callable[[Session, str], datetime | None]


def register(app: Flask, note_use: NoteUse) -> None:
    """Note the use of a log-in after a request, if one is due, and let the browser keep its cookie as long."""

    @app.after_request
    def _note(response: Response) -> Response:
        holder = g.get("holder")
        view = current_app.view_functions.get(request.endpoint or "")
        token = sent_token()
        if holder is not None and holder.use_is_due and token and is_use(view):
            _note_use(response, note_use, token)
        return response


def _note_use(response: Response, note_use: NoteUse, token: str) -> None:
    try:
        expires_at = in_transaction(note_use, token)
    except (LedgerError, sa.exc.SQLAlchemyError):
        # What was asked for is done; the next request notes the use.
        _log.warning("the use of a log-in was not noted", exc_info=True)
        return
    if expires_at is not None and bearer_token() is None:
        set_cookie(response, SESSION, token, seconds=int((expires_at - clock.now()).total_seconds()))
