"""Tables as downloads: CSV that Excel opens with Chinese text, and xlsx; no cell becomes a formula."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import xlsxwriter
from flask import Response

from ledger.kernel.characters import normalise
from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.paging import Page, PageRequest, all_items
from ledger.web.asked import refuse_unread

T = TypeVar("T")
FileKind = Literal["csv", "xlsx"]
KINDS: tuple[FileKind, ...] = ("csv", "xlsx")
# Longer lists must be filtered first: the whole file is made in memory.
MOST_ROWS = 10_000
_FORM_COLUMNS, _FORM_WIDTH = 25, 16
# What a program that opens the file may take for the beginning of a formula, whatever stands invisibly before it.
_FORMULA_SIGNS = frozenset("=+-@|\N{MINUS SIGN}")
# A negative figure as pages write it (formats.MINUS): it computes nothing, and an apostrophe would stand in the books.
_FIGURE = re.compile(r"\N{MINUS SIGN}[0-9]+(\.[0-9]+)?")
_MIMETYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(kind: str, name: str, lines: Iterable[Sequence[Any]], *, is_form: bool = False) -> Response:
    """Lines, headings first, as a file called `name` of kind "csv" or "xlsx"; raises NotFound for other kinds.

    A form is to be filled in: see to_xlsx.

    Raises Rejected("request.filters_unreadable"), because a file can't report a filter that is unreadable.
    """
    refuse_unread()
    if kind not in _MIMETYPES:
        raise NotFound("request.not_found")
    body = to_csv(lines) if kind == "csv" else to_xlsx(lines, is_form=is_form)
    response = Response(body, content_type=_MIMETYPES[kind])
    file = f"{name}.{kind}"
    # As RFC 6266 has it: a header is ASCII, and no server sends any other.
    names = {"filename": file} if file.isascii() else {"filename*": f"UTF-8''{quote(file, safe='')}"}
    response.headers.set("Content-Disposition", "attachment", **names)
    return response


def spreadsheet(kind: FileKind, name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Rows under their headings as a download called `<name>.<kind>`."""
    return download(kind, name, [headings, *rows])


def all_rows(fetch: Callable[[PageRequest], Page[T]], *, sort: str = "", most: int | None = None) -> list[T]:
    """All items of a list for a file. Call it within one snapshot. Raises what `refuse_long` raises."""
    found = all_items(fetch, sort=sort, most=(MOST_ROWS if most is None else most) + 1)
    refuse_long(found, most)
    return found


def refuse_long(rows: Sequence[Any], most: int | None = None) -> None:
    """Raises Rejected("request.file_too_long"): a file that ends early looks like the whole list."""
    limit = MOST_ROWS if most is None else most
    if len(rows) > limit:
        raise Rejected("request.file_too_long", most=limit)


def to_csv(lines: Iterable[Sequence[Any]]) -> bytes:
    """CSV in UTF-8 with a BOM, which Excel needs; text that looks like a formula gets an apostrophe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for line in lines:
        writer.writerow([_harmless(_plain(cell)) for cell in line])
    return file.getvalue().encode("utf-8-sig")


def to_xlsx(lines: Iterable[Sequence[Any]], *, is_form: bool = False) -> bytes:
    """A workbook of one sheet; text stays text and numbers stay numbers.

    What is typed into a form is text, so that no phone number becomes a figure.
    """
    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet()
        if is_form:
            sheet.set_column(0, _FORM_COLUMNS, _FORM_WIDTH, workbook.add_format({"num_format": "@"}))
        for row, line in enumerate(lines):
            for column, cell in enumerate(line):
                _write_cell(sheet, row, column, _plain(cell))
    return file.getvalue()


def _write_cell(sheet: Any, row: int, column: int, cell: Any) -> None:
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, str(cell))


def _plain(cell: Any) -> Any:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, datetime | date) else cell


def _harmless(cell: Any) -> Any:
    return "'" + cell if isinstance(cell, str) and _may_be_formula(cell) else cell


def _may_be_formula(text: str) -> bool:
    """Whether it begins with a sign of formulas, also a full-width or small one (＝), or with a tab or line break."""
    if _FIGURE.fullmatch(text):
        return False
    if text[:1] in ("\t", "\r", "\n"):
        return True
    first = next((sign for sign in text if sign.isprintable() and not sign.isspace()), "")
    return normalise("NFKC", first)[:1] in _FORMULA_SIGNS
