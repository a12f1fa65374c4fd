"""Files that people really send, and files made to hurt: each is read, or refused by name, in little memory."""

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from werkzeug.test import TestResponse

from ledger.kernel.apart import Limits, in_turn
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Rejected, Unavailable
from ledger.kernel.ids import public_id
from ledger.organisations.imports.check import make_plan
from ledger.organisations.imports.files import MOST_BYTES, read_list
from ledger.organisations.models import ImportDraft
from tests.browsing import Browser
from tests.organisations.test_import import HEADER, comma, xlsx
from tests.world import World

FAR_ROW, FAR_COLUMN = 1_048_575, 16_383
LITTLE = Limits(memory_bytes=96 << 20)
PEOPLE = [["姓名", "手机"], ["丑一", "13911110101"]]


def workbook(fill: Callable[[Any], None]) -> bytes:
    """A workbook that `fill` has filled."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as made:
        fill(made)
    return file.getvalue()


def listed(made: Any, name: str | None = None) -> Any:
    """A sheet with the people above."""
    sheet = made.add_worksheet(name)
    for number, line in enumerate(PEOPLE):
        sheet.write_row(number, 0, line)
    return sheet


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return changed.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


# Made by the first test that needs them: they take seconds, and whoever only collects tests needs none.
far_corner = cache(lambda: workbook(lambda made: listed(made).write(FAR_ROW, FAR_COLUMN, "x")))
space_in_last_row = cache(lambda: workbook(lambda made: listed(made).write(FAR_ROW, 0, " ")))
style_in_last_row = cache(
    lambda: workbook(lambda made: listed(made).write_blank(FAR_ROW, 0, None, made.add_format({"bold": True})))
)


def unplaced() -> bytes:
    """The same, but nothing says where a cell is or how far the sheet goes."""
    return with_part(
        xlsx([["姓名"]]),
        SHEET,
        lambda xml: (
            xml.replace(b"<sheetData>", b"<sheetData>" + b"<row/>" * (FAR_ROW // 2))
            .replace(b' r="A1"', b"")
            .replace(b' r="1"', b"")
        ),
    )


def untrue() -> bytes:
    """A sheet that says it ends long before it does."""
    told, said = b'<dimension ref="A1:XFD1048576"/>', b'<dimension ref="A1:B2"/>'
    return with_part(far_corner(), SHEET, lambda xml: xml.replace(told, said))


def hidden_first_sheet(made: Any) -> None:
    """Last year's people on a hidden sheet before the list."""
    old = made.add_worksheet("去年")
    old.write_row(0, 0, ["姓名"])
    old.write_row(1, 0, ["旧人一"])
    old.hide()
    listed(made, "今年").activate()


def merged_teams(made: Any) -> None:
    """One team written beside two people."""
    sheet = made.add_worksheet()
    sheet.write_column(0, 0, ["姓名", "甲一", "甲二"])
    sheet.write(0, 1, "所属队伍")
    sheet.merge_range(1, 1, 2, 1, "红队")


def in_ods(repeated: int) -> bytes:
    """A sheet of OpenDocument whose last row is there many times."""
    file = io.BytesIO()
    cell = '<table:table-cell office:value-type="string"><text:p>姓名</text:p></table:table-cell>'
    row = f"<table:table-row>{cell}</table:table-row>"
    many = row.replace("<table:table-row>", f'<table:table-row table:number-rows-repeated="{repeated}">')
    wide = many.replace("<table:table-cell ", '<table:table-cell table:number-columns-repeated="16384" ')
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = f'<office:body><office:spreadsheet><table:table table:name="a">{row}{wide}</table:table>'
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}>{body}</office:spreadsheet></office:body></office:document-content>",
        )
    return file.getvalue()


def bomb(parts: int, size: int) -> bytes:
    """A workbook with further parts of zeros."""
    file = io.BytesIO(xlsx(PEOPLE))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(parts):
            archive.writestr(f"more{number}", bytes(size))
    return file.getvalue()


