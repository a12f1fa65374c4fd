"""Proof that a page of ours sent a form: a token made for the browser's log-in, or before one for the browser alone.

Browsers send cookies along with forms of foreign pages too, but such a page can't read the token. It is of no use to
another log-in, before this one or after it, so a page left open never acts for whoever logged in meanwhile.
"""

import base64
import binascii
import hmac
import secrets

from flask import Flask, current_app, g, request, session

from ledger.kernel.crypto import keyring
from ledger.kernel.errors import Forbidden
from ledger.web.cookies import SESSION, read_cookie

FIELD, HEADER = "csrf_token", "X-CSRFToken"
_BROWSER = "browser"
_BROWSER_BYTES = 16
_SALT_BYTES, _MAC_BYTES = 12, 18


def register(app: Flask) -> None:
    """Provide `csrf_token()` to all templates."""
    app.jinja_env.globals["csrf_token"] = csrf_token


def csrf_token() -> str:
    """The token for the forms of this page. It differs each time, so that a compressed page does not reveal it."""
    if "csrf_token" not in g:
        salt = secrets.token_bytes(_SALT_BYTES)
        g.csrf_token = base64.urlsafe_b64encode(salt + _mac(salt, _holder() or _new_browser())).decode()
    return str(g.csrf_token)


def refuse_forged() -> None:
    """Raises Forbidden("request.csrf" | "request.no_cookies") unless the request has a token made for its sender."""
    holder = _holder()
    if holder is None:
        raise Forbidden("request.no_cookies", address=current_app.config["SETTINGS"].base_url)
    if not _is_genuine(request.headers.get(HEADER) or request.form.get(FIELD, ""), holder):
        raise Forbidden("request.csrf")


def _holder() -> str | None:
    """Whom tokens are made for: the log-in, or the browser before one; None if it has no number yet."""
    if token := read_cookie(SESSION):
        return f"log-in {token}"
    return f"browser {session[_BROWSER]}" if _BROWSER in session else None


def _new_browser() -> str:
    session[_BROWSER] = secrets.token_urlsafe(_BROWSER_BYTES)
    return f"browser {session[_BROWSER]}"


def _is_genuine(token: str, holder: str) -> bool:
    try:
        raw = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return False
    salt, mac = raw[:_SALT_BYTES], raw[_SALT_BYTES:]
    return hmac.compare_digest(mac, _mac(salt, holder))


def _mac(salt: bytes, holder: str) -> bytes:
    return keyring().digest(f"{salt.hex()} {holder}", purpose="form", length=_MAC_BYTES)
