"""Files in which people see something else than a program reads, made as they were found."""

from collections.abc import Callable
from typing import Any

from tests.organisations.test_import import Lines, comma
from tests.organisations.test_import_files import workbook

HEADINGS = ["姓名", "性别", "手机", "身份证后四位", "所属队伍"]
UNCLOSED_QUOTE = """姓名,性别,手机,身份证后四位,备注
戊一,男,13911110041,0051,组长
戊二,女,13911110042,0052,"优秀志愿者
戊三,男,13911110043,0053,
戊四,女,13911110044,0054,
戊五,女,13911110045,0055,
"""
# The quote that closes is that of another line, three lines below.
QUOTE_CLOSED_BELOW = UNCLOSED_QUOTE.replace("戊五,女,13911110045,0055,", '戊五,女,13911110045,0055,先进"')


def named(name: str, lines: Lines) -> Callable[[Any], Any]:
    """Adds a sheet with the lines to a workbook."""

    def fill(made: Any) -> Any:
        sheet = made.add_worksheet(name)
        for number, line in enumerate(lines):
            sheet.write_row(number, 0, line)
        return sheet

    return fill


def hidden_first_sheet(made: Any) -> None:
    """Last year's people on a hidden sheet before the list."""
    people = [["旧人一", "男", "13911110011", "0021"], ["旧人二", "女", "13911110012", "0022"]]
    named("去年", [HEADINGS, *people])(made).hide()
    named("今年", [HEADINGS, ["乙一", "男", "13911110013", "0023"]])(made).activate()


def two_sheets(made: Any) -> None:
    """Two visible sheets with people, and an empty one."""
    named("城东", [["姓名", "手机"], ["乙一", "13911110013"]])(made)
    named("城西", [["姓名", "手机"], ["乙二", "13911110014"]])(made)
    made.add_worksheet("Sheet3")


def merged_team_cells(made: Any) -> None:
    """One team written beside several people."""
    people = [[f"甲{count}", "男", f"1391111000{at}", f"001{at}"] for at, count in enumerate("一二三四五", start=1)]
    sheet = named("名单", [HEADINGS, *people])(made)
    sheet.merge_range("E2:E4", "红队")
    sheet.merge_range("E5:E6", "蓝队")


def merged_names(made: Any) -> None:
    """One name over two lines, and a cell over two columns."""
    sheet = named("名单", [HEADINGS, ["", "", "13911110001"], ["", "", "13911110002"], ["甲三"]])(made)
    sheet.merge_range("A2:A3", "甲一")
    sheet.merge_range("B4:C4", "男")


def headings_over_two_lines(made: Any) -> None:
    """A title, and headings some of which go over two lines and others over two columns."""
    sheet = named("名单", [["柳荫站"], [], ["", "", "手机", "微信"], ["甲一", "红队", "13911110001", "x"]])(made)
    sheet.merge_range("A2:A3", "姓名")
    sheet.merge_range("B2:B3", "所属队伍")
    sheet.merge_range("C2:D2", "联系")


def hidden_lines(made: Any) -> None:
    """A filter hides two people, and nobody sees the phones."""
    people = [[f"甲{count}", "男", f"1391111000{at}"] for at, count in enumerate("一二三四", start=1)]
    sheet = named("名单", [HEADINGS[:3], *people])(made)
    for row in (2, 3):
        sheet.set_row(row, None, None, {"hidden": True})
    sheet.set_column("C:C", None, None, {"hidden": True})


def errors_and_formulas(made: Any) -> None:
    """Cells that a formula has left without a value."""
    sheet = named("名单", [HEADINGS[:3], ["甲一"], ["甲二"], ["甲三"], ["甲四"]])(made)
    sheet.write_formula("C2", "=VLOOKUP(1,A:B,2)", None, "#N/A")
    sheet.write_formula("C3", "=D3&E3", None, "")
    sheet.write_formula("C4", '="1391111"&"0003"', None, "13911110003")
    sheet.write_formula("F2", "=NA()", None, "#N/A")
    sheet.write_formula("A6", "=NA()", None, "#REF!")


# The file's name, and its text or what fills its workbook.
CASES: dict[str, tuple[str, bytes | Callable[[Any], Any]]] = {
    "unclosed quote": ("名单.csv", UNCLOSED_QUOTE.encode("utf-8-sig")),
    "quote closed below": ("名单.csv", QUOTE_CLOSED_BELOW.encode("gb18030")),
    "hidden first sheet": ("名单.xlsx", hidden_first_sheet),
    "two sheets": ("名单.xlsx", two_sheets),
    "merged team cells": ("名单.xlsx", merged_team_cells),
    "merged names": ("名单.xlsx", merged_names),
    "headings over two lines": ("名单.xlsx", headings_over_two_lines),
    "hidden lines": ("名单.xlsx", hidden_lines),
    "errors and formulas": ("名单.xlsx", errors_and_formulas),
    "far corner": (
        "名单.xlsx",
        workbook(
            lambda made: named("名单", [["姓名", "手机"], ["寅九", "13911110191"]])(made).write("XFD1048576", "x")
        ),
    ),
    "space in last row": (
        "名单.xlsx",
        lambda made: named("名单", [HEADINGS, ["丑一", "男", "13911110101"]])(made).write("A1048576", " "),
    ),
    "name dots": (
        "名单.csv",
        (
            "姓名,身份证后四位\n王㛃,0111\n𠮷田一,0112\n李\ue863,0113\n阿依古丽·买买提,0114\n阿依古丽・买买提,0114\n"
            "阿依古丽•买买提,0114\n阿依古丽.买买提,0114\n张〇,0116\n"
        ).encode(),
    ),
    "phone cut by Excel": (
        "名单.csv",
        "姓名,手机\n庚一,1.39E+10\n庚二,1.39111E+10\n庚三,13911110063.0\n庚四,13900000000.0\n".encode("utf-8-sig"),
    ),
    "two names in a cell": (
        "名单.csv",
        '姓名,手机\n"子一\n子二",\n"子三、子四",\n子五 子六,\n子七(组长),\n子八和子九,\n王和平,\n欧阳 小兰,\n'.encode(),
    ),
    "semicolons": ("名单.csv", "姓名;手机;备注\n甲一;13911110001;能来, 周六, 周日, 都行, 好\n".encode("gb18030")),
    "formulas in CSV": ("名单.csv", '姓名,手机,户编号\n甲一,"=""13911110001""",\n甲二,=B2,#N/A\n'.encode()),
    "namesakes": ("名单.csv", comma([["姓名", "所属队伍"], ["王伟"], ["王 伟"], ["李娜", "红队"], ["李娜", "蓝队"]])),
}


def content_of(name: str) -> bytes:
    """The bytes of a case's file."""
    content = CASES[name][1]
    return content if isinstance(content, bytes) else workbook(content)
