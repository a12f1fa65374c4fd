"""The headers of every response: those for security, and none that no server can send.

Whoever comes to the proxy without https is sent there.
"""

from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue

from ledger.kernel.settings import Settings
from ledger.web.forwarded import came_by_http

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def register(app: Flask, settings: Settings) -> None:
    """Set the headers; caches may store only static files, unless a view permits it."""

    @app.before_request
    def _by_https() -> ResponseReturnValue | None:
        if settings.https and came_by_http():
            return redirect(settings.base_url + request.full_path.rstrip("?"), 308)
        return None

    @app.after_request
    def _headers(response: Response) -> Response:
        headers = response.headers
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(self), geolocation=(self), microphone=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if settings.https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        refuse_unsendable(response)
        return response


def refuse_unsendable(response: Response) -> None:
    """Raises UnicodeEncodeError for a header that is not ASCII: a server fails with it where no page can say so."""
    for name, value in response.headers:
        name.encode("ascii"), value.encode("ascii")
