"""Template helpers for addresses: ids in their public form, the next page of a list, the same list as a file.

Query parameters are carried over as text, never as keyword arguments: a query string may contain any name.
"""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, request, url_for

from ledger.kernel.ids import public_id
from ledger.web.asked import unread


def register(app: Flask) -> None:
    """Register for all templates the filter `public_id` and the functions `page_url`, `url_with` and `file_url`."""
    app.jinja_env.filters["public_id"] = public_id
    app.jinja_env.globals.update(page_url=page_url, url_with=url_with, file_url=file_url)


def page_url(after: str | None = None) -> str:
    """The address of this list after a cursor, with all filters; without a cursor, of its first page."""
    return _with_query(request.path, {"after": after or ""})


def url_with(**changed: str) -> str:
    """This page's address with some parameters changed."""
    return _with_query(request.path, changed)


def file_url(endpoint: str, **values: Any) -> str:
    """The address of this list as a file, with the filters that could be read: a file with others is refused."""
    return _with_query(url_for(endpoint, **values), {"after": ""} | dict.fromkeys(unread(), ""))


def _with_query(path: str, changed: dict[str, str]) -> str:
    wanted = {name: value for name, value in (request.args.to_dict() | changed).items() if value}
    return f"{path}?{urlencode(wanted)}" if wanted else path
