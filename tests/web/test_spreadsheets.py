"""Lists as files: a spreadsheet shows what the page showed, and executes nothing."""

import ast
import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from ledger.web.spreadsheets import spreadsheet, to_csv
from tests.source import package, strings
from tests.test_house_rules import fail_on

HEADINGS = ["姓名", "分钟"]
ROWS = [["王*兰", 120], ["=1+1", 0], ["@cmd", 5], ["-2", -2]]


def test_a_csv_opens_in_excel_and_runs_no_formula() -> None:
    response = spreadsheet("csv", "attendances", HEADINGS, ROWS)

    text = response.get_data()
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.decode("utf-8-sig").splitlines() == ["姓名,分钟", "王*兰,120", "'=1+1,0", "'@cmd,5", "'-2,-2"]
    assert response.headers["Content-Disposition"] == "attachment; filename=attendances.csv"


RISKY = (
    *("=1+1", "+1", "-1+1", "@SUM(A1)", "|calc", "\t=1", "\r=1", "\n=1", " =1", "\u3000=1", "\ufeff=1", "\u200b=1"),
    *(
        "\uff1d1+1",
        "\uff0b1",
        "\uff0d1",
        "\uff20SUM",
        "\ufe661",
        "\ufe621",
        "\ufe63calc",
        "\ufe6bcalc",
        "\u22121+1",
        "\u207a1",
    ),
    *("\x00=1", " \t \uff1d1", "="),
)


@pytest.mark.parametrize("text", RISKY)
def test_whatever_may_begin_a_formula_is_text(text: str) -> None:
    [[cell]] = csv.reader(io.StringIO(to_csv([[text]]).decode("utf-8-sig"), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", " ", "王*兰", "1-2", "−5.08", "−395", "a=b", "（=1）", "2026-01-01", "、-", "'=1", "'＝1"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    [[cell, _]] = csv.reader(io.StringIO(to_csv([[text, "x"]]).decode("utf-8-sig"), newline=""))
    assert cell == text


def test_one_file_writes_spreadsheets() -> None:
    writers = {"writer", "DictWriter"}
    fail_on(
        (
            source.at(node)
            for source in package()
            if source.path != "ledger/web/spreadsheets.py"
            for node in source.nodes()
            if (isinstance(node, ast.Attribute) and node.attr in writers and ast.unparse(node.value) == "csv")
            or (
                isinstance(node, ast.ImportFrom)
                and node.module == "csv"
                and writers & {each.name for each in node.names}
            )
            or (isinstance(node, ast.Import | ast.ImportFrom) and WORKBOOKS & modules_in(node))
        ),
        "Write tables by ledger/web/spreadsheets.py, which lets no cell become a formula.",
    )
    fail_on(
        (
            source.at(node)
            for source in package()
            if source.path != "ledger/web/spreadsheets.py"
            for node in strings(source)
            if "text/csv" in str(node.value) or "spreadsheetml" in str(node.value)
        ),
        "Answer with tables by ledger/web/spreadsheets.py: download(…) or spreadsheet(…).",
    )


WORKBOOKS = {"xlsxwriter", "openpyxl", "xlwt", "odf", "pandas", "pyexcel"}


def names_in(node: ast.ImportFrom) -> set[str]:
    return {each.name for each in node.names}


def modules_in(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
    return {name.partition(".")[0] for name in names}


def test_an_xlsx_keeps_text_as_text_and_numbers_as_numbers() -> None:
    content = spreadsheet("xlsx", "attendances", HEADINGS, ROWS).get_data()

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    assert sheet.to_python() == [HEADINGS, *[[name, float(minutes)] for name, minutes in ROWS]]


def test_a_list_without_rows_has_its_headings() -> None:
    assert spreadsheet("csv", "nothing", HEADINGS, []).get_data().decode("utf-8-sig") == "姓名,分钟\r\n"
