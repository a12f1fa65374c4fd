"""Reports what an import did or would do, in both languages, for a screen and for a spreadsheet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ledger.kernel.errors import text_of
from ledger.organisations.imports.columns import COLUMNS, RowError

Language = Literal["zh", "en"]
HEADINGS: dict[Language, tuple[str, ...]] = {
    "zh": ("行", "列", "填的是", "哪里不对", "怎么改"),
    "en": ("Line", "Column", "Value", "What is wrong", "What to do"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of a checked list, and every faulty cell, in the order of the file."""

    rows: int
    added: int
    joined: int
    housed: int
    unchanged: int
    new_teams: list[str]
    ignored_columns: list[str]
    errors: list[RowError]


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
    """The report as lines of a table: row, column, value (masked if personal), fault, remedy."""
    for error in errors:
        yield [error.row, column_name(error.column, language), error.value, *why(error, language)]


def summary(report: Report, language: Language) -> list[str]:
    """The counts as sentences."""
    if language == "en":
        counts = (
            f"{report.rows} people in the file: {report.added} new, {report.joined} join a team, "
            f"{report.unchanged} are there already, {len(report.errors)} cells are wrong."
        )
        housed = f"{report.housed} of those who are there already get their household."
        teams, columns = "Teams to be made: ", "Columns not used: "
    else:
        counts = (
            f"文件里有 {report.rows} 人：新增 {report.added} 人，加入队伍 {report.joined} 人，"
            f"原来就有 {report.unchanged} 人，不对的有 {len(report.errors)} 处。"
        )
        housed = f"原来就有的人里，给 {report.housed} 人写上户编号。"
        teams, columns = "新建队伍：", "没有用到的列："
    sentences = [counts, housed] if report.housed else [counts]
    comma = ", " if language == "en" else "、"
    if report.new_teams:
        sentences.append(teams + comma.join(report.new_teams))
    if report.ignored_columns:
        sentences.append(columns + comma.join(report.ignored_columns))
    return sentences
