"""Addresses for paper and codes: always built on the settings' base URL, never on a request's Host."""

from typing import Any

from flask import current_app, url_for


def absolute(endpoint: str, **values: Any) -> str:
    """The full address of a view."""
    base: str = current_app.config["SETTINGS"].base_url
    return base + url_for(endpoint, **values)


def short(endpoint: str, **values: Any) -> str:
    """The same in upper case, for smaller QR codes; only for views whose path is case-insensitive."""
    return absolute(endpoint, **values).upper()
