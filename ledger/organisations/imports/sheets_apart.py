"""Reads the lines of a spreadsheet: xlsx, xls, ods, and CSV as Chinese programs write it.

A program for `ledger.kernel.apart`, never imported. It looks at what a workbook claims before it parses it: how many
parts, how large they become, how far the cells reach. The parser makes room for every cell up to the farthest, so one
space in the last row costs as much as a million people.
"""

import csv
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

# Given by `ledger.organisations.imports.files`, which names them.
ASKED: dict[str, Any] = globals().get("ASKED", {})
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MOST_PARTS = 1_000
_MOST_UNPACKED_BYTES = 100 << 20
# Sheets pack to a tenth or twentieth; small ones of a few repeated cells to less.
_MOST_RATIO, _RATIO_COUNTS_FROM = 200, 4 << 20
_MOST_INDEX_BYTES = _LONGEST_TAG = 1 << 20
_READ_AT_ONCE = 1 << 16
_SNIFFED = 2_000
_ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s>/])([^>]*)>")
_REFERENCE = re.compile(rb"\sr\s*=\s*[\"'](?:([A-Z]{1,3}))?([0-9]{1,7})[\"']")
_BROKEN = (
    *(CalamineError, zipfile.BadZipFile, zlib.error, ElementTree.ParseError, csv.Error),
    *(ValueError, KeyError, OSError, EOFError, RuntimeError),
)


class Refused(Exception):
    """The file is refused: a code of `ledger.organisations.imports.errors`, and what its text names."""

    def __init__(self, code: str, **context: object) -> None:
        super().__init__(code)
        self.code, self.context = code, context


def read_lines(content: bytes) -> list[list[Any]]:
    """The cells of the first visible sheet that isn't empty, line by line; of unknown columns the headings alone."""
    lines = _read_workbook(content) if content[:4] in (_ZIP, _OLE) else _read_csv(content)
    if len(lines) > ASKED["most_lines"]:
        raise Refused("import.too_many_rows", most=ASKED["most_rows"])
    return _cut([line[: ASKED["most_columns"]] for line in lines])


def _cut(lines: list[list[Any]]) -> list[list[Any]]:
    """The heading with its unknown columns last, and below it the known ones alone, so that the service holds little.

    Titles and empty lines stay as lines without cells, because people count lines.
    """
    top = next((at for at, line in enumerate(lines[: ASKED["lines_before_heading"]]) if _names(line)), None)
    if top is None:
        if any(map(_has_text, lines)):
            raise Refused("import.name_column_missing")
        return []
    heading = lines[top]
    known = [number for number, cell in enumerate(heading) if _column(cell)]
    unknown = [cell for cell in heading if not _column(cell) and _has_text([cell])]
    below = (_cells(line, known) for line in lines[top + 1 :])
    return [*([] for _ in range(top)), [*(heading[number] for number in known), *unknown], *below]


def _cells(line: list[Any], known: list[int]) -> list[Any]:
    """The line's cells in the known columns, and one more if there is something in the others alone."""
    cells = [line[number] if number < len(line) else "" for number in known]
    if _has_text(cells):
        return cells
    return [*cells, "…"] if _has_text(line) else []


def _names(line: list[Any]) -> bool:
    return any(_column(cell) == "name" for cell in line)


def _column(cell: Any) -> str | None:
    column: str | None = ASKED["columns"].get(re.sub(ASKED["decoration"], "", str(cell)).lower())
    return column


def _has_text(line: list[Any]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in line)


def _read_workbook(content: bytes) -> list[list[Any]]:
    look = _Look(content) if content.startswith(_ZIP) else None
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for sheet in workbook.sheets_metadata:
        if sheet.visible != SheetVisibleEnum.Visible:
            continue
        if look is not None:
            look.refuse_far(sheet.name)
        lines: list[list[Any]] = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        if any(map(_has_text, lines)):
            return lines
    return []


