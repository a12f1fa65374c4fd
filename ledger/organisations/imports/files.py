"""The file of a list: how large it may be, and its lines, read apart from the service."""

from pathlib import Path
from typing import Any

import ledger.organisations.imports.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.apart import read_apart
from ledger.kernel.errors import Rejected
from ledger.organisations.imports.headings import ALIASES, DECORATION, LINES_BEFORE_HEADER

MOST_ROWS = 10_000
MOST_MIB = 5
MOST_BYTES = MOST_MIB << 20
# A list has a few lines above the people.
_MOST_LINES = MOST_ROWS + 1_000
_MOST_COLUMNS = 200
READER = Path(__file__).with_name("sheets_apart.py")
# The lines are kept until somebody confirms them; ten thousand people take a third of it.
_MOST_BYTES_OF_LINES = 4 << 20
ASKED = {
    "columns": ALIASES,
    "decoration": DECORATION,
    "lines_before_heading": LINES_BEFORE_HEADER,
    "most_rows": MOST_ROWS,
    "most_lines": _MOST_LINES,
    "most_columns": _MOST_COLUMNS,
    "most_bytes_of_lines": _MOST_BYTES_OF_LINES,
}


def read_lines(content: bytes) -> list[list[Any]]:
    """The first visible sheet that isn't empty, line by line, in as many lines: text, numbers, true and false.

    Below the heading a line has the cells of our columns alone, and one more if all it has is elsewhere; the heading
    has the unknown columns last. Raises Rejected("import.too_large", "import.unreadable", "import.too_many_rows",
    "import.unpacks_too_large", "import.cell_far_away", "import.quote_open", "import.name_column_missing"), and what
    read_apart raises.
    """
    if len(content) > MOST_BYTES:
        raise Rejected("import.too_large", most_mib=MOST_MIB)
    lines: list[list[Any]] = read_apart(READER, content, asked=ASKED)
    return lines
