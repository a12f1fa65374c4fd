"""The file of a list: how large it may be, and its lines, read apart from the service."""

from pathlib import Path
from typing import Any

import ledger.organisations.imports.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.apart import read_apart
from ledger.kernel.errors import Rejected

MOST_ROWS = 10_000
MOST_MIB = 5
MOST_BYTES = MOST_MIB << 20
# A list has a few lines above the people.
_MOST_LINES = MOST_ROWS + 1_000
_MOST_COLUMNS = 200
READER = Path(__file__).with_name("sheets_apart.py")
# The lines are kept until somebody confirms them; ten thousand people take a quarter of it.
_MOST_BYTES_OF_LINES = 8 << 20
ASKED = {
    "most_rows": MOST_ROWS,
    "most_lines": _MOST_LINES,
    "most_columns": _MOST_COLUMNS,
    "most_bytes_of_lines": _MOST_BYTES_OF_LINES,
}


def read_lines(content: bytes) -> list[list[Any]]:
    """The cells of the first visible sheet that isn't empty, line by line: text, numbers, true and false.

    Raises Rejected("import.too_large", "import.unreadable", "import.too_many_rows", "import.unpacks_too_large",
    "import.cell_far_away", "import.quote_open"), and what read_apart raises.
    """
    if len(content) > MOST_BYTES:
        raise Rejected("import.too_large", most_mib=MOST_MIB)
    lines: list[list[Any]] = read_apart(READER, content, asked=ASKED)
    return lines