COSTLY: dict[str, tuple[Callable[[], bytes], str, dict[str, object]]] = {
    "far corner": (far_corner, "import.cell_far_away", {"cell": "XFD1048576"}),
    "far corner denied": (untrue, "import.cell_far_away", {"cell": "XFD1048576"}),
    "space in last row": (space_in_last_row, "import.cell_far_away", {"cell": "A1048576"}),
    "places not written": (unplaced, "import.cell_far_away", {"cell": f"A{FAR_ROW // 2 + 1}"}),
    "eleven thousand": (lambda: xlsx([["姓名"], *[["王"]] * 11_000]), "import.too_many_rows", {"most": 10_000}),
    "bomb": (lambda: bomb(1, 101 << 20), "import.unpacks_too_large", {}),
    "swells": (lambda: bomb(1, 20 << 20), "import.unpacks_too_large", {}),
    "many parts": (lambda: bomb(1_000, 1), "import.unpacks_too_large", {}),
    "much text": (lambda: xlsx([["姓名", "所属队伍"], *[["王", "x" * 30_000]] * 300]), "import.unpacks_too_large", {}),
    "open quote": ('姓名,备注\r\n戊一,\r\n戊二,"优秀\r\n戊三,\r\n'.encode, "import.quote_open", {"row": 3}),
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_a_file_claims_is_looked_at_before_anything_is_made_of_it(name: str) -> None:
    make, code, context = COSTLY[name]
    with pytest.raises(Rejected) as refused:
        read_list(make(), limits=LITTLE)
    assert (refused.value.code, refused.value.context) == (code, context)


def test_what_no_look_can_tell_ends_at_the_limit() -> None:
    with pytest.raises(Rejected) as refused:
        read_list(in_ods(1_000))
    assert refused.value.code == "file.too_costly"


ALIAS = {"姓名": "name", "手机": "phone", "所属队伍": "team"}
# The lines of people by the numbers they have in the file, and the columns: each heading's letter.
SENT: dict[str, tuple[bytes | Callable[[], bytes], dict[int, list[str]], str]] = {
    "style in last row": (style_in_last_row, {2: PEOPLE[1]}, "A姓名 B手机"),
    "hidden first sheet": (workbook(hidden_first_sheet), {2: PEOPLE[1]}, "A姓名 B手机"),
    "empty first sheet": (
        workbook(lambda made: (made.add_worksheet(), listed(made))),
        {2: PEOPLE[1]},
        "A姓名 B手机",
    ),
    "merged cells": (workbook(merged_teams), {2: ["甲一", "红队"], 3: ["甲二", "红队"]}, "A姓名 B所属队伍"),
    "cut phones": ("姓名,手机\n庚一,1.39E+10".encode(), {2: ["庚一", "1.39E+10"]}, "A姓名 B手机"),
    "two in a cell": ('姓名,手机\n"子一\n子二",'.encode(), {2: ["子一\n子二", ""]}, "A姓名 B手机"),
    "other columns": (
        comma([["柳荫站"], [], ["备注", "姓名", "", "手机"], ["x", "甲一", "y", "1"], ["x"], [" "], ["", "", "", 2]]),
        {4: ["甲一", "1"], 5: ["", "", "…"], 7: ["", "2"]},
        "A备注 B姓名 C D手机",
    ),
    "rare names": (
        "姓名\n王㛃\n𠮷田一\n阿依古丽·买买提".encode(),
        {2: ["王㛃"], 3: ["𠮷田一"], 4: ["阿依古丽·买买提"]},
        "A姓名",
    ),
}


def test_columns_that_nobody_asked_for_stay_outside() -> None:
    """5,600 lines of two hundred cells, once as they are and once below a heading, are no million cells."""
    wide = b"ab," * 199 + b"\n"
    with pytest.raises(Rejected) as refused:
        read_list(wide * 5_600)
    assert refused.value.code == "import.name_column_missing"
    read = read_list(b"\xe5\xa7\x93\xe5\x90\x8d," + wide * 5_600)
    assert sum(map(len, read.lines)) + len(read.seen.columns) < 6_000


@pytest.mark.parametrize("name", SENT)
def test_a_file_as_people_send_it_is_read(name: str) -> None:
    content, people, columns = SENT[name]
    read = read_list(content if isinstance(content, bytes) else content())
    assert {row: line for row, line in enumerate(read.lines, start=1) if line} == people
    assert " ".join(f"{each.letter}{each.heading}" for each in read.seen.columns) == columns
    assert all(each.column == ALIAS.get(each.heading) for each in read.seen.columns)


def test_the_page_says_the_limit_and_takes_as_much(world: World, app: Flask) -> None:
    manager = Browser(app.test_client(), world.add_staff("station_manager"))
    assert "最多 10000 人、5 MB" in manager.get("/volunteers/import").text
    large = comma([[*HEADER, "备注"], ["王小兰", *[""] * 6, "x" * (MOST_BYTES - 200)]])
    place = public_id(world.station_id)
    assert manager.post("/volunteers/import", file=(io.BytesIO(large), "名单.csv"), place_id=place).status_code == 303
    too_large = manager.post("/volunteers/import", file=(io.BytesIO(bytes(MOST_BYTES + 1)), "名单.csv"))
    assert too_large.status_code == 413
    assert "文件太大" in too_large.text
    stranger = app.test_client().post(
        "/volunteers/import", data={"file": (io.BytesIO(large), "名单.csv")}, content_type="multipart/form-data"
    )
    assert stranger.status_code == 401


def test_the_page_tells_what_is_wrong_with_a_file(world: World, app: Flask) -> None:
    manager = Browser(app.test_client(), world.add_staff("station_manager"))
    place = public_id(world.station_id)
    refused = manager.post("/volunteers/import", file=(io.BytesIO(far_corner()), "名单.xlsx"), place_id=place)
    assert refused.status_code == 422
    assert "XFD1048576 这一格还有内容" in refused.text
    assert manager.get("/volunteers/import").status_code == 200


def test_a_place_of_others_is_not_found_and_nothing_is_kept(world: World, app: Flask) -> None:
    admin = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))
    elsewhere = World(world.database).station_id
    for place_id in (elsewhere, 1, (1 << 63) - 1):
        file = (io.BytesIO(comma([HEADER, ["王小兰"]])), "名单.csv")
        answer = admin.post("/volunteers/import", file=file, place_id=public_id(place_id))
        assert answer.status_code == 404


