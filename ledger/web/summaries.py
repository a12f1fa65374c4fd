"""Names the fields in the summaries of a page: above a form, and above a list whose filters could not be read.

A summary comes before its fields, so a template writes its lines without labels, and the base of all pages passes what
it shows through `name_fields`. That reads the labels where people see them, so that they can't differ.
"""

import re
from html import unescape
from html.parser import HTMLParser

from flask import Flask
from flask_babel import gettext as _
from markupsafe import Markup, escape

_MARK = "<a data-summary="
# As `summary_lines` of ui/states.html writes it; the words are escaped.
_LINE = re.compile(r'<a data-summary="([^"]*)" href="#([^"]*)">([^<]*)</a>')


def register(app: Flask) -> None:
    """Register the filter `name_fields` for the base templates."""
    app.jinja_env.filters["name_fields"] = name_fields


def name_fields(markup: str) -> Markup:
    """The same page, with each line of its summaries beginning with the label of the field to which it links.

    A line about something that has no field on the page, such as a filter that only links carry, is not a link.
    """
    if _MARK not in markup:
        return Markup(markup)  # noqa: S704 - the page itself, escaped by its template
    labels = labels_in(markup)
    return Markup(_LINE.sub(lambda line: _named(line, labels), markup))  # noqa: S704 - labels are escaped


def labels_in(markup: str) -> dict[str, str]:
    """The label of each field by the field's id; for a field of a group after the group's legend."""
    reader = _Labels()
    reader.feed(markup)
    reader.close()
    return {name: label for name, label in reader.labels.items() if name in reader.ids}


def _named(line: re.Match[str], labels: dict[str, str]) -> str:
    otherwise, name, said = line.groups()
    label, colon = labels.get(unescape(name)), escape(_("："))
    if label is None:
        return f"{otherwise}{colon}{said}" if otherwise else said
    return f'<a href="#{name}">{escape(label)}{colon}{said}</a>'


class _Labels(HTMLParser):
    """Collects ids and labels; remarks inside a label, such as that a field is optional, are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.labels: dict[str, str] = {}
        self._legend = ""
        self._of: str | None = None
        self._pieces: list[str] = []
        self._remarks = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag in ("label", "legend"):
            self._of, self._pieces = given.get("for") or "", []
        self._remarks += tag == "span"

    def handle_endtag(self, tag: str) -> None:
        words = "".join(self._pieces).strip()
        if tag == "label" and self._of:
            self.labels[self._of] = self._legend + _("，") + words if self._legend else words
        if tag in ("legend", "fieldset"):
            self._legend = words if tag == "legend" else ""
        if tag in ("label", "legend"):
            self._of = None
        self._remarks -= tag == "span"

    def handle_data(self, data: str) -> None:
        if self._of is not None and not self._remarks:
            self._pieces.append(data)
