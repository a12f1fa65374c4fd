"""What the service exports it imports unchanged, and that changes nothing; what is written is what was shown."""

import io
from typing import Any

import click
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.cli import commands
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.paging import PageRequest
from ledger.organisations import service as organisations
from ledger.organisations.imports import service as imports
from ledger.organisations.imports.command import check_list, import_draft
from ledger.organisations.imports.files import read_list
from ledger.organisations.queries import team_names_of
from ledger.people.access.blocking import set_status
from ledger.people.volunteers import queries
from ledger.people.volunteers import service as people
from ledger.people.volunteers.search import details_of
from ledger.web.locale import LANGUAGE_COOKIE
from tests.browsing import Browser, keep
from tests.databases import on_sqlite
from tests.organisations.test_import import bring_in, comma, xlsx
from tests.phones import fresh_phone
from tests.world import World

# Each list that has an import: the page to upload it, its export, and the command's name.
ROUND_TRIPS = {"/volunteers/import": ("/volunteers/export", "volunteers")}
# What has happened comes from scans, tills and two people, never from a file.
FACTS = ("transfer", "attendance", "redemption", "receipt", "approval", "adjustment", "review", "scan", "batch")
HEADER = ["姓名", "性别", "手机", "身份证后四位", "所属队伍", "所属站点", "户编号", "志愿者编号"]


def test_every_import_is_in_the_table_and_no_fact_has_one(app: Flask) -> None:
    posts = [str(rule) for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    uploads = {path for path in posts if "import" in path and "<" not in path}
    assert uploads == ROUND_TRIPS.keys()
    group = commands.get_command(click.Context(commands), "import")
    assert isinstance(group, click.Group)
    assert set(group.commands) == {name for _, name in ROUND_TRIPS.values()}
    assert not {fact for fact in FACTS for name in [*uploads, *group.commands] if fact in name}


def fill(world: World) -> None:
    """People whom an export could lose: in two teams, with one name, elsewhere, blocked, at a place that is closed."""
    institutes = [
        in_transaction(
            organisations.add_place, parent_id=world.top_id, kind="institute", name=name, actor=world.builder
        )
        for name in ("城东所", "城西所")
    ]
    twins = [
        in_transaction(organisations.add_place, parent_id=parent, kind="station", name="幸福站", actor=world.builder)
        for parent in institutes
    ]
    closing = world.add_station("沙湾站")
    for at, name in [(twins[0], "红队"), (twins[1], "红队"), (world.station_id, "巡逻、劝导队"), (closing, "蓝队")]:
        in_transaction(organisations.add_team, place_id=at, name=name, actor=world.builder)
    lines = [
        HEADER,
        ["王小兰", "女", "13911110001", "012X", "巡逻、劝导队", "柳荫站", "柳荫 17", ""],
        ["阿依古丽·买买提", "", "", "0114", "红队", "城东所 / 幸福站", "", ""],
        ["John Smith", "男", "+1 415 555 2671", "", "", "城西所/幸福站", "", ""],
        ["=1+1", "", "", "", "", "", "", ""],
        ["李四", "", "", "", "蓝队", "沙湾站", "3-17", ""],
        ["王伟", "", "13911110002", "", "", "", "", ""],
    ]
    assert bring_in(world, lines) == {"added": 6, "joined": 0, "housed": 0, "teams": 0, "unchanged": 0}
    # Of a team at another place too.
    elsewhere = [HEADER, ["王小兰", "", "13911110001", "", "蓝队", "沙湾站"]]
    assert bring_in(world, elsewhere) == {"added": 0, "joined": 1, "housed": 0, "teams": 0, "unchanged": 0}
    for _ in range(2):
        # Namesakes whom only their number tells apart.
        who = in_transaction(people.register_volunteer, name="王伟", phone=None, place_id=None, actor=world.builder)
    in_transaction(set_status, who, status="blocked", actor=world.builder)
    in_transaction(organisations.close_place, closing, actor=world.builder)


@on_sqlite
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", ROUND_TRIPS)
def test_an_export_is_imported_as_it_is_and_changes_nothing(
    world: World, app: Flask, address: str, language: str
) -> None:
    fill(world)
    admin = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))
    keep(admin.client, LANGUAGE_COOKIE, language)
    first = {"zh": "志愿者编号,", "en": "Volunteer number,"}[language]
    assert admin.get(f"{ROUND_TRIPS[address][0]}.csv").data.decode("utf-8-sig").startswith(first)
    before = stored(world)
    for kind in ("csv", "xlsx"):
        exported = admin.get(f"{ROUND_TRIPS[address][0]}.{kind}").data
        assert kind == "xlsx" or exported.decode("utf-8-sig").startswith(
            {"zh": "志愿者编号,", "en": "Volunteer number,"}[language]
        )
        checked = check_list(read_list(exported), place_id=None, make_teams=False, actor=world.builder)
        report = checked.report
        assert (report.errors, report.questions, report.differ, report.by_name) == ([], [], [], [])
        assert (report.rows, report.unchanged, report.writes) == (8, 8, False)
        upload = admin.post(address, file=(io.BytesIO(exported), f"名单.{kind}"))
        assert admin.post(upload.location).status_code == 200
    assert stored(world) == before


