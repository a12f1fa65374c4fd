"""A row finds its volunteer by number, phone or name, and is asked about where nothing tells two people apart."""

import pytest

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.organisations.imports.command import Checked, check_list
from ledger.organisations.imports.files import read_list
from ledger.organisations.imports.seen import typed
from ledger.organisations.imports.splitting import split_name
from ledger.people.volunteers import queries
from ledger.people.volunteers import service as people
from tests.databases import on_sqlite
from tests.organisations.test_import import Lines, bring_in, check, codes
from tests.organisations.test_import_files import in_ods
from tests.phones import fresh_phone
from tests.world import World

HEADER = ["姓名", "手机", "身份证后四位", "户编号", "志愿者编号", "性别"]


def register(world: World, name: str, place_id: int | None = None, phone: str | None = None) -> str:
    """Register a volunteer; returns the number."""
    made = in_transaction(people.register_volunteer, name=name, phone=phone, place_id=place_id, actor=world.builder)
    return in_snapshot(queries.get_volunteer, made, world.center_id).number


def asked(checked: Checked) -> dict[str, list[str]]:
    return {question.code: list(question.what) for question in checked.report.questions}


@on_sqlite
def test_a_number_finds_whom_nothing_else_tells_apart(world: World) -> None:
    numbers = [register(world, "王伟") for _ in range(2)]
    lines = [HEADER, ["王 伟", "", "", "柳荫17", numbers[1].lstrip("0")]]
    assert bring_in(world, lines) == {"added": 0, "joined": 0, "housed": 1, "teams": 0, "unchanged": 0}
    assert bring_in(world, lines)["unchanged"] == 1
    wrong: Lines = [["李四", "", "", "", numbers[0]], ["王伟", "", "", "", "99"], ["王伟", "", "", "", "x"], ["王伟"]]
    assert codes(check(world, [HEADER, *wrong])) == [
        (2, "number", "import.number_of_another"),
        (3, "number", "import.number_unknown"),
        (4, "number", "import.number_invalid"),
        (5, "name", "import.namesakes_known"),
    ]
    # By the household, the one who lives there.
    housed = check(world, [HEADER, ["王伟", "", "", "柳荫17"]])
    assert (codes(housed), housed.plan.by_name) == ([], [(2, numbers[1])])


@on_sqlite
def test_one_person_in_two_rows_is_told_however_they_are_found(world: World) -> None:
    phone = fresh_phone()
    number = register(world, "王伟", phone=phone)
    rows = [["王伟", phone], ["王伟", "", "", "", number]]
    for lines in (rows, rows[::-1]):
        assert [(row, code) for row, _, code in codes(check(world, [HEADER, *lines]))] == [(3, "import.person_again")]
    again = check(world, [HEADER, ["王伟", phone], ["王 伟", phone]])
    assert codes(again) == [(3, "phone", "import.person_again")]


@on_sqlite
def test_namesakes_are_asked_about_unless_something_tells_them_apart(world: World) -> None:
    apart: Lines = [["王伟", fresh_phone()], ["王伟", fresh_phone()], ["李娜", "", "0111"], ["李娜", "", "0112"]]
    assert (codes(check(world, [HEADER, *apart])), asked(check(world, [HEADER, *apart]))) == ([], {})
    alike: Lines = [["王伟", fresh_phone()], ["王伟"], ["李娜", "", "0111"], ["李娜"]]
    assert asked(check(world, [HEADER, *alike])) == {"namesakes": ["A3 = A2", "A4 = A5"]}

    number = register(world, "赵六", place_id=world.station_id)
    known = check(world, [HEADER, ["赵六", fresh_phone()], ["赵六", "", "0113"]])
    assert asked(known)["namesakes_registered"] == [f"A2 = {number}", f"A3 = {number}"]


@on_sqlite
def test_what_differs_from_what_is_registered_is_told_and_not_changed(world: World) -> None:
    number = register(world, "王伟", phone=fresh_phone())
    checked = check(world, [HEADER, ["王伟", fresh_phone(), "0111", "", number, "男"]])
    assert (checked.plan.differ, checked.report.unchanged) == ([(2, "gender"), (2, "id_last4"), (2, "phone")], 1)


@on_sqlite
def test_each_number_and_phone_of_somebody_elsewhere_counts(world: World) -> None:
    phone = fresh_phone()
    elsewhere = register(world, "王伟", place_id=world.add_station("沙湾站"), phone=phone)
    own = register(world, "李四", place_id=world.station_id)
    manager = world.add_staff("station_manager").actor
    for row in (["王伟", "", "", "", elsewhere], ["别人", "", "", "", elsewhere], ["李四", phone, "", "", own]):
        lines = typed([HEADER, row])
        checked = check_list(lines, place_id=world.station_id, make_teams=False, actor=manager)
        assert checked.plan.others == 1
    lines = typed([HEADER, ["李四", "", "", "", own]])
    assert check_list(lines, place_id=world.station_id, make_teams=False, actor=manager).plan.others == 0


@on_sqlite
def test_what_a_file_does_not_tell_is_asked(world: World) -> None:
    checked = check_list(read_list(in_ods(1)), place_id=None, make_teams=False, actor=world.builder)
    assert asked(checked) == {"not_looked": ["ods"]}


@pytest.mark.parametrize(
    ("text", "names", "surely"),
    [
        ("子一\n子二", ["子一", "子二"], True),
        ("子三、子四", ["子三", "子四"], True),
        ("子三/子四，子五", ["子三", "子四", "子五"], True),
        ("子三、", ["子三"], True),
        ("张三和李四", ["张三", "李四"], False),
        ("子五 子六", ["子五", "子六"], False),
        ("子七(组长)", ["子七"], False),
        *(
            (name, [], False)
            for name in ("王和平", "和平", "王 小兰", "欧阳 小兰", "阿依古丽·买买提", "John Smith", "")
        ),
    ],
)
def test_a_cell_with_two_names_is_seen(text: str, names: list[str], surely: bool) -> None:
    found = split_name(text)
    assert ([], False) if found is None else (found.names, found.surely) == (names, surely)
    assert (found is None) == (names == [])
