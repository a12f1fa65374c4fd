"""Refuses JSON whose numbers Python doesn't parse, or whose names can't be named in an answer."""

import json
import re
from typing import Any

from flask import Flask, request

from ledger.kernel.errors import LedgerError

# An escaped surrogate, or more digits than any number of ours; only such bodies are parsed once more.
_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|[0-9]{1000}")


def register(app: Flask) -> None:
    """Check every JSON body before it is read."""
    app.before_request(_refuse_unreadable)


def _refuse_unreadable() -> None:
    """Values with half a surrogate pair are left to the readers of their fields, which name the field."""
    if not request.is_json or not _SUSPECT.search(request.get_data()):
        return
    try:
        json.loads(request.get_data(), object_pairs_hook=_with_readable_names)
    except ValueError as error:
        raise LedgerError("request.malformed") from error


def _with_readable_names(members: list[tuple[str, Any]]) -> None:
    for name, _value in members:
        name.encode()