def stored(world: World) -> list[Any]:
    """Everything that an import of people could change in the center."""
    tables = ("volunteer", "identity", "membership", "team", "household_change", "household")

    def read(session: Any) -> list[Any]:
        own = [f"SELECT * FROM {name} WHERE center_id = {world.center_id} ORDER BY 1, 2, 3" for name in tables]
        return [[tuple(row) for row in session.execute(sa.text(query))] for query in own]

    return in_snapshot(read)


NAMES = ["王小兰", "李四", "阿依古丽·买买提", "John Smith", "欧阳兰", "𠮷田一", "李䶮"]
# The same to everybody who reads it.
WRITTEN = {"王小兰": "王 小兰", "阿依古丽·买买提": "阿依古丽・买买提", "李四": "\u200b李四 ", "李䶮": "李\ue863"}
KEPT = {"阿依古丽·买买提": "阿依古丽・买买提"}
person = st.tuples(
    st.sampled_from(NAMES),
    st.booleans(),
    st.sampled_from(["", "男", "女"]),
    st.booleans(),
    st.sampled_from(["", "0112", "012X"]),
    st.sampled_from(["", "红队", "蓝队", "红队、蓝队", "新队"]),
    st.sampled_from(["", "柳荫17", "柳荫18"]),
)


@on_sqlite
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(person, min_size=1, max_size=6), st.sampled_from([comma, xlsx]))
def test_what_is_written_is_what_was_shown(world: World, drawn: list[Any], make: Any) -> None:
    fresh = World(world.database)
    for name in ("红队", "蓝队"):
        in_transaction(organisations.add_team, place_id=fresh.top_id, name=name, actor=fresh.builder)
    lines = [
        [
            WRITTEN.get(name, name) if other else name,
            gender,
            fresh_phone() if has_phone else "",
            last4,
            team,
            "",
            home,
            "",
        ]
        for name, other, gender, has_phone, last4, team, home in drawn
    ]
    read = read_list(make([HEADER, *lines]))
    checked = check_list(read, place_id=None, make_teams=True, actor=fresh.builder)
    kept = imports.pack(read, checked.plan.others)
    draft = in_transaction(
        imports.keep_draft, lines=kept, others=0, file_name="", place_id=None, make_teams=True, actor=fresh.builder
    )
    report = checked.report
    assert report.rows == len(lines)
    assert [row for row, _ in report.ends] == sorted({2, len(lines) + 1})
    if report.errors:
        assert {error.code for error in report.errors} == {"import.namesakes"}
        return
    yes = [question.code for question in report.questions]
    done = import_draft(draft, yes=yes, shown=checked.plan.digest(), actor=fresh.builder)
    assert (done["added"], done["joined"], done["unchanged"]) == (report.added, report.joined, report.unchanged)
    assert sorted(written(fresh)) == sorted(
        (KEPT.get(name, name) if other else name, gender, last4, tuple(sorted(filter(None, team.split("、")))), home)
        for name, other, gender, _, last4, team, home in drawn
    )


def written(world: World) -> list[tuple[Any, ...]]:
    """Everybody in the center as a list would write them."""
    found = in_snapshot(queries.list_volunteers, world.builder, request=PageRequest()).items
    ids = [view.id for view in found]
    details = in_snapshot(details_of, ids, world.center_id)
    teams = in_snapshot(team_names_of, ids, world.center_id)
    words = {"male": "男", "female": "女", None: ""}
    return [
        (
            view.name,
            words[details[view.id].gender],
            details[view.id].id_last4 or "",
            tuple(sorted(teams.get(view.id, []))),
            details[view.id].household or "",
        )
        for view in found
    ]
