"""Reads people from the cells of a spreadsheet: recognises columns and validates cells. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

import ledger.organisations.imports.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.characters import settle
from ledger.kernel.errors import LedgerError, Rejected
from ledger.organisations.imports.files import MOST_ROWS
from ledger.organisations.imports.namesakes import Alike, alike
from ledger.organisations.imports.rows import COLUMNS, SCIENTIFIC, Person, RowError, show
from ledger.organisations.imports.seen import ListRead, Seen
from ledger.organisations.imports.splitting import split_name
from ledger.people.policy import clean_household_number, clean_id_last4, clean_name, mask_name, normalise_phone
from ledger.people.volunteers.search import read_number

_GENDERS = {
    "男": "male", "男性": "male", "male": "male", "m": "male",
    "女": "female", "女性": "female", "female": "female", "f": "female",
}  # fmt: skip
# Spreadsheets turn 3-17 into a date, which is read as text.
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]00:00:00)?")
_WHOLE_WITH_POINT = re.compile(r"(\d+)\.0+")
# So many zeros at the end of what came as a number are no digits of a phone, but what was left of it.
_ZEROS_OF_A_CUT = "00000"
_ERROR = re.compile(r"#(N/A|REF!|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)", re.IGNORECASE)
# More is no name, and is told as such.
_LONGEST_SPLIT = 200
_NUMBERS = frozenset({"phone", "id_last4", "household", "number"})
_ADDRESS = re.compile(r"([A-Z]+)(\d+)")
_WHOLE_ID_NUMBER = re.compile(r"\d{17}[\dXx]|\d{15}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed list: the good rows, the faults of the others, and what to ask about rows that are read all the same.

    `one_name` are cells of names that may hold two; `alike` are rows that may be one person.
    """

    people: list[Person]
    errors: list[RowError]
    rows: list[int]
    one_name: list[tuple[int, str]]
    alike: list[Alike]


def parse(read: ListRead, *, demonstration: bool = False) -> Parsed:
    """Read all cells of a sheet before any lookup.

    Raises Rejected("import.empty", "import.column_twice", "import.too_many_rows").
    """
    columns = _columns(read.seen)
    body = [(row, line) for row, line in enumerate(read.lines, start=1) if row > read.seen.heading_row and _any(line)]
    if not body:
        raise Rejected("import.empty")
    if len(body) > MOST_ROWS:
        raise Rejected("import.too_many_rows", most=MOST_ROWS)
    unread = _unread(read.seen)
    reader = _Reader(demonstration, {at for error in unread for at in _cells_of(error)}, list(unread))
    people = [
        person
        for row, line in body
        if (person := reader.person(row, dict(zip(columns, line, strict=False)))) is not None
    ]
    pairs = alike(people)
    reader.errors.extend(_same(pair) for pair in pairs if pair.code)
    asked = [pair for pair in pairs if not pair.code]
    return Parsed(people, reader.errors, [row for row, _ in body], reader.one_name, asked)


def _columns(seen: Seen) -> list[str]:
    columns = [each.column for each in seen.columns if each.column]
    for column in columns:
        if columns.count(column) > 1:
            raise Rejected("import.column_twice", column=COLUMNS[column][0])
    return columns


def _any(line: Sequence[Any]) -> bool:
    return any(_text(cell) for cell in line)


def _unread(seen: Seen) -> list[RowError]:
    """Cells that hold no value: errors, formulas without a result, and merged cells that can't be filled down."""
    ours = {each.letter: each.column for each in seen.columns if each.column}
    found = [(cell, text, "import.cell_error") for cell, text in seen.errors]
    found += [(cell, "=", "import.formula") for cell in seen.uncalculated]
    errors = [
        RowError(int(row), column, text, code, cell=cell)
        for cell, text, code in found
        for letters, row in [_ADDRESS.fullmatch(cell).groups()]  # type: ignore[union-attr]
        if (column := ours.get(letters)) and int(row) > seen.heading_row
    ]
    merged = [each for each in seen.merged if not each.filled]
    return errors + [RowError(each.row, each.column, "", "import.merged", cell=each.area) for each in merged]