class _Look:
    """A workbook's parts, before anything is parsed. Refuses a zip bomb."""

    def __init__(self, content: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        parts = self._archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        swells = unpacked > _RATIO_COUNTS_FROM and unpacked > _MOST_RATIO * len(content)
        if len(parts) > _MOST_PARTS or unpacked > _MOST_UNPACKED_BYTES or swells:
            raise Refused("import.unpacks_too_large")
        self._sheets = self._sheets_of_xlsx() if "xl/workbook.xml" in self._archive.namelist() else {}

    def refuse_far(self, sheet: str) -> None:
        """Refuse a sheet of an xlsx with a cell far beyond a list; the others are left to the memory's limit."""
        if sheet not in self._sheets:
            return
        filled, last = 0, 0
        with self._archive.open(self._sheets[sheet]) as part:
            for row, column in _filled_cells(part):
                filled, last = filled + (row != last), row
                if filled > ASKED["most_lines"]:
                    raise Refused("import.too_many_rows", most=ASKED["most_rows"])
                if row > ASKED["most_lines"] or row * column > ASKED["most_lines"] * ASKED["most_columns"]:
                    raise Refused("import.cell_far_away", cell=f"{_letters(column)}{row}")

    def _sheets_of_xlsx(self) -> dict[str, str]:
        """The part of each sheet by its name."""
        targets = {
            each.get("Id"): each.get("Target", "").removeprefix("/").removeprefix("xl/")
            for each in self._index("xl/_rels/workbook.xml.rels")
        }
        return {
            each.get("name", ""): f"xl/{targets[identifier]}"
            for each in self._index("xl/workbook.xml").iter()
            if each.tag.rpartition("}")[2] == "sheet"
            for name, identifier in each.items()
            if name.endswith("}id") and identifier in targets
        }

    def _index(self, name: str) -> ElementTree.Element:
        if self._archive.getinfo(name).file_size > _MOST_INDEX_BYTES:
            raise Refused("import.unpacks_too_large")
        return ElementTree.fromstring(self._archive.read(name))  # noqa: S314 - it runs apart, and expat expands no bombs


def _filled_cells(part: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Row and column of each cell with something in it, from 1; a cell that only has a style is closed at once."""
    row = column = 0
    for kind, told in _rows_and_cells(part):
        found = _REFERENCE.search(told)
        if kind == b"row":
            row, column = int(found[2]) if found else row + 1, 0
            continue
        column = _number(found[1]) if found and found[1] else column + 1
        row = int(found[2]) if found else row
        if not told.endswith(b"/"):
            yield row, column


def _rows_and_cells(part: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The opening tags of rows and cells, each with what it says."""
    rest = b""
    while chunk := part.read(_READ_AT_ONCE):
        text = rest + chunk
        yield from ((match[1], match[2]) for match in _ROW_OR_CELL.finditer(text))
        opened = text.rfind(b"<")
        rest = text[opened:] if opened > text.rfind(b">") else b""
        if len(rest) > _LONGEST_TAG:
            raise Refused("import.unreadable")


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


def _read_csv(content: bytes) -> list[list[Any]]:
    text = _decode(content)
    delimiter = max(",;\t，", key=text[:_SNIFFED].count)
    # A quote that nothing closes takes all lines after it into its cell, this last one too.
    csv.field_size_limit(len(text) + 100)
    end = "end of the file"
    reader = csv.reader(io.StringIO(f"{text}\n{end}", newline=""), delimiter=delimiter)
    lines: list[list[Any]] = []
    begins = 1
    for line in reader:
        if line == [end]:
            break
        lines.append(line)
        if len(lines) > ASKED["most_lines"]:
            break
        last, begins = begins, reader.line_num + 1
    else:
        raise Refused("import.quote_open", row=last)
    return lines


def _decode(content: bytes) -> str:
    """Decode UTF-8 with or without a BOM, UTF-16 with one, or the GB 18030 that Excel writes in China."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Refused("import.unreadable")


def answer(content: bytes) -> bytes:
    """The lines as JSON, or why there are none."""
    try:
        lines = json.dumps({"read": read_lines(content)}, ensure_ascii=False, default=str).encode()
        if len(lines) > ASKED["most_bytes_of_lines"]:
            raise Refused("import.unpacks_too_large")
        return lines
    except Refused as refused:
        return json.dumps({"refused": refused.code, "context": refused.context}).encode()
    except _BROKEN:
        return json.dumps({"refused": "import.unreadable", "context": {}}).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))
