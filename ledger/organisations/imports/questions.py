"""What is asked before a list is written, and what is told beside it: where a file may say something else to people.

A question has to be answered with yes; whoever means something else changes the file. Texts in both languages.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.kernel.errors import Rejected
from ledger.organisations.imports.check import Plan
from ledger.organisations.imports.columns import Parsed
from ledger.organisations.imports.seen import Seen

Texts = tuple[str, str]
_MOST_NAMED = 20
# Code: what is asked, and what yes means, each in Chinese and English. {what} are cells, lines or names.
QUESTIONS: dict[str, tuple[Texts, Texts]] = {
    "other_sheets": (
        ("别的工作表里也有内容：{what}", "Other sheets have something in them too: {what}"),
        ("只导入“{sheet}”这一张", "Import the sheet “{sheet}” alone"),
    ),
    "hidden_rows": (
        ("有隐藏的行：{what}", "Some lines are hidden: {what}"),
        ("隐藏的人也一起导入", "Import the hidden people too"),
    ),
    "hidden_columns": (
        ("有隐藏的列：{what}", "Some columns are hidden: {what}"),
        ("隐藏的列也照样读", "Read the hidden columns too"),
    ),
    "not_looked": (
        (
            "这种文件（{what}）看不出隐藏的行和列、出错的格、没有算好的公式",
            "This kind of file ({what}) doesn't tell hidden lines and columns, errors, formulas without a result",
        ),
        ("我看过，没有这些；有的话请另存为 xlsx", "I have looked, there are none; otherwise save it as xlsx"),
    ),
    "one_name": (
        (
            "一格里像有几个人，或者姓名后面有别的字：{what}",
            "A cell may hold several people, or more than a name: {what}",
        ),
        ("每一格都是一个人的姓名", "Each of these cells is one person's name"),
    ),
    "namesakes": (
        (
            "表里有同名的人，没有写清是不是同一个：{what}",
            "People of one name, and nothing says whether they are one: {what}",
        ),
        (
            "都是不同的人；分不清的请写上手机、户编号或者志愿者编号",
            "They are different people; otherwise write a phone, household or volunteer number beside them",
        ),
    ),
    "namesakes_registered": (
        ("已经登记了同名的人：{what}", "Somebody of the same name is registered already: {what}"),
        (
            "表里的是另外的人；是同一个人的请写上志愿者编号",
            "Those in the list are others; for anybody who is the same, write the volunteer number",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by its code; `what` it is about and the sheet that was read stand in its texts."""

    code: str
    what: Sequence[str]
    sheet: str = ""

    def asks(self, language: str) -> str:
        """The question."""
        return self._text(QUESTIONS[self.code][0], language)

    def yes(self, language: str) -> str:
        """What yes means."""
        return self._text(QUESTIONS[self.code][1], language)

    def _text(self, texts: Texts, language: str) -> str:
        return texts[0 if language == "zh" else 1].format(what=listed(self.what, language), sheet=self.sheet)


def questions(seen: Seen, parsed: Parsed, plan: Plan) -> list[Question]:
    """What to ask about a list, in the order in which people look at a file."""
    read = next((sheet.name for sheet in seen.sheets if sheet.read), "")
    others = [sheet.name for sheet in seen.sheets if sheet.visible and sheet.filled and not sheet.read]
    hidden = [each for each in seen.columns if each.column and each.letter in seen.hidden_columns]
    rows = seen.hidden_rows.intersection(parsed.rows)
    name = seen.letter_of("name")
    asked: dict[str, list[str]] = {
        "other_sheets": others,
        "hidden_rows": list(spans(rows)),
        "hidden_columns": [f"{each.letter} {each.heading}" for each in hidden],
        "not_looked": [] if seen.looked else [seen.kind],
        "one_name": [f"{name}{row} ({parts})" for row, parts in parsed.one_name],
        "namesakes": [f"{name}{pair.person.row} = {name}{pair.other_row}" for pair in parsed.alike],
        "namesakes_registered": [f"{name}{row} = {' '.join(numbers)}" for row, numbers in plan.namesakes],
    }
    return [Question(code, what, read) for code, what in asked.items() if what]


def refuse_unanswered(asked: Sequence[Question], answered: Iterable[str]) -> None:
    """Raises Rejected("import.unanswered", count=…) unless every question was answered with yes."""
    missing = {question.code for question in asked}.difference(answered)
    if missing:
        raise Rejected("import.unanswered", count=len(missing))


def spans(numbers: Collection[int]) -> Iterator[str]:
    """Numbers in order, runs as 5–7."""
    first: int | None = None
    for number in sorted(numbers):
        first = number if first is None else first
        if number + 1 not in numbers:
            yield str(first) if first == number else f"{first}–{number}"
            first = None


def listed(what: Sequence[str], language: str) -> str:
    """The first of these, and how many there are if that isn't all."""
    more = f" … ({len(what)})" if len(what) > _MOST_NAMED else ""
    return ("、" if language == "zh" else ", ").join(what[:_MOST_NAMED]) + more