def _cells_of(error: RowError) -> Iterator[tuple[int, str]]:
    """Line and column of each cell that has no value of its own; an area is named by its ends."""
    last = int(error.cell.rpartition(":")[2].lstrip(ascii_uppercase))
    return ((row, error.column) for row in range(error.row, last + 1))


def _same(pair: Alike) -> RowError:
    column = pair.column
    value = show(column, getattr(pair.person, column) or "")
    return RowError(pair.person.row, column, value, pair.code, {"other_row": pair.other_row})


@dataclass(slots=True)
class _Reader:
    """Reads one row after the other; keeps the faults, and the names that may be two. `unread` cells have a fault."""

    demonstration: bool
    unread: set[tuple[int, str]]
    errors: list[RowError]
    one_name: list[tuple[int, str]] = field(default_factory=list)

    def person(self, row: int, cells: dict[str, Any]) -> Person | None:
        """The person of a row, None if a cell is wrong."""
        values: dict[str, str | None] = {}
        good = True
        for column in COLUMNS:
            try:
                good = good and (row, column) not in self.unread
                if (row, column) not in self.unread:
                    values[column] = self._read(row, column, cells.get(column))
            except LedgerError as error:
                good = False
                shown = show(column, _text(cells.get(column)))
                self.errors.append(RowError(row, column, shown, error.code, error.context))
        return Person(row=row, **(values | {"name": values["name"] or ""})) if good else None  # type: ignore[arg-type]

    def _read(self, row: int, column: str, cell: Any) -> str | None:
        text = _text(cell)
        if _ERROR.fullmatch(text):
            raise Rejected("import.cell_error")
        if column in _NUMBERS:
            text = _digits(column, text, is_number=isinstance(cell, int | float))
        if column == "name" and (parts := split_name(text[:_LONGEST_SPLIT])) is not None:
            if parts.surely:
                raise Rejected("import.two_names", parts=" | ".join(map(mask_name, parts.names)))
            self.one_name.append((row, " | ".join(map(mask_name, parts.names))))
        return _value(column, text, demonstration=self.demonstration)


def _digits(column: str, text: str, *, is_number: bool) -> str:
    """A number's text; spreadsheets turn 0123 into the number 123, and only zeros can have been lost there.

    Raises Rejected("import.number_cut") for one whose digits are lost.
    """
    whole = _WHOLE_WITH_POINT.fullmatch(text)
    text, is_number = (whole[1], True) if whole else (text, is_number)
    is_cut = column == "phone" and is_number and text.endswith(_ZEROS_OF_A_CUT)
    if is_cut or SCIENTIFIC.fullmatch(text):
        raise Rejected("import.number_cut")
    return text.rjust(4, "0") if column == "id_last4" and is_number and text.isdigit() else text


def _value(column: str, text: str, *, demonstration: bool) -> str | None:
    if column == "name" and not text:
        raise Rejected("import.name_empty")
    if not text:
        return None
    if column == "phone":
        return normalise_phone(text, demonstration=demonstration)
    return _CLEAN[column](text)


def _gender(text: str) -> str:
    if text.lower() not in _GENDERS:
        raise Rejected("people.gender_invalid")
    return _GENDERS[text.lower()]


def _last4(text: str) -> str | None:
    if _WHOLE_ID_NUMBER.fullmatch(text):
        raise Rejected("import.id_number_whole")
    return clean_id_last4(text)


def _number(text: str) -> str:
    number = read_number(text)
    if number is None:
        raise Rejected("import.number_invalid")
    return number


def _household(text: str) -> str:
    if _DATE.fullmatch(text):
        raise Rejected("import.household_is_date")
    return clean_household_number(text)


def as_seen(columns: Sequence[str], line: Sequence[Any]) -> list[tuple[str, str]]:
    """The cells of a line that aren't empty, by column, as people see them."""
    return [(column, _text(cell)) for column, cell in zip(columns, line, strict=False) if _text(cell)]


def _text(cell: Any) -> str:
    """A cell as people see it: spreadsheets store whole numbers as 13800138000.0."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("　", " ").strip()


_CLEAN: dict[str, Callable[[str], str | None]] = {
    "name": clean_name,
    "gender": _gender,
    "id_last4": _last4,
    "household": _household,
    "number": _number,
    "team": settle,
    "place": settle,
}
