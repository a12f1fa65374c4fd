"""Looks at what a workbook claims before anything parses it, and at what a parser of values doesn't tell.

A program for `ledger.kernel.apart`, never imported. How many parts has it, how large do they become, how far do the
cells reach? The parser makes room for every cell up to the farthest, so one space in the last row costs as much as a
million people. Of an xlsx it also tells for each visible sheet which rows and columns are hidden, and which cells hold
an error or a formula without a value: the parser gives those as empty.
"""

import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree

# Given by `ledger.organisations.imports.files`, which names them.
ASKED: dict[str, Any] = globals().get("ASKED", {})
_MOST_PARTS = 1_000
_MOST_UNPACKED_BYTES = 100 << 20
# Sheets pack to a tenth or twentieth; small ones of a few repeated cells to less.
_MOST_RATIO, _RATIO_COUNTS_FROM = 200, 4 << 20
_MOST_INDEX_BYTES = _LONGEST_TAG = 1 << 20
_READ_AT_ONCE = 1 << 16
# What is told of each kind; whoever has more sees the first.
_MOST_TOLD = 500
_TAG = re.compile(rb"<(?:\w+:)?(row|col|c|f|v)(?=[\s>/])([^>]*)>([^<]*)")
_REFERENCE = re.compile(rb"\sr\s*=\s*[\"'](?:([A-Z]{1,3}))?([0-9]{1,7})[\"']")
_SAYS = {name: re.compile(rb"\s%s\s*=\s*[\"']([^\"']*)[\"']" % name) for name in (b"t", b"hidden", b"min", b"max")}
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ElementTree.ParseError),
    *(ValueError, KeyError, OSError, EOFError, RuntimeError),
)


class Refused(Exception):
    """The file is refused: a code of `ledger.organisations.imports.errors`, and what its text names."""

    def __init__(self, code: str, **context: object) -> None:
        super().__init__(code)
        self.code, self.context = code, context


