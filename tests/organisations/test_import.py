"""Import of volunteers: any spreadsheet format, fully checked, all or nothing, idempotent."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, NotFound, Rejected
from ledger.kernel.paging import PageRequest
from ledger.organisations import queries, service
from ledger.organisations.imports import service as imports
from ledger.organisations.imports.columns import parse
from ledger.organisations.imports.command import Checked, Options, check_list, import_draft, import_file
from ledger.organisations.imports.files import MOST_ROWS, read_list
from ledger.organisations.imports.report import report_lines
from ledger.organisations.imports.seen import typed
from ledger.people.volunteers import queries as people
from tests.databases import soon_on_sqlite
from tests.phones import fresh_phone
from tests.world import World

HEADER = ["姓名", "性别", "手机", "身份证后四位", "所属队伍", "所属站点", "户编号"]
Lines = list[list[Any]]


def xlsx(lines: Lines) -> bytes:
    """The lines as a workbook."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as workbook:
        sheet = workbook.add_worksheet()
        for number, line in enumerate(lines):
            sheet.write_row(number, 0, line)
    return file.getvalue()


def comma(lines: Lines, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    """The lines as CSV."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(lines)
    return file.getvalue().encode(encoding)


def check(world: World, lines: Lines, *, make_teams: bool = False) -> Checked:
    return check_list(typed(lines), place_id=None, make_teams=make_teams, actor=world.builder)


def bring_in(world: World, lines: Lines, *, make_teams: bool = False) -> dict[str, int]:
    """Upload a list and confirm it."""
    draft = in_transaction(
        imports.keep_draft,
        lines=imports.pack(typed(lines), 0),
        others=0,
        file_name="名单.xlsx",
        place_id=None,
        make_teams=make_teams,
        actor=world.builder,
    )
    return import_draft(draft, actor=world.builder)


def codes(checked: Checked) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in checked.report.errors]


@pytest.mark.parametrize(
    "content",
    [
        xlsx([HEADER, ["王小兰", "女", 13800138000, "012X", "红马甲", "柳荫站"]]),
        comma([HEADER, ["王小兰", "女", "13800138000", "012X", "红马甲", "柳荫站"]]),
        comma([HEADER, ["王小兰", "女", "13800138000", "012X", "红马甲", "柳荫站"]], "gb18030"),
        comma([HEADER, ["王小兰", "女", "13800138000", "012X", "红马甲", "柳荫站"]], "utf-16", "\t"),
        comma([["柳荫站志愿者名单"], [], HEADER, ["王 小兰", "F", "138 0013 8000", "012x", "红马甲", "柳荫站"]]),
        comma([["Name*", "Sex", "Mobile", "ID last 4", "Team", "Station"], HEADER[:0] or
               ["王小兰", "female", "+86 13800138000", "012X", "红马甲", "柳荫站"]]),
    ],
    ids=["spreadsheet", "utf-8", "gb18030", "utf-16", "under-a-title", "in-english"],
)  # fmt: skip
def test_a_list_is_read_as_it_comes(content: bytes) -> None:
    parsed = parse(read_list(content))
    assert parsed.errors == []
    (person,) = parsed.people
    assert (person.name, person.gender, person.phone) == ("王小兰", "female", "+8613800138000")
    assert (person.id_last4, person.team, person.place) == ("012X", "红马甲", "柳荫站")


def test_zeros_that_a_spreadsheet_cut_off_come_back() -> None:
    parsed = parse(read_list(xlsx([HEADER, ["王小兰", "", "", 123, "", ""]])))
    assert parsed.people[0].id_last4 == "0123"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.empty"),
        (comma([HEADER]), "import.empty"),
        (comma([["手机"], ["13800138000"]]), "import.name_column_missing"),
        (comma([["姓名", "名字"], ["王", "王"]]), "import.column_twice"),
        (b"PK\x03\x04 no workbook", "import.unreadable"),
        (b"\xd0\xcf\x11\xe0 no workbook", "import.unreadable"),
        (b"\xff\xfe\x00\xd8\x00", "import.unreadable"),
        (b"\x00\x01\x02\x03\xff", "import.unreadable"),
        (b"x" * 6_000_000, "import.too_large"),
        (comma([["姓名"], *[["王"]] * (MOST_ROWS + 1)]), "import.too_many_rows"),
        (comma([["姓名"], *[["王"]] * (MOST_ROWS + 2000)]), "import.too_many_rows"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse(read_list(content))
    assert refused.value.code == code


def test_every_wrong_cell_is_named_and_masked(world: World) -> None:
    phone = fresh_phone()
    checked = check(
        world,
        [
            HEADER,
            ["", "女", "", "", "", ""],
            ["王小兰", "不详", "12345", "110101199001011234", "", ""],
            ["李四", "", phone, "", "没有的队", ""],
            ["李四", "", phone, "12", "", "没有的站"],
            ["赵六", "男", fresh_phone(), "", "", "没有的站"],
            ["孙七", "男", phone, "", "", ""],
        ],
    )
    assert codes(checked) == [
        (2, "name", "import.name_empty"),
        (3, "gender", "people.gender_invalid"),
        (3, "phone", "people.phone_invalid"),
        (3, "id_last4", "import.id_number_whole"),
        (4, "team", "import.team_unknown"),
        (5, "id_last4", "people.id_last4_invalid"),
        (6, "place", "import.place_unknown"),
        (7, "phone", "import.phone_twice"),
    ]
    shown = "\n".join(str(line) for language in ("zh", "en") for line in report_lines(checked.report.errors, language))
    assert phone not in shown
    assert "110101199001011234" not in shown
    assert "第 4 行用了同一个手机号" in shown
    assert "Line 4 has the same phone number" in shown


def test_all_or_nothing(world: World) -> None:
    with pytest.raises(Rejected) as refused:
        bring_in(world, [HEADER, ["王小兰", "", fresh_phone()], ["李四", "", "1"]])
    assert refused.value.code == "import.has_errors"
    assert in_snapshot(people.list_volunteers, world.builder, request=PageRequest()).items == []


def test_run_twice_it_changes_nothing(world: World) -> None:
    team = in_transaction(service.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    lines = [
        HEADER,
        ["王小兰", "女", fresh_phone(), "012X", "红马甲", ""],
        ["李四", "", "", "1234", "红马甲", ""],
        ["赵六", "", "", "", "", "柳荫站"],
        ["孙七", "", "", "", "新队伍", "柳荫站"],
    ]
    assert bring_in(world, lines, make_teams=True) == {"added": 4, "joined": 0, "housed": 0, "teams": 1, "unchanged": 0}
    assert bring_in(world, lines, make_teams=True) == {"added": 0, "joined": 0, "housed": 0, "teams": 0, "unchanged": 4}
    assert in_snapshot(queries.get_team, team, world.center_id).members == 2
    found = in_snapshot(people.list_volunteers, world.builder, request=PageRequest()).items
    assert [view.place_id for view in found] == [world.station_id] * 4


def test_somebody_known_joins_the_team_of_the_list(world: World) -> None:
    phone = fresh_phone()
    assert bring_in(world, [HEADER, ["王小兰", "女", phone]])["added"] == 1
    again = [HEADER, ["王小兰", "女", phone, "", "红马甲"]]
    assert bring_in(world, again, make_teams=True) == {"added": 0, "joined": 1, "housed": 0, "teams": 1, "unchanged": 0}
    assert bring_in(world, again, make_teams=True)["unchanged"] == 1


def test_a_phone_of_somebody_else_stands_in_the_way(world: World) -> None:
    phone = fresh_phone()
    bring_in(world, [HEADER, ["王小兰", "女", phone]])
    assert codes(check(world, [HEADER, ["李四", "男", phone]])) == [(2, "phone", "import.phone_of_another")]


def test_a_name_that_several_places_or_teams_have_is_asked_about(world: World) -> None:
    other = world.add_station("沙湾站")
    for place_id in (world.station_id, other):
        in_transaction(service.add_team, place_id=place_id, name="红马甲", actor=world.builder)
    lines = [HEADER, ["王小兰", "", "", "", "红马甲", ""]]
    assert codes(check(world, lines)) == [(2, "team", "import.team_ambiguous")]
    chosen = check_list(typed(lines), place_id=other, make_teams=False, actor=world.builder)
    assert [destination.place_id for _, destination in chosen.plan.new] == [other]


def test_a_manager_imports_into_the_own_places_only(world: World) -> None:
    manager = world.add_staff("station_manager").actor
    world.add_station("沙湾站")
    lines = [HEADER, ["王小兰", "", "", "", "", "沙湾站"]]
    checked = check_list(typed(lines), place_id=world.station_id, make_teams=False, actor=manager)
    assert codes(checked) == [(2, "place", "import.place_unknown")]
    with pytest.raises(Forbidden):
        check_list(typed(lines), place_id=None, make_teams=False, actor=manager)
    in_transaction(service.close_place, world.station_id, actor=world.builder)
    with pytest.raises(Conflict):
        check_list(typed(lines), place_id=world.station_id, make_teams=False, actor=manager)


def test_a_draft_is_its_makers_and_good_once(world: World) -> None:
    draft = in_transaction(
        imports.keep_draft,
        lines=imports.pack(typed([HEADER, ["王小兰"]]), 0),
        others=0,
        file_name="名单.csv",
        place_id=None,
        make_teams=False,
        actor=world.builder,
    )
    with pytest.raises(NotFound):
        import_draft(draft, actor=world.add_staff("admin", place_id=world.top_id).actor)
    assert import_draft(draft, actor=world.builder)["added"] == 1
    with pytest.raises(NotFound):
        import_draft(draft, actor=world.builder)


def test_a_draft_from_before_the_count_of_look_ups_is_uploaded_again(world: World) -> None:
    draft = in_transaction(
        imports.keep_draft,
        lines='[["姓名"], ["王小兰"]]',
        others=0,
        file_name="名单.csv",
        place_id=None,
        make_teams=False,
        actor=world.builder,
    )
    with pytest.raises(NotFound):
        import_draft(draft, actor=world.builder)


def test_the_command_says_what_it_did(world: World, tmp_path: Path) -> None:
    file = tmp_path / "名单.csv"
    file.write_bytes(comma([HEADER, ["王小兰", "女", fresh_phone()]]))
    said: list[str] = []

    def bring(**options: Any) -> bool:
        return import_file(file, Options(**options), actor=world.builder, say=said.append)

    assert bring(dry_run=True)
    assert said[-1] == "只检查，没有导入。"
    assert bring()
    assert said[-1] == "导入完成：新增 1 人。"
    file.write_bytes(comma([HEADER, ["王小兰", "怪", fresh_phone()]]))
    assert not bring(language="en")
    assert "B2\tGender\t怪\tThe gender can't be used" in said[-2]
    file.write_bytes(b"PK\x03\x04")
    assert not bring()


@soon_on_sqlite
def test_ten_thousand_are_written_by_few_statements(world: World) -> None:
    lines = [HEADER, *(["王小兰", "女", fresh_phone(), "012X", f"第{row % 40}队", ""] for row in range(MOST_ROWS))]
    checked = check(world, lines, make_teams=True)
    assert checked.report.errors == []
    sent: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        sent.append(text)

    sa.event.listen(world.database.writer, "before_cursor_execute", hear)
    try:
        done = in_transaction(imports.apply_list, checked.rows, place_id=None, make_teams=True, actor=world.builder)
    finally:
        sa.event.remove(world.database.writer, "before_cursor_execute", hear)
    assert done == {"added": MOST_ROWS, "joined": 0, "housed": 0, "teams": 40, "unchanged": 0}
    # In batches of hundreds of rows; one statement per row would reach the number of rows.
    assert len(sent) < MOST_ROWS / 20, len(sent)
