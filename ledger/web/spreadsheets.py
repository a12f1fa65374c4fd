"""A list as a file for spreadsheets: CSV that Excel opens rightly, or xlsx; never a formula, whatever was typed."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import xlsxwriter
from flask import Response

FileKind = Literal["csv", "xlsx"]
KINDS: tuple[FileKind, ...] = ("csv", "xlsx")
# A list that is longer is narrowed by its filters first: the whole file is made in memory.
MOST_ROWS = 10_000
_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_WIDTH_CHARACTERS = 18


def spreadsheet(kind: FileKind, name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """The rows under their headings as a download called `<name>.<kind>`. Cells are text or integers."""
    content = _csv(headings, rows) if kind == "csv" else _xlsx(headings, rows)
    response = Response(content, content_type=_TYPES[kind])
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return response


def _csv(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(headings)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets the sign by which it is taken for text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_SIGNS) else cell


def _xlsx(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.BytesIO()
    plain = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(file, plain) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(0, len(headings) - 1), _WIDTH_CHARACTERS)
        sheet.write_row(0, 0, headings, bold)
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, row)
    return file.getvalue()
