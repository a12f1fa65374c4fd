"""Reports what an import did or would do, in both languages, for a screen and for a spreadsheet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ledger.kernel.errors import text_of
from ledger.organisations.imports.columns import Parsed, as_seen
from ledger.organisations.imports.questions import Question
from ledger.organisations.imports.rows import COLUMNS, RowError, show
from ledger.organisations.imports.seen import ListRead, Seen

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
_MOST_CELLS = 12
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
    return [
        (row, " · ".join(show(column, text) for column, text in as_seen(columns, read.lines[row - 1])))
        for row in dict.fromkeys((parsed.rows[0], parsed.rows[-1]))
    ]


def told(report: Report, language: Language) -> Iterator[tuple[str, str]]:
    """What was read beside what was seen, as names and values."""
    seen, at = report.seen, 0 if language == "zh" else 1
    for code, value in [*_told_of_file(seen, at), *_told_of_rows(report, at), *_told_of_columns(seen, language)]:
        if value:
            yield _TOLD[code][at], value
    letters = {each.column: each.letter for each in seen.columns if each.column}
    cells = [f"{letters.get(column, '')}{row}" for row, column in report.differ]
    names = [f"{letters['name']}{row} = {number}" for row, number in report.by_name]
    for code, value in (("by_name", _some(names)), ("differ", _some(cells))):
        if value:
            yield _TOLD[code][at], value


def _told_of_file(seen: Seen, at: int) -> Iterator[tuple[str, str]]:
    yield "sheet", next((sheet.name for sheet in seen.sheets if sheet.read), "")
    others = [sheet for sheet in seen.sheets if not sheet.read]
    yield (
        "other",
        "、".join(sheet.name + ("" if sheet.visible else _TOLD["hidden"][at]) for sheet in others[:_MOST_CELLS]),
    )
    if seen.encoding:
        yield "written", f"{_ENCODINGS[seen.encoding]}, {_DELIMITERS[seen.delimiter][at]}"


def _told_of_rows(report: Report, at: int) -> Iterator[tuple[str, str]]:
    yield "rows", str(report.rows)
    for code, (row, text) in zip(("first", "last"), report.ends, strict=False):
        yield code, f"{row}: {text}"
    yield "merged", _some([each.area for each in report.seen.merged if each.filled])


def _told_of_columns(seen: Seen, language: Language) -> Iterator[tuple[str, str]]:
    used = [f"{each.letter} {column_name(each.column, language)}" for each in seen.columns if each.column]
    nameless = _TOLD["nameless"][0 if language == "zh" else 1]
    unused = [f"{each.letter} {each.heading or nameless}" for each in seen.columns if not each.column]
    yield "used", "、".join(used)
    yield "unused", _some(unused)


def _some(cells: Sequence[str]) -> str:
    more = f" … ({len(cells)})" if len(cells) > _MOST_CELLS else ""
    return "、".join(cells[:_MOST_CELLS]) + more


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
