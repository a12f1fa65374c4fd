"""A list is read as people see it, or they are told: on the page and by the command, before anything is written."""

import io
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import PageRequest
from ledger.organisations.imports.command import Options, import_file
from ledger.people.volunteers import queries as people
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.organisations.import_cases import CASES, content_of
from tests.organisations.test_import import comma
from tests.phones import fresh_phone
from tests.world import World

# What is said of each file: refused at once, wrong cells, questions, or what was read beside what was seen.
SAID: dict[str, list[str]] = {
    "unclosed quote": ["第 3 行有一个引号没有配对"],
    "quote closed below": ["第 3 行有一个引号没有配对"],
    "hidden first sheet": ["工作表\t今年", "没有读的工作表\t去年（隐藏）", "读到的人\t1", "第一行\t2: 乙* · 男"],
    "two sheets": ["工作表\t城东", "没有读的工作表\t城西、Sheet3", "别的工作表里也有内容：城西 ", "--yes other_sheets"],
    "merged team cells": ["合并的单元格，照着往下填了\tE2:E4、E5:E6", "最后一行\t6: 甲*", "蓝队"],
    "merged names": ["A2:A3\t姓名\t\t合并的单元格", "B4:C4\t性别\t\t合并的单元格"],
    "headings over two lines": [
        "用到的列\tA 姓名、B 所属队伍、C 手机",
        "没有用到的列\tD 微信",
        "第一行\t4: 甲* · 红队",
    ],
    "hidden lines": ["有隐藏的行：3–4 ", "有隐藏的列：C 手机 ", "--yes hidden_rows", "--yes hidden_columns"],
    "errors and formulas": ["C2\t手机\t#N/A\t", "C3\t手机\t=\t这一格的公式还没有算出结果", "A6\t姓名\t#REF!\t"],
    "far corner": ["XFD1048576 这一格还有内容"],
    "space in last row": ["A1048576 这一格还有内容"],
    "name dots": [
        *(f"A{row}\t姓名\t阿***{dot}买***\t第 5 行也叫这个名字" for row, dot in ((6, "・"), (7, "•"), (8, "."))),
        "手机、户编号或者志愿者编号",
        "最后一行\t9: 张*",
    ],
    "phone cut by Excel": [
        "B2\t手机\t1.39E+10\tExcel 把号码当成了数",
        "B3\t手机\t1.39111E+10",
        "B5\t手机",
        "设成文本",
        "不对的有 3 处",
    ],
    "two names in a cell": [
        "A2\t姓名\t",
        "这一格不止一个人：子* | 子*",
        "A3\t姓名\t",
        "一个人的姓名",
        "最后一行\t8: 欧阳*兰",
        "A4 (子* | 子*)、A5 (子*)、A6 (子* | 子*) ",
    ],
    "semicolons": ["编码和分隔符\tGB 18030 (GBK)、分号", "没有用到的列\tC 备注", "用到的列\tA 姓名、B 手机"],
    "formulas in CSV": ["B3\t手机\t=\t", "C3\t户编号\t#N/A\t这一格是出错的公式", "不对的有 2 处"],
    "namesakes": ["A3\t姓名\t王*\t第 2 行也叫这个名字", "A4 = A5 ", "--yes namesakes"],
}
REFUSED = {"unclosed quote", "quote closed below", "far corner", "space in last row"}
WRONG = {"merged names", "errors and formulas", "name dots", "phone cut by Excel", "two names in a cell"} | {
    "formulas in CSV",
    "namesakes",
}
QUESTION = re.compile(r'name="(yes_\w+)"')
SHOWN = re.compile(r'name="shown" value="(\w+)"')


def test_every_case_has_its_words() -> None:
    assert SAID.keys() == CASES.keys()


def everybody(world: World) -> list[str]:
    """The names of everybody in the center, in order."""
    found = in_snapshot(people.list_volunteers, world.builder, request=PageRequest()).items
    return [view.name for view in found]


