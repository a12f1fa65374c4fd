"""Every refusal in one format: RFC 9457 problem details for API clients, a page with the same texts for people."""

import json
import logging
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Flask, Response, g, has_request_context, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ledger.kernel import clock, runtime
from ledger.kernel.errors import LedgerError, Rejected, Unavailable, text_of
from ledger.kernel.ids import public_id
from ledger.web import formats
from ledger.web.accepted import accepted_types
from ledger.web.leading_back import above
from ledger.web.locale import Language, language
from ledger.web.logs import route_name

_log = logging.getLogger("ledger")
_CODES = {
    404: "request.not_found",
    405: "request.method_not_allowed",
    406: "request.not_acceptable",
    413: "request.too_large",
    415: "request.unsupported_media_type",
    422: "request.invalid",
    429: "request.too_many",
}
# Answers that say when to come again, and when if nothing tells.
_COME_AGAIN, _AGAIN_SECONDS = (429, 503), 2
MOST_NAMED = 50
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LETTERS = "ACDEFHJKMNPRTWXY"


class InvalidFields(Rejected):
    """Invalid fields: `errors` is a list of {field, message}, in the reader's language.

    It names the first MOST_NAMED of them, of `count` in all (those in the list, unless told).
    """

    def __init__(self, errors: list[dict[str, str]], *, count: int | None = None) -> None:
        super().__init__("request.invalid", count=len(errors) if count is None else count, errors=errors[:MOST_NAMED])


class NotNow(InvalidFields):
    """The form's sender has thought again: its page is shown with what was typed, and nothing is done."""

    def __init__(self) -> None:
        super().__init__([])
        self.code = "request.not_now"


def wants_json() -> bool:
    """Whether the response goes to an API client."""
    return request.path.startswith("/api/") or accepted_types().best == "application/json"


def words(error: LedgerError, *, in_language: Language | None = None) -> tuple[str, str]:
    """What happened and what to do next, in the given or the reader's language, with the context filled in."""
    text = text_of(error.code)
    if text.status in _COME_AGAIN and has_request_context():
        g.again_seconds = error.context.get("seconds", _AGAIN_SECONDS)
    spoken = in_language or language()
    context = _Known({name: _for_people(name, value) for name, value in error.context.items()})
    if "seconds" in error.context:
        context["wait"] = formats.wait_words(int(error.context["seconds"]), locale=spoken)
    if spoken == "en":
        return text.en.format_map(context), text.next_en.format_map(context)
    return text.zh.format_map(context), text.next_zh.format_map(context)


def _for_people(name: str, value: Any) -> Any:
    """Format points with decimals, instants as time of day in the people's zone, `…_moment` with the day."""
    if name.endswith("_points") and isinstance(value, int):
        return formats.points(value)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        zone = clock.zone()
        moment = datetime.fromisoformat(value)
        if name.endswith("_moment"):
            return formats.local_datetime(moment, locale=language(), zone=zone)
        return formats.local_time(moment, zone=zone)
    return value


class _Known(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"


def problem(error: LedgerError) -> dict[str, Any]:
    """The members of the problem document."""
    title, next_step = words(error)
    members = {name: _plain(name, value) for name, value in error.context.items()}
    return members | {
        "type": f"urn:ningxin:problem:{error.code}",
        "title": title,
        "status": error.status,
        "code": error.code,
        "detail": next_step,
        "ref": reference(),
    }


def reference() -> str:
    """A short code to read out on the telephone, the same in the response and the log."""
    if "reference" not in g:
        letters = "".join(secrets.choice(_LETTERS) for _ in range(3))
        g.reference = f"{letters} {secrets.randbelow(1000):03}"
    return str(g.reference)


def _plain(name: str, value: Any) -> Any:
    """Convert keys to their public form; other values are plain already."""
    return public_id(value) if name.endswith("_id") and isinstance(value, int) else value


def register(app: Flask) -> None:
    """Answer every error in this format."""
    app.after_request(_say_when)
    app.register_error_handler(LedgerError, _answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(UnicodeDecodeError, lambda _error: _answer(LedgerError("request.malformed")))
    # JSON nested too deeply for the parser.
    app.register_error_handler(RecursionError, lambda _error: _answer(LedgerError("request.malformed")))
    app.register_error_handler(Exception, _answer_fault)


def _answer(error: LedgerError) -> ResponseReturnValue:
    if error.status == 401 and not wants_json() and request.method == "GET":
        return redirect(url_for("people.log_in", next=request.full_path.rstrip("?")))
    document = problem(error)
    fields = {"code": error.code, "ref": document["ref"], "route": route_name()}
    if isinstance(error, Unavailable) and (cause := runtime.current().database.cause_of(error)):
        # For operators alone: the client hears no more than "busy".
        _log.error(cause, extra=fields)
    else:
        _log.info("refused", extra=fields)
    if wants_json():
        body = json.dumps(document, ensure_ascii=False, default=str)
        response = Response(body, error.status, mimetype="application/problem+json")
    else:
        what, to_do = words(_without_form(error))
        page = render_template(
            "problem.html",
            title=what,
            next_step=to_do,
            errors=document.get("errors"),
            status=error.status,
            ref=document["ref"],
        )
        response = Response(page, error.status, mimetype="text/html")
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _say_when(response: Response) -> Response:
    """Say when to come again, whichever page tells that it is too much now: a form is shown again by its view."""
    if response.status_code in _COME_AGAIN:
        response.headers.setdefault("Retry-After", str(g.get("again_seconds", _AGAIN_SECONDS)))
    return response


def _without_form(error: LedgerError) -> LedgerError:
    """What to say on a page without the form: a view that can show its form again answers InvalidFields itself."""
    return LedgerError("request.form_unreadable") if isinstance(error, InvalidFields) else error


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    if code >= 500:
        return _answer_fault(error)
    if code == 405 and request.method in ("GET", "HEAD") and not wants_json():
        # A form's answer has its address in the bar of the browser: asked for again, it leads to the form.
        return redirect(above(request.path), 303)
    response = _answer(_from_http(error, code))
    allowed = getattr(error, "valid_methods", None)
    if allowed and isinstance(response, Response):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _from_http(error: HTTPException, status: int) -> LedgerError:
    messages = getattr(error, "data", {}).get("messages") if hasattr(error, "data") else None
    if messages and status == 422:
        found = list(_messages_of(messages))
        named = [{"field": ".".join(path), "message": str(message)} for path, message in found[:MOST_NAMED]]
        return InvalidFields(named, count=len(found))
    if status == 429:
        return LedgerError("request.too_many", seconds=60)
    return LedgerError(_CODES.get(status, "request.malformed" if status == 400 else "request.refused"))


def _messages_of(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Flatten marshmallow's nested messages, untranslated, into pairs of where they belong and what they say."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            skip = name in ("json", "query", "form", "files", "_schema") and len(path) == 0
            yield from _messages_of(inner, path if skip else (*path, str(name)))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield path, message


def _answer_fault(error: Exception) -> ResponseReturnValue:
    fields = {"ref": reference(), "method": request.method, "route": route_name()}
    _log.error("fault", exc_info=error, extra=fields)
    return _answer(LedgerError("service.failed"))
