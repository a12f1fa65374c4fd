"""The language of a response: the page's switch, then the reader's browser; by default Chinese."""

from typing import Literal

from flask import Flask, has_request_context, request
from flask_babel import Babel

from ledger.web.accepted import accepted_languages
from ledger.web.cookies import read_cookie

Language = Literal["zh", "en"]
LANGUAGE_COOKIE = "language"
_LOCALES = {"zh": "zh_Hans", "en": "en"}


def language() -> Language:
    """The language of this request. With an Authorization header, only Accept-Language counts."""
    if not has_request_context():
        return "zh"
    chosen = read_cookie(LANGUAGE_COOKIE)
    if chosen in ("zh", "en") and "Authorization" not in request.headers:
        return "en" if chosen == "en" else "zh"
    return "en" if accepted_languages().best_match(["zh", "en"], default="zh") == "en" else "zh"


def register(app: Flask) -> None:
    """Set up translations; message ids are the Chinese texts themselves."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    app.config["BABEL_DEFAULT_LOCALE"] = "zh_Hans"
    Babel(app, locale_selector=lambda: _LOCALES[language()])