@on_sqlite
@pytest.mark.parametrize("name", CASES)
def test_the_command_says_what_it_reads(world: World, tmp_path: Path, name: str) -> None:
    file = tmp_path / CASES[name][0]
    file.write_bytes(content_of(name))
    said: list[str] = []
    good = import_file(file, Options(dry_run=True, make_teams=True), actor=world.builder, say=said.append)
    text = "\n".join(said)
    assert [words for words in SAID[name] if words not in text] == [], text
    assert good == (name not in REFUSED | WRONG)
    assert "删" not in re.sub("删掉名单下面和右边|补上或者删掉引号", "", text)


@pytest.fixture
def admin(world: World, app: Flask) -> Browser:
    return Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))


@on_sqlite
@pytest.mark.parametrize("name", CASES)
def test_the_page_says_the_same(world: World, admin: Browser, name: str) -> None:
    upload = admin.post("/volunteers/import", file=(io.BytesIO(content_of(name)), CASES[name][0]), make_teams="1")
    assert upload.status_code == (422 if name in REFUSED else 303)
    page = admin.get(upload.location) if upload.location else upload
    text = unescape(re.sub("<[^>]+>", " ", page.text))
    words = [part.strip() for said in SAID[name] for part in re.split("[\t:]", said) if not part.startswith("--yes")]
    assert [part for part in words if part not in text] == [], text
    assert (SHOWN.search(page.text) is None) == (name in REFUSED | WRONG)
    assert everybody(world) == []


@on_sqlite
def test_nothing_is_written_before_every_question_is_answered(world: World, admin: Browser, tmp_path: Path) -> None:
    address = admin.post("/volunteers/import", file=(io.BytesIO(content_of("hidden lines")), "名单.xlsx")).location
    page = admin.get(address).text
    shown = SHOWN.findall(page)[0]
    assert QUESTION.findall(page) == ["yes_hidden_rows", "yes_hidden_columns"]
    half = admin.post(address, shown=shown, yes_hidden_rows="1")
    assert (half.status_code, "还有 1 个问题没有回答" in half.text) == (422, True)
    assert 'name="yes_hidden_rows" value="1" checked' in half.text
    assert everybody(world) == []
    assert admin.post(address, shown=shown, yes_hidden_rows="1", yes_hidden_columns="1").status_code == 200
    assert len(everybody(world)) == 4

    file = tmp_path / "名单.xlsx"
    file.write_bytes(content_of("two sheets"))
    said: list[str] = []
    assert not import_file(file, Options(), actor=world.builder, say=said.append)
    assert "还有 1 个问题没有回答" in said[-1]
    assert import_file(file, Options(yes=("other_sheets",)), actor=world.builder, say=said.append)
    assert import_file(file, Options(yes=("other_sheets",), sheet="城西"), actor=world.builder, say=said.append)
    assert everybody(world)[4:] == ["乙一", "乙二"]
    assert not import_file(file, Options(sheet="城南"), actor=world.builder, say=said.append)
    assert "没有这张工作表；有的是：城东、城西、Sheet3" in said[-1]


@on_sqlite
def test_what_has_changed_since_it_was_shown_is_not_written(world: World, admin: Browser) -> None:
    lines = [["姓名", "手机"], ["王小兰", fresh_phone()], ["李四", ""]]
    address = admin.post("/volunteers/import", file=(io.BytesIO(comma(lines)), "名单.csv")).location
    shown = SHOWN.findall(admin.get(address).text)[0]
    other = admin.post("/volunteers/import", file=(io.BytesIO(comma(lines[:2])), "名单.csv"), place_id="").location
    assert other != address
    world.add_volunteer("李四")
    address = admin.post("/volunteers/import", file=(io.BytesIO(comma(lines)), "名单.csv")).location
    again = admin.post(address, shown=shown)
    assert (again.status_code, "登记的人变了" in again.text) == (409, True)
    assert everybody(world) == ["李四"]
    asked = QUESTION.findall(again.text)
    assert asked == ["yes_namesakes_registered"]
    assert admin.post(address, shown=SHOWN.findall(again.text)[0], yes_namesakes_registered="1").status_code == 200
    assert sorted(everybody(world)) == ["李四", "李四", "王小兰"]
