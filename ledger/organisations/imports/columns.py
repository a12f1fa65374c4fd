"""Reads people from the cells of a spreadsheet: recognises columns and validates cells. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ledger.organisations.imports.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.errors import LedgerError, Rejected
from ledger.organisations.imports.files import MOST_ROWS
from ledger.organisations.imports.headings import LINES_BEFORE_HEADER, column_of
from ledger.people.policy import clean_household_number, clean_id_last4, clean_name, mask_name, normalise_phone

_LONGEST_SHOWN = 30

# Column: its name in Chinese and English.
COLUMNS: dict[str, tuple[str, str]] = {
    "name": ("姓名", "Name"),
    "gender": ("性别", "Gender"),
    "phone": ("手机", "Phone"),
    "id_last4": ("身份证后四位", "ID last 4"),
    "team": ("所属队伍", "Team"),
    "place": ("所属站点", "Station"),
    "household": ("户编号", "Household"),
}
_GENDERS = {
    "男": "male", "男性": "male", "male": "male", "m": "male",
    "女": "female", "女性": "female", "female": "female", "f": "female",
}  # fmt: skip
# Spreadsheets turn 3-17 into a date, which is read as text.
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]00:00:00)?")
_WHOLE_ID_NUMBER = re.compile(r"\d{17}[\dXx]|\d{15}")


@dataclass(frozen=True, slots=True)
class RowError:
    """A cell's fault: `row` as the spreadsheet counts it, `value` masked if personal."""

    row: int
    column: str
    value: str
    code: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """A row without faults; `phone` is E.164."""

    row: int
    name: str
    gender: str | None
    phone: str | None
    id_last4: str | None
    team: str | None
    place: str | None
    household: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed file: the good rows, the faults of the others, and the unknown columns."""

    people: list[Person]
    errors: list[RowError]
    ignored_columns: list[str]


def parse(lines: Sequence[Sequence[Any]], *, demonstration: bool = False) -> Parsed:
    """Read all cells of a sheet before any lookup.

    Raises Rejected("import.empty", "import.name_column_missing", "import.column_twice", "import.too_many_rows").
    """
    position, header = _find_header(lines)
    ignored = [_text(cell) for number, cell in enumerate(lines[position]) if number not in header and _text(cell)]
    body = [
        (row, line)
        for row, line in enumerate(lines[position + 1 :], start=position + 2)
        if any(_text(cell) for cell in line)
    ]
    if not body:
        raise Rejected("import.empty")
    if len(body) > MOST_ROWS:
        raise Rejected("import.too_many_rows", most=MOST_ROWS)
    people: list[Person] = []
    errors: list[RowError] = []
    for row, line in body:
        cells = {column: line[number] for number, column in header.items() if number < len(line)}
        person = _person(row, cells, errors, demonstration=demonstration)
        if person is not None:
            people.append(person)
    return Parsed(people, errors + _twice(people), ignored)


def show(column: str, value: str) -> str:
    """A cell's text for a report: names, numbers and phones are masked but recognisable."""
    if column == "name":
        return mask_name(value[:_LONGEST_SHOWN])
    if column == "phone":
        ends = 3 if len(value) >= 9 else 1
        return value[:ends] + "*" * max(1, min(len(value), 20) - 2 * ends) + value[ends:][-ends:]
    if column == "id_last4":
        return "*" * max(0, min(len(value), 20) - 1) + value[-1:]
    return value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"


def _find_header(lines: Sequence[Sequence[Any]]) -> tuple[int, dict[int, str]]:
    if not any(_text(cell) for line in lines for cell in line):
        raise Rejected("import.empty")
    for position, line in enumerate(lines[:LINES_BEFORE_HEADER]):
        header: dict[int, str] = {}
        for number, cell in enumerate(line):
            column = column_of(_text(cell))
            if column is None:
                continue
            if column in header.values():
                raise Rejected("import.column_twice", column=COLUMNS[column][0])
            header[number] = column
        if "name" in header.values():
            return position, header
    raise Rejected("import.name_column_missing")


def _person(row: int, cells: dict[str, Any], errors: list[RowError], *, demonstration: bool) -> Person | None:
    texts = {column: _text(cells.get(column)) for column in COLUMNS}
    if isinstance(cells.get("id_last4"), int | float) and texts["id_last4"].isdigit():
        # Spreadsheets turn 0123 into the number 123; only zeros can have been lost.
        texts["id_last4"] = texts["id_last4"].rjust(4, "0")
    values: dict[str, str | None] = {}
    before = len(errors)
    for column, text in texts.items():
        try:
            values[column] = _value(column, text, demonstration=demonstration)
        except LedgerError as error:
            errors.append(RowError(row, column, show(column, text), error.code, error.context))
    if len(errors) > before:
        return None
    return Person(
        row=row,
        name=values["name"] or "",
        gender=values["gender"],
        phone=values["phone"],
        id_last4=values["id_last4"],
        team=values["team"],
        place=values["place"],
        household=values["household"],
    )


def _value(column: str, text: str, *, demonstration: bool) -> str | None:
    if column == "name":
        if not text:
            raise Rejected("import.name_empty")
        return clean_name(text)
    if not text:
        return None
    if column == "phone":
        return normalise_phone(text, demonstration=demonstration)
    if column == "gender":
        if text.lower() not in _GENDERS:
            raise Rejected("people.gender_invalid")
        return _GENDERS[text.lower()]
    if column == "id_last4":
        if _WHOLE_ID_NUMBER.fullmatch(text):
            raise Rejected("import.id_number_whole")
        return clean_id_last4(text)
    if column == "household":
        return _household(text)
    return " ".join(text.split())


def _household(text: str) -> str:
    if _DATE.fullmatch(text):
        raise Rejected("import.household_is_date")
    return clean_household_number(text)


def _twice(people: list[Person]) -> list[RowError]:
    """Find people listed twice: by phone, or without one by name, last four, team and place."""
    errors = []
    seen: dict[tuple[str | None, ...], int] = {}
    for person in people:
        by_phone = person.phone is not None
        key = (person.phone,) if by_phone else (person.name, person.id_last4, person.team, person.place)
        other = seen.setdefault(key, person.row)
        if other != person.row:
            column, text = ("phone", person.phone or "") if by_phone else ("name", person.name)
            code = "import.phone_twice" if by_phone else "import.same_person_twice"
            errors.append(RowError(person.row, column, show(column, text), code, {"other_row": other}))
    return errors


def _text(cell: Any) -> str:
    """A cell as people see it: spreadsheets store whole numbers as 13800138000.0."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("　", " ").strip()
