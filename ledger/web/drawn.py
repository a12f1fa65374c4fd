"""Reads the list that a page has drawn: the headings and rows of its table, as its reader sees them.

Only the element marked by `data-list` is read (`table` and `listing` of ui/rows.html). What is there for hands and not
for eyes is left out: buttons, icons, and columns that have nothing else.
"""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_UNSEEN = frozenset({"button", "script", "select", "style", "svg", "template", "textarea"})
# A link that looks like a button, or is as large as one to be tapped, is a thing to do.
_UNSEEN_CLASSES = frozenset({"btn", "nx-noprint", "nx-tap", "visually-hidden"})
_BREAKS = frozenset({"br", "div", "dd", "dt", "li", "p", "small"})
_ROW_PARTS = ("nx-row__what", "nx-row__fig", "nx-row__more")
_FIGURE = re.compile(r"[-\N{MINUS SIGN}]?[0-9][0-9,]*(\.[0-9]+)?")
# A spreadsheet keeps no more digits of a number.
_MOST_DIGITS = 15
_NOTHING = "\N{EN DASH}"


@dataclass(slots=True)
class Drawn:
    """The list of one page: its name, its headings and rows, and the cursor of the next page."""

    name: str = ""
    headings: list[Any] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    after: str | None = None


def read_list(markup: str) -> Drawn:
    """The list of a page; one without a name if the page shows none."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader.drawn


def without_bare(headings: list[Any], rows: list[list[Any]]) -> list[list[Any]]:
    """The lines of a file, none for no list: without the columns that have neither a heading nor a value."""
    lines = [headings, *rows] if headings or rows else []
    wide = max(map(len, lines), default=0)
    whole = [[*line, *[""] * (wide - len(line))] for line in lines]
    kept = [at for at in range(wide) if any(line[at] != "" for line in whole)]
    return [[line[at] for at in kept] for line in whole]


class _Reader(HTMLParser):
    """Walks the page once. `_depth` counts the open elements of the list, `_unseen` is the depth of a hidden one."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = Drawn()
        self._list = ""
        self._depth = self._unseen = 0
        self._part = ""
        self._line: list[Any] | None = None
        self._cell: list[str] | None = None
        self._cell_at = 0
        self._is_figure = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("rel") == "next":
            self.drawn.after = parse_qs(urlsplit(given["href"]).query).get("after", [None])[0]
        if not self._list and "data-list" in given and not self.drawn.name:
            self._begin(tag, given)
        elif self._list:
            self._enter(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if not self._list or tag in _VOID:
            return
        self._depth -= 1
        if self._unseen and self._depth < self._unseen:
            self._unseen = 0
        if self._cell is not None and self._depth < self._cell_at:
            self._end_cell()
        if tag == ("tr" if self._list == "table" else "li") and self._line is not None and self._cell is None:
            self._end_line()
        if self._depth == 0:
            self._list = ""

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._unseen:
            self._cell.append(data.replace("\n", " "))

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        self._list, self._depth, self.drawn.name = tag, 1, given["data-list"]
        self.drawn.headings = json.loads(given.get("data-columns") or "[]")

    def _enter(self, tag: str, given: dict[str, str]) -> None:
        classes = set(given.get("class", "").split())
        if tag in _BREAKS and self._cell is not None:
            self._cell.append("\n")
        if tag in _VOID:
            return
        self._depth += 1
        if self._unseen:
            return
        if tag in _UNSEEN or classes & _UNSEEN_CLASSES or given.get("aria-hidden") == "true":
            self._unseen = self._depth
        elif tag == "time" and self._cell is not None and given.get("title"):
            self._cell.append(given["title"])
            self._unseen = self._depth
        elif self._list == "table":
            self._enter_table(tag, classes)
        else:
            self._enter_rows(tag, classes)

    def _enter_table(self, tag: str, classes: set[str]) -> None:
        if tag in ("thead", "tbody", "tfoot"):
            self._part = tag
        elif tag == "tr":
            self._line = []
        elif tag in ("td", "th") and self._line is not None:
            self._begin_cell(is_figure="nx-r" in classes)

    def _enter_rows(self, tag: str, classes: set[str]) -> None:
        if tag == "li":
            self._line = [""] * len(_ROW_PARTS)
        elif self._line is not None and classes & set(_ROW_PARTS):
            self._part = next(part for part in _ROW_PARTS if part in classes)
            self._begin_cell(is_figure=self._part == "nx-row__fig")

    def _begin_cell(self, *, is_figure: bool) -> None:
        self._cell, self._cell_at, self._is_figure = [], self._depth, is_figure

    def _end_cell(self) -> None:
        said = _value("".join(self._cell or ()), is_figure=self._is_figure)
        self._cell = None
        if self._line is None:
            return
        if self._list == "table":
            self._line.append(said)
        else:
            self._line[_ROW_PARTS.index(self._part)] = said

    def _end_line(self) -> None:
        line, self._line = self._line or [], None
        if self._list != "table" or self._part == "tbody":
            self.drawn.rows.append(line)
        elif self._part == "thead":
            self.drawn.headings = line


def _value(drawn: str, *, is_figure: bool) -> Any:
    """The text of a cell, line by line; a right-aligned figure as a number; nothing for a dash."""
    lines = (" ".join(line.split()) for line in drawn.split("\n"))
    text = "\n".join(line for line in lines if line)
    digits = sum(letter.isdigit() for letter in text)
    if is_figure and digits <= _MOST_DIGITS and _FIGURE.fullmatch(text):
        return Decimal(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))
    return "" if text == _NOTHING else text
