"""Where a page leads back to: only to addresses that open, wherever a form was sent."""

from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect


def local_path(wanted: str | None) -> str:
    """`wanted` if it is a path of this service, else "/": a form must not send its reader to another host."""
    if not wanted or not wanted.isprintable() or "\\" in wanted or wanted[0] != "/" or wanted[1:2] == "/":
        return "/"
    return wanted


def here() -> str:
    """The address to return to after a switch: this page, or the form's page if this is the response to a form.

    A form that was refused is shown again at an address that opens nothing; then it is the nearest page above that.
    """
    if request.method == "GET" and not isinstance(request.routing_exception, MethodNotAllowed):
        return request.full_path.rstrip("?")
    referrer = urlsplit(request.referrer or "")
    came_from = local_path(referrer.path + (f"?{referrer.query}" if referrer.query else ""))
    return came_from if _opens(urlsplit(came_from).path) else above(urlsplit(came_from).path)


def above(path: str) -> str:
    """The nearest address above that opens a page."""
    while "/" in path.strip("/"):
        path = path.rpartition("/")[0]
        if _opens(path):
            return path
    return "/"


def _opens(path: str) -> bool:
    """Whether a link may lead to this address."""
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except HTTPException as refused:
        return isinstance(refused, RequestRedirect)
