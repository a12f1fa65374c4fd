"""The idempotency key of a request: a header for API clients, a hidden field in forms."""

import secrets
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from flask import Flask, Response, g, request
from sqlalchemy.orm import Session

from ledger.kernel.db import in_transaction_once
from ledger.kernel.errors import Conflict, LedgerError
from ledger.kernel.idempotency import Once, hash_request
from ledger.web import csrf
from ledger.web.guard import PROOF, get_actor

P = ParamSpec("P")
T = TypeVar("T")
FIELD = "idempotency_key"
HEADER = "Idempotency-Key"
_SHORTEST, _LONGEST = 8, 100


def idempotency_key() -> Once:
    """The required key of this request. Raises LedgerError("idempotency.key_missing" | "idempotency.key_invalid")."""
    once = find_idempotency_key()
    if once is None:
        raise LedgerError("idempotency.key_missing")
    return once


def find_idempotency_key() -> Once | None:
    """The key of this request, None if it has none."""
    key = request.headers.get(HEADER) or request.form.get(FIELD)
    if not key:
        return None
    if not _SHORTEST <= len(key) <= _LONGEST or not key.isascii() or not key.isprintable() or " " in key:
        raise LedgerError("idempotency.key_invalid")
    actor = get_actor()
    g.once = Once(
        center_id=actor.center_id,
        scope=f"{actor.identity_id}:{request.endpoint}",
        key=key,
        request_hash=hash_request(request.method, request.path, _body()),
    )
    once: Once = g.once
    return once


def in_transaction_shown_once(
    once: Once, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """`in_transaction_once` for what is shown only once and stored nowhere, such as the code on a slip.

    A reload makes no other in its place, which would end the printed one. Raises
    Conflict("idempotency.shown_already"), and what `work` raises.
    """
    made: list[T] = []

    def make(session: Session) -> None:
        made[:] = [work(session, *args, **kwargs)]

    in_transaction_once(once, make)
    if not made or once.replayed:
        raise Conflict("idempotency.shown_already")
    return made[0]


def new_key() -> str:
    """A key for a form, made when the form is rendered."""
    return secrets.token_urlsafe(18)


def register(app: Flask) -> None:
    """Mark replayed responses; provide keys to forms."""
    app.jinja_env.globals["new_idempotency_key"] = new_key

    @app.after_request
    def _mark(response: Response) -> Response:
        once: Once | None = g.get("once")
        if g.get("replayed") or (once is not None and once.replayed):
            response.headers["Idempotency-Replayed"] = "true"
        return response


def _body() -> object:
    if request.is_json:
        return request.get_json(silent=True)
    apart = (csrf.FIELD, PROOF)
    return sorted((name, value) for name, value in request.form.items(multi=True) if name not in apart)
