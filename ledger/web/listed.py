"""Lists as files: whoever may see a list may take it along, exactly as they see it.

A page marked `@listed` has two more addresses, its own with `.csv` and `.xlsx`. They draw the same page by the same
view, with its guard, filters and order, one page of the list after the other, and read its table. So a file has the
page's columns and shows nobody more than the page does; a new list needs the mark and nothing else.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ledger.kernel.db import one_snapshot
from ledger.web import asked
from ledger.web.drawn import Drawn, read_list, without_bare
from ledger.web.links import file_url
from ledger.web.spreadsheets import KINDS, download, refuse_long

P = ParamSpec("P")
R = TypeVar("R")


def listed(view: Callable[P, R]) -> Callable[P, R]:
    """Offer the list of the page as a file. Stands below the guard's mark or above it, and below the route."""
    view.is_listed = True  # type: ignore[attr-defined]
    return view


def register(app: Flask) -> None:
    """Add the addresses of files for all listed pages there are by now, and the function `list_files` for templates."""
    pages = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    for rule in pages:
        view: Any = app.view_functions[rule.endpoint]
        if getattr(view, "is_listed", False):
            address = f"{rule.rule}.<any(csv, xlsx):kind>"
            app.add_url_rule(address, file_of(rule.endpoint), _file_of(view), methods=["GET"])
    app.jinja_env.globals["list_files"] = list_files


def file_of(endpoint: str) -> str:
    """The endpoint of the file of a page."""
    capability, _dot, page = endpoint.rpartition(".")
    return f"{capability}.export_{page}"


def list_files() -> list[tuple[str, str]]:
    """Kinds and addresses of the file of this page, none if it isn't listed."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method != "GET" or not getattr(view, "is_listed", False):
        return []
    endpoint, given = file_of(request.endpoint or ""), request.view_args or {}
    return [(kind, file_url(endpoint, **given, kind=kind)) for kind in reversed(KINDS)]


def is_file() -> bool:
    """Whether the list is wanted as a file: a page that leads elsewhere if there is one thing to choose stays then."""
    return "kind" in (request.view_args or {})


def _file_of(view: Callable[..., Any]) -> Callable[..., ResponseReturnValue]:
    def file(kind: str, **keys: Any) -> ResponseReturnValue:
        """Export the list of the page as a file."""
        drawn = _draw_all(view, keys)
        return download(kind, drawn.name or _("名单"), without_bare(drawn.headings, drawn.rows))

    file.access = view.access  # type: ignore[attr-defined]
    return file


def _draw_all(view: Callable[..., Any], keys: dict[str, Any]) -> Drawn:
    """All pages of the list as one, from one snapshot. Raises what `refuse_long` raises."""
    whole = Drawn(after="")
    with one_snapshot():
        while whole.after is not None:
            with asked.part_of_file(whole.after or None):
                drawn = read_list(str(view(**keys)))
            whole = Drawn(drawn.name, drawn.headings, whole.rows + drawn.rows, drawn.after)
            refuse_long(whole.rows)
    return whole
