"""What templates need to write addresses: ids in their public form, and the next page of the list they show."""

from urllib.parse import urlencode

from flask import Flask, request

from ledger.kernel.ids import public_id


def register(app: Flask) -> None:
    """Give all templates the filter `public_id` and the function `page_url`."""
    app.jinja_env.filters["public_id"] = public_id
    app.jinja_env.globals["page_url"] = page_url


def page_url(after: str | None = None) -> str:
    """This list after a cursor, with every filter kept; without a cursor its first page."""
    wanted = {name: value for name, value in request.args.items() if name != "after" and value}
    if after:
        wanted["after"] = after
    return f"{request.path}?{urlencode(wanted)}" if wanted else request.path