def drafts(world: World) -> int:
    """How many lists wait in the center."""
    query = sa.select(sa.func.count()).where(ImportDraft.center_id == world.center_id)
    return in_snapshot(lambda session: int(session.scalar(query) or 0))


def test_what_is_not_understood_is_not_kept_and_a_list_replaces_the_last(world: World, app: Flask) -> None:
    world.add_station("沙湾站")
    admin = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))

    def upload(lines: list[list[str]], **more: str) -> TestResponse:
        return admin.post("/volunteers/import", file=(io.BytesIO(comma(lines)), "名单.csv"), **more)

    for lines in ([["手机"], ["1"]], [["姓名", "姓名"], ["王", "王"]], [["姓名"]], [["姓名"], *[["王"]] * 10_001]):
        assert upload(lines).status_code == 422
    assert drafts(world) == 0
    first, second = upload([HEADER, ["王小兰"]]), upload([HEADER, ["李四"]])
    assert drafts(world) == 1
    assert [admin.get(each.location).status_code for each in (first, second)] == [404, 200]
    at_station = upload([HEADER, ["赵六"]], place_id=public_id(world.station_id))
    other = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))
    other.post("/volunteers/import", file=(io.BytesIO(comma([HEADER, ["孙七"]])), "名单.csv"))
    assert [admin.get(each.location).status_code for each in (second, at_station)] == [200, 200]
    assert drafts(world) == 3


def test_one_list_at_a_time_is_held_from_reading_it_until_it_is_kept(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service makes of ten thousand people counts once, however many upload, look or confirm at once."""
    admin = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))
    seen: list[bool] = []

    def look(*args: Any, **options: Any) -> Any:
        seen.append(_free())
        return make_plan(*args, **options)

    monkeypatch.setattr("ledger.organisations.imports.command.make_plan", look)
    upload = admin.post("/volunteers/import", file=(io.BytesIO(comma([HEADER, ["王小兰"]])), "名单.csv"))
    assert admin.get(upload.location).status_code == 200
    assert admin.get(f"{upload.location}/report.csv").status_code == 200
    assert admin.post(upload.location).status_code == 200
    assert seen == [False] * 4
    assert _free()


def _free() -> bool:
    """Whether another thread gets the turn."""

    def take() -> bool:
        try:
            with in_turn(0.01):
                return True
        except Unavailable:
            return False

    with ThreadPoolExecutor(1) as others:
        return others.submit(take).result()