def look(content: bytes) -> dict[str, Any]:
    """The visible sheets of an xlsx by name, None for other kinds. Refuses a zip bomb."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    swells = unpacked > _RATIO_COUNTS_FROM and unpacked > _MOST_RATIO * len(content)
    if len(parts) > _MOST_PARTS or unpacked > _MOST_UNPACKED_BYTES or swells:
        raise Refused("import.unpacks_too_large")
    if "xl/workbook.xml" not in archive.namelist():
        return {"sheets": None}
    sheets = {}
    for name, part in _sheets(archive).items():
        with archive.open(part) as opened:
            sheets[name] = _look_at(opened)
    return {"sheets": sheets}


def _look_at(part: IO[bytes]) -> dict[str, Any]:
    """What a sheet holds. A refusal stands in it: only the sheet that is read has to be good."""
    told = _Told()
    try:
        for kind, says, text in _tags(part):
            told.take(kind, says, text)
        told.finish_cell()
    except Refused as refused:
        return {"refused": refused.code, "context": refused.context, "rows": told.rows}
    return {
        "rows": told.rows,
        "hidden_rows": told.hidden_rows[:_MOST_TOLD],
        "hidden_columns": told.hidden_columns[:_MOST_TOLD],
        "errors": dict(list(told.errors.items())[:_MOST_TOLD]),
        "uncalculated": told.uncalculated[:_MOST_TOLD],
    }


class _Told:
    """What the tags of a sheet have told so far; rows and columns count from 1."""

    def __init__(self) -> None:
        self.rows, self.hidden_rows, self.hidden_columns = 0, [], []  # type: int, list[int], list[list[int]]
        self.errors: dict[str, str] = {}
        self.uncalculated: list[str] = []
        self._row = self._column = self._filled = 0
        self._kind, self._formula, self._value = b"", False, b""

    def take(self, kind: bytes, says: bytes, text: bytes) -> None:
        """Take in a tag, what it says and the text after it."""
        if kind == b"f":
            self._formula = True
        elif kind == b"v":
            self._value = text
        elif kind == b"col":
            if _said(says, b"hidden") in (b"1", b"true"):
                self.hidden_columns.append([int(_said(says, b"min")), int(_said(says, b"max"))])
        else:
            self.finish_cell()
            self._row_or_cell(kind, says)

    def finish_cell(self) -> None:
        """The cell before is closed: is its value an error, or not there yet?"""
        where = f"{_letters(self._column)}{self._row}"
        if self._kind == b"e":
            self.errors[where] = self._value.decode(errors="replace")[:20] or "#"
        elif self._formula and not self._value and self._kind != b"str":
            self.uncalculated.append(where)
        self._kind, self._formula, self._value = b"", False, b""

    def _row_or_cell(self, kind: bytes, says: bytes) -> None:
        found = _REFERENCE.search(says)
        if kind == b"row":
            self._row, self._column = int(found[2]) if found else self._row + 1, 0
            if _said(says, b"hidden") in (b"1", b"true"):
                self.hidden_rows.append(self._row)
            return
        self._column = _number(found[1]) if found and found[1] else self._column + 1
        self._row = int(found[2]) if found else self._row
        # A cell that only has a style is closed at once.
        if not says.endswith(b"/"):
            self._kind = _said(says, b"t")
            self._fill(self._row, self._column)

    def _fill(self, row: int, column: int) -> None:
        self.rows, self._filled = self.rows + (row != self._filled), row
        most = ASKED["most_lines"]
        if self.rows > most:
            raise Refused("import.too_many_rows", most=ASKED["most_rows"])
        if row > most or row * column > most * ASKED["most_columns"]:
            raise Refused("import.cell_far_away", cell=f"{_letters(column)}{row}")


def _sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of each visible sheet by its name."""
    targets = {
        each.get("Id"): each.get("Target", "").removeprefix("/").removeprefix("xl/")
        for each in _index(archive, "xl/_rels/workbook.xml.rels")
    }
    return {
        each.get("name", ""): f"xl/{targets[identifier]}"
        for each in _index(archive, "xl/workbook.xml").iter()
        if each.tag.rpartition("}")[2] == "sheet" and (each.get("state", "visible") == "visible" or _wanted(each))
        for name, identifier in each.items()
        if name.endswith("}id") and identifier in targets
    }


def _wanted(sheet: ElementTree.Element) -> bool:
    return bool(sheet.get("name") == ASKED["sheet"])


def _index(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > _MOST_INDEX_BYTES:
        raise Refused("import.unpacks_too_large")
    return ElementTree.fromstring(archive.read(name))  # noqa: S314 - it runs apart, and expat expands no bombs


def _tags(part: IO[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The opening tags that count, each with what it says and the text after it."""
    rest = b""
    while chunk := part.read(_READ_AT_ONCE):
        text = rest + chunk
        # The last tag may lack its end, or some of the text after it.
        opened = text.rfind(b"<")
        text, rest = (text[:opened], text[opened:]) if opened >= 0 else (b"", text)
        yield from ((match[1], match[2], match[3]) for match in _TAG.finditer(text))
        if len(rest) > _LONGEST_TAG:
            raise Refused("import.unreadable")
    yield from ((match[1], match[2], match[3]) for match in _TAG.finditer(rest))


def _said(says: bytes, name: bytes) -> bytes:
    found = _SAYS[name].search(says)
    return found[1] if found else b""


def _number(letters: bytes) -> int:
    """A column's number: A is 1, XFD is 16384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _letters(number: int) -> str:
    """A column's letters."""
    letters = ""
    while number > 0:
        number, digit = divmod(number - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def answer(content: bytes) -> bytes:
    """What was seen as JSON, or why the file is refused."""
    try:
        return json.dumps({"read": look(content)}, ensure_ascii=False).encode()
    except Refused as refused:
        return json.dumps({"refused": refused.code, "context": refused.context}).encode()
    except _BROKEN:
        return json.dumps({"refused": "import.unreadable", "context": {}}).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))
