"""The file of a list: how large it may be, its lines and what was seen in it, read apart from the service."""

from pathlib import Path
from typing import Any

import ledger.organisations.imports.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.apart import USUAL, Limits, in_turn, read_apart
from ledger.kernel.errors import Rejected
from ledger.organisations.imports.headings import ALIASES, DECORATION, FILLS, LINES_BEFORE_HEADER
from ledger.organisations.imports.seen import ListRead

MOST_ROWS = 10_000
MOST_MIB = 5
MOST_BYTES = MOST_MIB << 20
LONGEST_SHEET_NAME = 31
# A list has a few lines above the people.
_MOST_LINES = MOST_ROWS + 1_000
_MOST_COLUMNS = 200
_LOOK, _READER = (Path(__file__).with_name(name) for name in ("look_apart.py", "sheets_apart.py"))
# The lines are kept until somebody confirms them; ten thousand people take a third of it.
_MOST_BYTES_OF_LINES = 4 << 20
_ASKED = {
    "columns": ALIASES,
    "fills": sorted(FILLS),
    "decoration": DECORATION,
    "lines_before_heading": LINES_BEFORE_HEADER,
    "most_rows": MOST_ROWS,
    "most_lines": _MOST_LINES,
    "most_columns": _MOST_COLUMNS,
    "most_bytes_of_lines": _MOST_BYTES_OF_LINES,
}
_ZIP = b"PK\x03\x04"


def read_list(content: bytes, *, sheet: str = "", limits: Limits = USUAL) -> ListRead:
    """The sheet with this name, or the first visible one that isn't empty, line by line, and what was seen.

    A line has the cells of our columns alone, and one more if all it has is elsewhere; lines up to the heading have
    none. Raises Rejected("import.too_large", "import.unreadable", "import.too_many_rows", "import.unpacks_too_large",
    "import.cell_far_away", "import.quote_open", "import.name_column_missing", "import.sheet_unknown"), and what
    read_apart raises.
    """
    if len(content) > MOST_BYTES:
        raise Rejected("import.too_large", most_mib=MOST_MIB)
    asked = _ASKED | {"sheet": sheet[:LONGEST_SHEET_NAME]}
    with in_turn():
        looked = read_apart(_LOOK, content, asked=asked, limits=limits)["sheets"] if content[:4] == _ZIP else None
        read = read_apart(_READER, content, asked=asked | _warnings(looked or {}), limits=limits)
    return ListRead.of(read["lines"], read["seen"] | _beside(read["seen"], looked))


def _warnings(looked: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the reader must know of each sheet before it parses one."""
    refusals = {
        name: {"code": each["refused"], "context": each["context"]}
        for name, each in looked.items()
        if "refused" in each
    }
    return {"refusals": refusals, "rows": {name: each["rows"] for name, each in looked.items()}}


def _beside(seen: dict[str, Any], looked: dict[str, dict[str, Any]] | None) -> dict[str, Any]:
    """What the look at a workbook told about the sheet that was read."""
    if seen["kind"] == "csv":
        return {"looked": True}
    if looked is None:
        # Of the kinds that are zipped, only one tells.
        return {"looked": False, "kind": "ods" if seen["kind"] == "xlsx" else seen["kind"]}
    name = next((sheet["name"] for sheet in seen["sheets"] if sheet["read"]), "")
    return {"looked": True} | looked.get(name, {})
