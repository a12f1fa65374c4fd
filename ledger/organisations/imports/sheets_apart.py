"""Reads the lines of a spreadsheet: xlsx, xls, ods, and CSV as Chinese programs write it; and tells what it saw.

A program for `ledger.kernel.apart`, never imported. `look_apart` has looked at a workbook before. Merged cells are
filled down here, because a person sees one value beside many lines.
"""

import csv
import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

# Given by `ledger.organisations.imports.files`, which names them.
ASKED: dict[str, Any] = globals().get("ASKED", {})
_KINDS = {b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xls"}
_DELIMITERS = ",;\t，"
_SNIFFED = 2_000
_LONGEST_HEADING = 100
_SIGNS = "=+-@|\N{MINUS SIGN}"
# A formula that only keeps its text from being taken for a number.
_TEXT_AS_FORMULA = re.compile(r'="([^"]*)"')
_LINE_END = re.compile(r"\r\n|\n|\r")
_BROKEN = (CalamineError, csv.Error, ValueError, KeyError, OSError, EOFError, RuntimeError)
Lines = list[list[Any]]


class Refused(Exception):
    """The file is refused: a code of `ledger.organisations.imports.errors`, and what its text names."""

    def __init__(self, code: str, **context: object) -> None:
        super().__init__(code)
        self.code, self.context = code, context


def read_list(content: bytes) -> dict[str, Any]:
    """The lines of the sheet that is read, our columns alone, and what was seen in the file."""
    kind = _KINDS.get(content[:4], "csv")
    lines, areas, seen = _read_csv(content) if kind == "csv" else _read_workbook(content, kind)
    if len(lines) > ASKED["most_lines"]:
        raise Refused("import.too_many_rows", most=ASKED["most_rows"])
    kept, found = _cut([line[: ASKED["most_columns"]] for line in lines], areas)
    return {"lines": kept, "seen": {"kind": kind} | seen | found}


def _cut(lines: Lines, areas: list[Any]) -> tuple[Lines, dict[str, Any]]:
    """Our columns alone, in as many lines as people count, so that the service holds little; and which those are.

    Titles and headings are lines without cells. A line with something in the other columns alone has one cell more.
    """
    top = next((at for at, line in enumerate(lines[: ASKED["lines_before_heading"]]) if _names(line)), None)
    if top is None:
        if any(map(_has_text, lines)):
            raise Refused("import.name_column_missing")
        return [], {"heading_row": 0, "columns": [], "merged": []}
    heading, last = _heading(lines, top, areas)
    known = [number for number, cell in enumerate(heading) if _column(cell)]
    below = lines[last + 1 :]
    merged = [_fill_down(lines, area, heading, last) for area in areas]
    columns = [
        {"letter": _letters(number + 1), "heading": str(cell).strip()[:30], "column": _column(cell)}
        for number, cell in enumerate(heading)
        if _column(cell) or _has_text([cell]) or any(number < len(line) and _has_text([line[number]]) for line in below)
    ]
    kept = [*([] for _ in range(last + 1)), *(_cells(line, known) for line in below)]
    return kept, {"heading_row": last + 1, "columns": columns, "merged": [each for each in merged if each]}


def _heading(lines: Lines, top: int, areas: list[Any]) -> tuple[list[Any], int]:
    """The headings and the last of their lines: there are several if the heading of the name goes over several."""
    at = next(number for number, cell in enumerate(lines[top]) if _column(cell) == "name")
    last = next((end for (row, left), (end, right) in areas if row == top and left <= at <= right), top)
    levels = lines[top : last + 1]
    width = max(map(len, levels))
    cells = [[line[number] for line in reversed(levels) if number < len(line)] for number in range(width)]
    return [next((cell for cell in column if _has_text([cell])), "") for column in cells], last


def _fill_down(lines: Lines, area: Any, heading: list[Any], last: int) -> dict[str, Any] | None:
    """Write the value of merged cells beside each line that they go over, in the columns where many may have one.

    None if the area has nothing of ours.
    """
    (top, left), (bottom, right) = area
    ours = [number for number in range(left, min(right + 1, len(heading))) if _column(heading[number])]
    value = lines[top][left] if top < len(lines) and left < len(lines[top]) else ""
    if top <= last or not ours or not _has_text([value]):
        return None
    column = _column(heading[ours[0]])
    fills = left == right and column in ASKED["fills"]
    for line in lines[top + 1 : bottom + 1] if fills else ():
        # Under the list, the cells may go over lines with nobody.
        if _has_text(line):
            line.extend([""] * (left + 1 - len(line)))
            line[left] = value
    where = f"{_letters(left + 1)}{top + 1}:{_letters(right + 1)}{bottom + 1}"
    return {"area": where, "row": top + 1, "column": column, "filled": fills}


def _cells(line: list[Any], known: list[int]) -> list[Any]:
    """The line's cells in the known columns, and one more if there is something in the others alone."""
    cells = [line[number] if number < len(line) else "" for number in known]
    if _has_text(cells):
        return cells
    return [*cells, "…"] if _has_text(line) else []


def _names(line: list[Any]) -> bool:
    return any(_column(cell) == "name" for cell in line)


def _column(cell: Any) -> str | None:
    written = unicodedata.normalize("NFKC", str(cell)[:_LONGEST_HEADING])
    column: str | None = ASKED["columns"].get(re.sub(ASKED["decoration"], "", written).lower())
    return column


def _has_text(line: list[Any]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in line)


def _letters(number: int) -> str:
    """A column's letters."""
    letters = ""
    while number > 0:
        number, digit = divmod(number - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def _read_workbook(content: bytes, kind: str) -> tuple[Lines, list[Any], dict[str, Any]]:
    """The sheet that was asked for, or the first visible one that isn't empty."""
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [
        {"name": sheet.name, "visible": sheet.visible == SheetVisibleEnum.Visible, "read": False, "filled": False}
        for sheet in workbook.sheets_metadata
    ]
    lines: Lines = []
    areas: list[Any] = []
    chosen = _chosen(sheets)
    for each in chosen:
        if refused := ASKED["refusals"].get(each["name"]):
            raise Refused(refused["code"], **refused["context"])
        sheet = workbook.get_sheet_by_name(each["name"])
        lines = sheet.to_python(skip_empty_area=False)
        if any(map(_has_text, lines)):
            each["read"], areas = True, _areas(sheet)
            break
    for each in sheets:
        each["filled"] = ASKED["rows"].get(each["name"], 0) > 0
    return lines, areas, {"sheets": sheets}


def _chosen(sheets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not ASKED["sheet"]:
        return [sheet for sheet in sheets if sheet["visible"]]
    found = [sheet for sheet in sheets if sheet["name"].strip() == ASKED["sheet"].strip()]
    if not found:
        raise Refused("import.sheet_unknown", sheets="、".join(sheet["name"] for sheet in sheets)[:200])
    return found


def _areas(sheet: CalamineSheet) -> list[Any]:
    return sorted(sheet.merged_cell_ranges or [])


def _read_csv(content: bytes) -> tuple[Lines, list[Any], dict[str, Any]]:
    text, encoding = _decode(content)
    delimiter = _delimiter(text)
    lines: Lines = []
    uncalculated = []
    for line in _lines(text, delimiter):
        lines.append([_meant(cell) for cell in line])
        uncalculated += [f"{_letters(at + 1)}{len(lines)}" for at, cell in enumerate(lines[-1]) if cell[:1] == "="]
        if len(lines) > ASKED["most_lines"]:
            break
        lines[-1] = [_unharmed(cell) for cell in lines[-1]]
    return lines, [], {"encoding": encoding, "delimiter": delimiter, "uncalculated": uncalculated[:500]}


def _meant(cell: str) -> str:
    found = _TEXT_AS_FORMULA.fullmatch(cell)
    return found[1] if found else cell


def _unharmed(cell: str) -> str:
    """Text without the apostrophe that exports put before what looks like a formula."""
    first = next((sign for sign in cell[1:] if sign.isprintable() and not sign.isspace()), "")
    harmed = cell[:1] == "'" and (cell[1:2] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", first)[:1] in _SIGNS)
    return cell[1:] if harmed and first else cell


def _delimiter(text: str) -> str:
    """The sign that parts most of our headings, or else the commonest."""
    head = text[:_SNIFFED]

    def known(delimiter: str) -> tuple[int, int]:
        lines = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        found = [sum(_column(cell) is not None for cell in line) for line in _first(lines)]
        return max(found, default=0), head.count(delimiter)

    return max(_DELIMITERS, key=known)


def _first(lines: Iterator[list[str]]) -> list[list[str]]:
    return [line for _, line in zip(range(ASKED["lines_before_heading"]), lines, strict=False)]


def _lines(text: str, delimiter: str) -> Iterator[list[str]]:
    """The lines of a CSV. A quote that is not closed where its cell ends took in lines that people see as their own.

    So did a cell one of whose lines has as many cells as the lines of the file. A quote that closes within its line
    is a part of the text: "excellent" volunteer.
    """
    sign = re.escape(delimiter)
    inside, plain = r'[^"]*+(?:""[^"]*+)*+', rf'"[^"\r\n{sign}]*"[^"\r\n{sign}]*|(?!")[^{sign}\r\n]*'
    cell = re.compile(rf'(?:"({inside})"[ ]*|({plain}))({sign}|\r\n|\n|\r|\Z)')
    line: list[str] = []
    at, row, widest = 0, 1, 0
    while at < len(text):
        found = cell.match(text, at)
        if found is None or (widest and any(each.count(delimiter) >= widest for each in _further(found[1]))):
            raise Refused("import.quote_open", row=row)
        line.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        at, row = found.end(), row + len(_LINE_END.findall(found[0]))
        if found[3] != delimiter:
            yield line
            widest, line = max(widest, len(line) - 1), []
    if line:
        yield [*line, ""]


def _further(quoted: str | None) -> list[str]:
    """The lines of a cell after its first."""
    return _LINE_END.split(quoted)[1:] if quoted else []


def _decode(content: bytes) -> tuple[str, str]:
    """Decode UTF-8 with or without a BOM, UTF-16 with one, or the GB 18030 that Excel writes in China."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, encoding
    raise Refused("import.unreadable")


def answer(content: bytes) -> bytes:
    """The lines and what was seen as JSON, or why there are none."""
    try:
        read = json.dumps({"read": read_list(content)}, ensure_ascii=False, default=str).encode()
        if len(read) > ASKED["most_bytes_of_lines"]:
            raise Refused("import.unpacks_too_large")
        return read
    except Refused as refused:
        return json.dumps({"refused": refused.code, "context": refused.context}).encode()
    except _BROKEN:
        return json.dumps({"refused": "import.unreadable", "context": {}}).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))
