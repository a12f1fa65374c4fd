"""Reports what an import did or would do, in both languages, for a screen and for a spreadsheet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ledger.kernel.errors import text_of
from ledger.organisations.imports.columns import Parsed, as_seen
from ledger.organisations.imports.questions import Question, listed
from ledger.organisations.imports.rows import COLUMNS, Person, RowError, show
from ledger.organisations.imports.seen import ListRead, Seen
from ledger.people.policy import show_phone

Language = Literal["zh", "en"]
HEADINGS: dict[Language, tuple[str, ...]] = {
    "zh": ("单元格", "列", "填的是", "哪里不对", "怎么改"),
    "en": ("Cell", "Column", "Value", "What is wrong", "What to do"),
}
_ENCODINGS = {"utf-8-sig": "UTF-8", "gb18030": "GB 18030 (GBK)", "utf-16": "UTF-16"}
_DELIMITERS = {
    ",": ("逗号", "comma"),
    ";": ("分号", "semicolon"),
    "\t": ("制表符", "tab"),
    "，": ("全角逗号", "Chinese comma"),
}
# What is told of a file, in Chinese and English.
_TOLD: dict[str, tuple[str, str]] = {
    "sheet": ("工作表", "Sheet"),
    "other": ("没有读的工作表", "Sheets not read"),
    "hidden": ("（隐藏）", " (hidden)"),
    "written": ("编码和分隔符", "Encoding and separator"),
    "rows": ("读到的人", "People read"),
    "first": ("第一行", "First line"),
    "last": ("最后一行", "Last line"),
    "used": ("用到的列", "Columns used"),
    "unused": ("没有用到的列", "Columns not used"),
    "nameless": ("没有列名", "no heading"),
    "merged": ("合并的单元格，照着往下填了", "Merged cells, filled down"),
    "by_name": ("只凭姓名认出的人", "Taken for somebody registered by the name alone"),
    "differ": ("和登记的不一样，没有改", "Says something else than what is registered; not changed"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of a checked list, every faulty cell in the order of the file, and what was read beside what was seen.

    `ends` are the first and last line as read; `by_name` and `differ` are those of the plan.
    """

    rows: int
    added: int
    joined: int
    housed: int
    unchanged: int
    new_teams: list[str]
    errors: list[RowError]
    seen: Seen
    ends: list[tuple[int, str]]
    by_name: list[tuple[int, str]] = field(default_factory=list)
    differ: list[tuple[int, str]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether an import would change anything."""
        return bool(self.added or self.joined or self.housed)


def column_name(column: str, language: Language) -> str:
    """The display name of a column."""
    return COLUMNS[column][0 if language == "zh" else 1]


def why(error: RowError, language: Language) -> tuple[str, str]:
    """Describe a cell's fault and its remedy."""
    text = text_of(error.code)
    sentences = (text.zh, text.next_zh) if language == "zh" else (text.en, text.next_en)
    what, to_do = (sentence.format_map(error.context) for sentence in sentences)
    return what, to_do


def report_lines(errors: Sequence[RowError], language: Language) -> Iterator[list[Any]]:
    """The report as lines of a table: cell, column, value (masked if personal), fault, remedy."""
    for error in errors:
        yield [error.cell, column_name(error.column, language), error.value, *why(error, language)]


def ends_of(read: ListRead, parsed: Parsed) -> list[tuple[int, str]]:
    """The first and the last line with somebody, as they were read; personal text is masked."""
    columns = [each.column for each in read.seen.columns if each.column]
    people = {person.row: person for person in parsed.people}
    return [
        (
            row,
            " · ".join(show(column, text) for column, text in _as_read(columns, read.lines[row - 1], people.get(row))),
        )
        for row in dict.fromkeys((parsed.rows[0], parsed.rows[-1]))
    ]


def _as_read(columns: Sequence[str], line: Sequence[Any], person: Person | None) -> Iterator[tuple[str, str]]:
    """The cells of a line by column: as they were read, or as they stand there if one of them is wrong."""
    for column, text in as_seen(columns, line):
        value = text if person is None or column == "gender" else getattr(person, column) or text
        yield column, show_phone(value) if column == "phone" else value


def told(report: Report, language: Language) -> Iterator[tuple[str, str]]:
    """What was read beside what was seen, as names and values."""
    at = 0 if language == "zh" else 1
    for code, values in [*_told_of_file(report.seen, at), *_told_of_rows(report), *_told_of_columns(report.seen, at)]:
        if values:
            yield _TOLD[code][at], listed(values, language)


def _told_of_file(seen: Seen, at: int) -> Iterator[tuple[str, list[str]]]:
    yield "sheet", [sheet.name for sheet in seen.sheets if sheet.read]
    yield (
        "other",
        [sheet.name + ("" if sheet.visible else _TOLD["hidden"][at]) for sheet in seen.sheets if not sheet.read],
    )
    if seen.encoding:
        yield "written", [_ENCODINGS[seen.encoding], _DELIMITERS[seen.delimiter][at]]


def _told_of_rows(report: Report) -> Iterator[tuple[str, list[str]]]:
    letters = {each.column: each.letter for each in report.seen.columns if each.column}
    yield "rows", [str(report.rows)]
    for code, (row, text) in zip(("first", "last"), report.ends, strict=False):
        yield code, [f"{row}: {text}"]
    yield "merged", [each.area for each in report.seen.merged if each.filled]
    yield "by_name", [f"{letters['name']}{row} = {number}" for row, number in report.by_name]
    yield "differ", [f"{letters.get(column, '')}{row}" for row, column in report.differ]


def _told_of_columns(seen: Seen, at: int) -> Iterator[tuple[str, list[str]]]:
    yield "used", [f"{each.letter} {COLUMNS[each.column][at]}" for each in seen.columns if each.column]
    unused = [each for each in seen.columns if not each.column]
    yield "unused", [f"{each.letter} {each.heading or _TOLD['nameless'][at]}" for each in unused]


def summary(report: Report, language: Language) -> list[str]:
    """The counts as sentences."""
    if language == "en":
        counts = (
            f"{report.rows} people in the file: {report.added} new, {report.joined} join a team, "
            f"{report.unchanged} are there already, {len(report.errors)} cells are wrong."
        )
        housed = f"{report.housed} of those who are there already get their household."
        teams = "Teams to be made: "
    else:
        counts = (
            f"文件里有 {report.rows} 人：新增 {report.added} 人，加入队伍 {report.joined} 人，"
            f"原来就有 {report.unchanged} 人，不对的有 {len(report.errors)} 处。"
        )
        housed = f"原来就有的人里，给 {report.housed} 人写上户编号。"
        teams = "新建队伍："
    sentences = [counts, housed] if report.housed else [counts]
    if report.new_teams:
        sentences.append(teams + (", " if language == "en" else "、").join(report.new_teams))
    return sentences
