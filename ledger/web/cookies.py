"""Our cookies. Where people come by https their names begin with __Host-: only this very host can set them, by https.

So neither a neighbouring host name nor somebody on the network can slip a browser a cookie that we would believe.
"""

from flask import current_app, request
from werkzeug.wrappers import Response

from ledger.kernel.settings import Settings

SESSION = "ningxin"
_OWN_HOST = "__Host-"
_SAME_SITE = "Lax"
_PATH = "/"


def cookie_name(name: str, *, https: bool) -> str:
    """The name by which browsers know a cookie of ours."""
    return _OWN_HOST + name if https else name


def read_cookie(name: str) -> str | None:
    """The value of a cookie of ours, None if the browser has none."""
    return request.cookies.get(cookie_name(name, https=_https()))


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Give the browser a cookie for so long; no script can read it."""
    https = _https()
    response.set_cookie(
        cookie_name(name, https=https),
        value,
        # A duration, not a date: the phone's clock may be wrong, and in a rehearsal it differs from ours.
        max_age=seconds,
        path=_PATH,
        secure=https,
        httponly=True,
        samesite=_SAME_SITE,
    )


def end_cookie(response: Response, name: str) -> None:
    """Take a cookie of ours from the browser."""
    https = _https()
    known_as = cookie_name(name, https=https)
    response.delete_cookie(known_as, path=_PATH, secure=https, httponly=True, samesite=_SAME_SITE)


def settings_of_session(*, https: bool) -> dict[str, str | bool]:
    """Flask's settings for its own cookie: messages for the next page, a number before a log-in."""
    return {
        "SESSION_COOKIE_NAME": cookie_name("ningxin-form", https=https),
        "SESSION_COOKIE_PATH": _PATH,
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": _SAME_SITE,
    }


def _https() -> bool:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.https
