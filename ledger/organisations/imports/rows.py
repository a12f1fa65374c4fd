"""The rows of a list: the columns, a person, and a cell's fault. Pure."""

import re
from dataclasses import dataclass, field
from typing import Any

from ledger.people.policy import mask_name

_LONGEST_SHOWN = 30
# What a spreadsheet makes of a long number in a narrow column, and keeps in a CSV: nobody's number any more.
SCIENTIFIC = re.compile(r"[-+]?[0-9]([.,][0-9]+)?[Ee]\+?[0-9]{1,2}")

# Column: its name in Chinese and English.
COLUMNS: dict[str, tuple[str, str]] = {
    "name": ("姓名", "Name"),
    "gender": ("性别", "Gender"),
    "phone": ("手机", "Phone"),
    "id_last4": ("身份证后四位", "ID last 4"),
    "team": ("所属队伍", "Team"),
    "place": ("所属站点", "Station"),
    "household": ("户编号", "Household"),
    "number": ("志愿者编号", "Volunteer number"),
}
# What to write in each, in Chinese and English.
HINTS: dict[str, tuple[str, str]] = {
    "name": ("一定要有，一行一个人", "required, one person in a line"),
    "gender": ("男、女，可以空着", "male, female, or empty"),
    "phone": ("11 位，这一列设成文本；没有就空着", "11 digits, the column formatted as text; or empty"),
    "id_last4": ("只要后四位，这一列设成文本", "the last four only, the column formatted as text"),
    "team": ("几支队伍用“、”隔开", "teams with a comma between them"),
    "place": (
        "和系统里的一样；几个站点同名的，前面写上级：城东所 / 柳荫站",
        "as in the system; where several have one name: place above / place",
    ),
    "household": ("村里登记的户编号", "as in the village's register"),
    "number": ("已经登记的人才有，新来的空着", "of those who are registered already; empty for new people"),
}


def empty_form(language: str) -> list[list[str]]:
    """The names of the columns, and nobody below."""
    return [[names[0 if language == "zh" else 1] for names in COLUMNS.values()]]


@dataclass(frozen=True, slots=True)
class RowError:
    """A cell's fault: `row` as the spreadsheet counts it, `value` masked if personal, `cell` its address there."""

    row: int
    column: str
    value: str
    code: str
    context: dict[str, Any] = field(default_factory=dict)
    cell: str = ""


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
    number: str | None = None


def show(column: str, value: str) -> str:
    """A cell's text for a report: names, numbers and phones are masked but recognisable."""
    if column == "name":
        return mask_name(value[:_LONGEST_SHOWN])
    if SCIENTIFIC.fullmatch(value):
        return value
    if column == "phone":
        ends = 3 if len(value) >= 9 else 1
        return value[:ends] + "*" * max(1, min(len(value), 20) - 2 * ends) + value[ends:][-ends:]
    if column == "id_last4":
        return "*" * max(0, min(len(value), 20) - 1) + value[-1:]
    return value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
