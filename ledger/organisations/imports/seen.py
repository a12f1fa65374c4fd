"""What was seen in the file of a list, beside the lines that were read. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.organisations.imports.headings import column_of


@dataclass(frozen=True, slots=True)
class Column:
    """A column with a heading or something in it: its letter, and which of ours it is, None for one not used."""

    letter: str
    heading: str
    column: str | None


@dataclass(frozen=True, slots=True)
class Merged:
    """Merged cells below the heading in a column of ours; they are filled down, or can't be read."""

    area: str
    row: int
    column: str
    filled: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook. Whether there is something in it is known of visible ones of an xlsx."""

    name: str
    visible: bool
    read: bool
    filled: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as people see it. `looked` is False where hidden lines, errors and formulas couldn't be looked for."""

    kind: str
    heading_row: int
    columns: tuple[Column, ...]
    sheets: tuple[Sheet, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    merged: tuple[Merged, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: tuple[str, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    uncalculated: frozenset[str] = frozenset()
    looked: bool = True

    def letter_of(self, column: str) -> str:
        """The letter of one of our columns, or the first one's for a cell that isn't there."""
        return next((each.letter for each in self.columns if each.column == column), "A")


@dataclass(frozen=True, slots=True)
class ListRead:
    """Lines as people count them, each with the cells of our columns in their order, and what was seen."""

    lines: list[list[Any]]
    seen: Seen
    raw: dict[str, Any]

    @classmethod
    def of(cls, lines: list[list[Any]], raw: dict[str, Any]) -> "ListRead":
        """From the JSON of the programs that read files; it is kept with a draft."""
        letters = {
            letters_of(number)
            for first, last in raw.get("hidden_columns", ())
            for number in range(first, min(last, 300) + 1)
        }
        seen = Seen(
            kind=raw["kind"],
            heading_row=raw["heading_row"],
            columns=tuple(Column(**each) for each in raw["columns"]),
            sheets=tuple(Sheet(**each) for each in raw.get("sheets", ())),
            encoding=raw.get("encoding", ""),
            delimiter=raw.get("delimiter", ""),
            merged=tuple(Merged(**each) for each in raw["merged"]),
            hidden_rows=frozenset(raw.get("hidden_rows", ())),
            hidden_columns=tuple(each["letter"] for each in raw["columns"] if each["letter"] in letters),
            errors=tuple(raw.get("errors", {}).items()),
            uncalculated=frozenset(raw.get("uncalculated", ())),
            looked=raw["looked"],
        )
        return cls(lines, seen, raw)


def typed(lines: Sequence[Sequence[Any]]) -> ListRead:
    """A list whose first line has the headings, for callers without a file."""
    columns = [
        {"letter": letters_of(number), "heading": heading, "column": column_of(heading)}
        for number, heading in enumerate(lines[0], start=1)
    ]
    known = [number for number, each in enumerate(columns) if each["column"]]
    below = [[line[number] for number in known if number < len(line)] for line in lines[1:]]
    raw = {"kind": "csv", "heading_row": 1, "columns": columns, "merged": [], "looked": True}
    return ListRead.of([[], *below], raw)


def letters_of(number: int) -> str:
    """A column's letters: 1 is A, 27 is AA."""
    letters = ""
    while number > 0:
        number, digit = divmod(number - 1, 26)
        letters = chr(65 + digit) + letters
    return letters
