"""Lists as files: a spreadsheet shows what the page showed, and executes nothing."""

import io

from python_calamine import CalamineWorkbook

from ledger.web.spreadsheets import spreadsheet

HEADINGS = ["姓名", "分钟"]
ROWS = [["王*兰", 120], ["=1+1", 0], ["@cmd", 5], ["-2", -2]]


def test_a_csv_opens_in_excel_and_runs_no_formula() -> None:
    response = spreadsheet("csv", "attendances", HEADINGS, ROWS)

    text = response.get_data()
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.decode("utf-8-sig").splitlines() == ["姓名,分钟", "王*兰,120", "'=1+1,0", "'@cmd,5", "'-2,-2"]
    assert response.headers["Content-Disposition"] == "attachment; filename=attendances.csv"


def test_an_xlsx_keeps_text_as_text_and_numbers_as_numbers() -> None:
    content = spreadsheet("xlsx", "attendances", HEADINGS, ROWS).get_data()

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    assert sheet.to_python() == [HEADINGS, *[[name, float(minutes)] for name, minutes in ROWS]]


def test_a_list_without_rows_has_its_headings() -> None:
    assert spreadsheet("csv", "nothing", HEADINGS, []).get_data().decode("utf-8-sig") == "姓名,分钟\r\n"
