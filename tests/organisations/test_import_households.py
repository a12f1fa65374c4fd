"""The household column of an imported list: it assigns households but never moves anybody out of theirs."""

import json
from datetime import date

from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.paging import PageRequest
from ledger.organisations.imports import service as imports
from ledger.organisations.imports.command import check_list
from ledger.organisations.imports.files import read_list
from ledger.organisations.imports.seen import ListRead, typed
from ledger.organisations.service import add_team, close_place, join_team
from ledger.people.identities.queries import names_of, phone_of
from ledger.people.volunteers import queries as people
from tests.organisations.test_import import HEADER, bring_in, check, codes, comma, xlsx
from tests.phones import fresh_phone
from tests.world import World


def households(world: World) -> list[str | None]:
    """The households of all volunteers, by volunteer number."""
    found = in_snapshot(people.list_volunteers, world.builder, request=PageRequest()).items
    return [in_snapshot(people.get_volunteer_details, view.id, world.center_id).household for view in found]


def test_a_household_comes_with_the_list(world: World) -> None:
    phone = fresh_phone()
    lines = [
        HEADER,
        ["王小兰", "", phone, "", "", "", "柳荫017"],
        ["李四", "", "", "1234", "", "", "柳荫 17"],
        ["赵六"],
    ]
    assert bring_in(world, lines) == {"added": 3, "joined": 0, "housed": 0, "teams": 0, "unchanged": 0}
    assert bring_in(world, lines)["unchanged"] == 3
    assert households(world) == ["柳荫017", "柳荫017", None]

    later = [HEADER, ["赵六", "", "", "", "", "", 18], ["王小兰", "", phone]]
    assert bring_in(world, later) == {"added": 0, "joined": 0, "housed": 1, "teams": 0, "unchanged": 1}
    assert households(world) == ["柳荫017", "柳荫017", "18"]


def test_a_list_moves_nobody_from_one_household_into_another(world: World) -> None:
    phone = fresh_phone()
    bring_in(world, [HEADER, ["王小兰", "", phone, "", "", "", "17"]])
    checked = check(world, [HEADER, ["王小兰", "", phone, "", "", "", "18"], ["李四", "", "", "", "", "", "李家"]])
    assert codes(checked) == [
        (2, "household", "import.household_differs"),
        (3, "household", "people.household_number_invalid"),
    ]


def test_a_household_that_has_become_a_date_is_asked_about(world: World) -> None:
    in_workbook = read_list(xlsx([HEADER, ["王小兰", "", "", "", "", "", date(2026, 3, 17)]]))
    in_text = read_list(comma([HEADER, ["王小兰", "", "", "", "", "", "2026-03-17"]]))
    kept = json.loads(imports.pack(in_workbook, 0))
    for read in (in_workbook, ListRead.of(kept["lines"], kept["seen"]), in_text):
        checked = check_list(read, place_id=None, make_teams=False, actor=world.builder)
        assert codes(checked) == [(2, "household", "import.household_is_date")]


def test_a_manager_houses_the_own_people_only(world: World) -> None:
    phone, elsewhere = fresh_phone(), world.add_station("沙湾站")
    bring_in(world, [HEADER, ["王小兰", "", phone, "", "", "沙湾站"]])
    manager = world.add_staff("station_manager").actor
    lines = [HEADER, ["王小兰", "", phone, "", "", "", "17"]]

    def checked(actor: Actor, place_id: int) -> list[tuple[int, str, str]]:
        return codes(check_list(typed(lines), place_id=place_id, make_teams=False, actor=actor))

    assert checked(manager, world.station_id) == [(2, "household", "import.household_elsewhere")]
    assert checked(world.add_staff("station_manager", place_id=elsewhere).actor, elsewhere) == []


def test_a_member_who_is_registered_elsewhere_is_counted_though_the_row_has_no_phone(world: World) -> None:
    """Or a manager could try the household of each member of a team, one list after another."""
    world.add_station("沙湾站")
    own = in_transaction(add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    bring_in(world, [HEADER, ["王小兰", "", "", "", "", "沙湾站", "17"]])
    [member] = in_snapshot(people.list_volunteers, world.builder, request=PageRequest()).items
    in_transaction(join_team, team_id=own, volunteer_id=member.id, actor=world.builder)
    manager = world.add_staff("station_manager").actor
    lines = [HEADER, ["王小兰", "", "", "", "红马甲", "", "18"]]

    checked = check_list(typed(lines), place_id=world.station_id, make_teams=False, actor=manager)
    assert (codes(checked), checked.plan.others) == ([(2, "household", "import.household_differs")], 1)
    assert check(world, lines).plan.others == 0


def test_nobody_new_comes_to_a_place_that_is_closed_by_a_team_of_it(world: World) -> None:
    known = ["王小兰", "", fresh_phone(), "", "红马甲"]
    bring_in(world, [HEADER, ["王小兰", "", known[2], "", "红马甲", "柳荫站"]], make_teams=True)
    in_transaction(close_place, world.station_id, actor=world.builder)

    assert codes(check(world, [HEADER, known])) == []
    assert codes(check(world, [HEADER, ["李四", "", "", "1234", "红马甲"]])) == [(2, "team", "import.place_closed")]


def test_the_household_of_who_decides_is_named_and_the_rest_goes_in_without_it(world: World) -> None:
    admin, manager = world.add_staff("admin", place_id=world.top_id), world.add_staff("admin", place_id=world.top_id)
    name, phone = in_snapshot(_contact, admin.identity_id, world.center_id)
    others = ["李四", "", "", "1234", "", "", "18"]

    def checked(household: str) -> list[tuple[int, str, str]]:
        lines = [HEADER, [name, "", phone, "", "", "", household], others]
        return codes(check_list(typed(lines), place_id=world.station_id, make_teams=False, actor=manager.actor))

    assert checked("17") == [(2, "household", "import.household_takes_two")]
    assert checked("") == []
    world.enlist(admin)
    assert checked("17") == [(2, "household", "import.household_takes_two")]


def _contact(session: Session, identity_id: int, center_id: int) -> tuple[str, str]:
    return names_of(session, [identity_id], center_id)[identity_id], phone_of(session, identity_id, center_id) or ""
