"""Reads the lines of a spreadsheet: xlsx, xls, ods, and CSV as Chinese programs write it."""

import csv
import io
import zipfile
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

import ledger.organisations.imports.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.errors import Rejected
from ledger.organisations.imports.columns import MOST_ROWS

MOST_BYTES = 5 * 1024 * 1024
_MOST_UNPACKED_BYTES = 100 * 1024 * 1024
# A list has a few lines above the people; refuse much longer files before looking at each cell.
_MOST_LINES = MOST_ROWS + 1_000
_MOST_COLUMNS = 200
_SNIFFED = 2_000
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_lines(content: bytes) -> list[list[Any]]:
    """The cells of the first sheet that isn't empty, line by line.

    Raises Rejected("import.too_large", "import.unreadable", "import.too_many_rows").
    """
    if len(content) > MOST_BYTES:
        raise Rejected("import.too_large", most_mib=MOST_BYTES // 1024**2)
    lines = _read_workbook(content) if content[:4] in (_ZIP, _OLE) else _read_csv(content)
    if len(lines) > _MOST_LINES:
        raise Rejected("import.too_many_rows", most=MOST_ROWS)
    return [line[:_MOST_COLUMNS] for line in lines]


def _read_workbook(content: bytes) -> list[list[Any]]:
    try:
        _refuse_bomb(content)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in workbook.sheet_names:
            lines: list[list[Any]] = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if any(cell not in ("", None) for line in lines for cell in line):
                return lines
    except (CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
        raise Rejected("import.unreadable") from error
    return []


def _refuse_bomb(content: bytes) -> None:
    """Refuse zip bombs: a small zip can expand to gigabytes."""
    if not content.startswith(_ZIP):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED_BYTES:
            raise Rejected("import.too_large", most_mib=MOST_BYTES // 1024**2)


def _read_csv(content: bytes) -> list[list[Any]]:
    text = _decode(content)
    delimiter = max(",;\t，", key=text[:_SNIFFED].count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise Rejected("import.unreadable") from error


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
    raise Rejected("import.unreadable")
