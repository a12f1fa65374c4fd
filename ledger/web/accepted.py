"""What a client says it takes: the languages and the kinds of an answer, read from so much of a header as is meant."""

from typing import TypeVar

from flask import request
from werkzeug.datastructures import Accept, LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

A = TypeVar("A", bound=Accept)
# Browsers send less than a hundred. Reading and ordering a header of 60,000 took more than half a second.
_MOST_SIGNS = 1_000


def accepted_languages() -> LanguageAccept:
    """The languages that the client reads, best first."""
    return _read("Accept-Language", LanguageAccept)


def accepted_types() -> MIMEAccept:
    """The media types that the client takes, best first."""
    return _read("Accept", MIMEAccept)


def _read(name: str, kind: type[A]) -> A:
    return parse_accept_header(request.headers.get(name, "")[:_MOST_SIGNS], kind)
