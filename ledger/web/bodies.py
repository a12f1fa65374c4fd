"""How much a request may carry: bytes by whoever sends it, and so many fields, parameters and members of JSON.

Strangers may send what a log-in or a scan needs, people with a log-in a form or a list, and a file to a view that
takes one and that they may use. A server that reads bodies before it takes a thread asks here too (`most_bytes_of`).
"""

from collections.abc import Callable
from io import BytesIO
from typing import ParamSpec, TypeVar
from wsgiref.types import WSGIEnvironment

from flask import Flask, current_app, request

from ledger.kernel.errors import Forbidden, LedgerError
from ledger.kernel.runtime import within
from ledger.web import bounded_json
from ledger.web.guard import current_actor, may_use, needs_login

P = ParamSpec("P")
R = TypeVar("R")
FOR_STRANGERS = 65_536
FOR_PEOPLE = 1_048_576
# The fields beside a file, and what frames them.
_REST_OF_FORM_BYTES = 65_536
MOST_FIELDS = 1_000
MOST_PARAMETERS = 200
# In the environment of a request whose body the server has refused: the code for us to answer.
REFUSED = "ledger.refused"
_TOO_LARGE = "request.too_large"


def takes_file(most_bytes: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let people who may use the view send it a file of up to this size."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.most_bytes = most_bytes + _REST_OF_FORM_BYTES  # type: ignore[attr-defined]
        return view

    return mark


def register(app: Flask) -> None:
    """Refuse what is too much before anything is read. Registered before the guard, which reads forms."""
    app.config.update(MAX_CONTENT_LENGTH=FOR_PEOPLE, MAX_FORM_PARTS=MOST_FIELDS)
    app.before_request(_refuse_too_much)


def register_json(app: Flask) -> None:
    """Check JSON before a view reads it. Registered after the guard: nothing is parsed for whoever may not call."""
    app.before_request(_check_json)


def most_bytes_of(app: Flask, received: WSGIEnvironment) -> int:
    """How many bytes the body of a request may have, by its head."""
    with within(app.extensions["runtime"]), app.request_context(received):
        return _most_bytes()


def _most_bytes() -> int:
    actor = current_actor()
    if actor is None:
        return FOR_STRANGERS
    view = current_app.view_functions.get(request.endpoint or "")
    most: int = getattr(view, "most_bytes", FOR_PEOPLE)
    return most if may_use(view, actor) else FOR_PEOPLE


def _refuse_too_much() -> None:
    if REFUSED in request.environ:
        code = request.environ[REFUSED]
        raise _too_large() if code == _TOO_LARGE else LedgerError(code)
    is_told = "Transfer-Encoding" not in request.headers
    length = request.content_length or 0
    most = FOR_STRANGERS if is_told and length <= FOR_STRANGERS else _most_bytes()
    if length > most or not (is_told or _holds_all(most)):
        raise _too_large()
    request.max_content_length = most
    if request.query_string.count(b"&") >= MOST_PARAMETERS:
        raise LedgerError("request.too_complex")
    if request.mimetype == "application/x-www-form-urlencoded" and request.get_data().count(b"&") >= MOST_FIELDS:
        raise LedgerError("request.too_complex")


def _too_large() -> LedgerError:
    """Why so much isn't taken: to whom has to log in for this anyway, that is the way on, not a smaller file."""
    view = current_app.view_functions.get(request.endpoint or "")
    if current_actor() is None and needs_login(view):
        return Forbidden("access.login_needed")
    return LedgerError(_TOO_LARGE)


def _holds_all(most: int) -> bool:
    """Take a body whose length is not told, and tell whether it has no more bytes: werkzeug would cut it off there."""
    body: bytes = request.environ["wsgi.input"].read(most + 1)
    request.environ["wsgi.input"] = BytesIO(body)
    return len(body) <= most


def _check_json() -> None:
    if not request.is_json or not (body := request.get_data()):
        return
    try:
        bounded_json.check(body)
    except ValueError as error:
        raise LedgerError("request.malformed") from error
