"""Addresses that leave the service on paper and in codes: always the settings' base, never what a request claimed."""

from typing import Any

from flask import current_app, url_for


def absolute(endpoint: str, **values: Any) -> str:
    """The full address of a view."""
    base: str = current_app.config["SETTINGS"].base_url
    return base + url_for(endpoint, **values)


def short(endpoint: str, **values: Any) -> str:
    """The same in upper case, which makes a QR code smaller; for views whose path takes both cases."""
    return absolute(endpoint, **values).upper()
