"""Lists as files: no list without, and each file has what its page shows, all pages of it."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from flask import Flask

from ledger.activities import service as activities
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.web.drawn import Drawn, read_list, without_bare
from ledger.web.formats import local_date
from ledger.web.spreadsheets import to_csv
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.factors import turn_on
from tests.test_every_page import PAGES
from tests.test_house_rules import fail_on
from tests.tour import Tour
from tests.web.test_refused_forms import built
from tests.world import World

FILE = re.compile(r'href="([^"#]+\.(?:csv|xlsx|hledger)(?:\?[^"]*)?)"')
LIST = re.compile(r'<table class="nx-table|<[a-z]+ [^>]*data-list=')
# Pages with a table and without a file, and why.
NO_FILE = {
    "audit.transfer": "the postings of one batch, which the statement of each account has",
    "home.day": "today's shifts at a glance; each has its list of names, and its activity all shifts",
    "organisations.import_report": "has its own file only where something is wrong with the list",
    "preferences.styleguide": "specimens",
}
# Files of their own whose rows are few whatever happens: kinds of accounts, and versions of the rules.
SHORT = {"/books", "/rules"}
KIND = ".<any(csv, xlsx):kind>"
LEAST_LISTS = 17


@pytest.fixture
def tour(app: Flask, database: Database) -> Tour:
    """A center with one of everything."""
    return Tour(World(database), app)


def lines_of(page: str) -> list[list[str]]:
    """The lines that the list of a page should have in a file."""
    drawn = read_list(page)
    return list(csv.reader(io.StringIO(to_csv(without_bare(drawn.headings, drawn.rows)).decode("utf-8-sig"))))


@on_sqlite
def test_each_list_has_a_file_with_what_it_shows(tour: Tour) -> None:
    without, differing, same = set(), set(), set()
    for endpoint, (who, made) in PAGES.items():
        reader = Browser(tour.app.test_client(), tour.people[who])
        page = reader.get(made(tour) if made is not None else built(tour, endpoint)).text
        if not LIST.search(page) or endpoint in NO_FILE:
            continue
        links = [unescape(link) for link in FILE.findall(page)]
        # A listed page may have nothing to list today, beside the table of a chart.
        without |= set() if links or hasattr(tour.app.view_functions[endpoint], "is_listed") else {endpoint}
        for link in links:
            answer = reader.get(link)
            drawn_so = "nx-files" in page and ".csv" in link
            if answer.status_code != 200 or (drawn_so and lines_of(page) != lines_in(answer.data)):
                differing.add(f"{endpoint}: {link}: {answer.status_code}")
            same |= {endpoint} if drawn_so else set()
    fail_on(without, "A list without a file: mark its view @listed (ledger/web/listed.py), or say why not in NO_FILE.")
    fail_on(differing, "A file that isn't what its page shows.")
    assert len(same) >= LEAST_LISTS, sorted(same)


def lines_in(file: bytes) -> list[list[str]]:
    """The lines of a CSV file."""
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"))))


@on_sqlite
def test_a_file_has_all_pages_in_the_order_and_under_the_filter_of_the_list(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.web.asked.MOST_PER_PAGE", 2)
    manager = Browser(app.test_client(), world.add_staff("station_manager"))
    names = [f"巡逻{n}" for n in range(5)]
    for name in reversed(names):
        about = {"place_id": world.station_id, "category": "治安", "status": "approved", "actor": world.builder}
        in_transaction(activities.create_activity, name=name, **about)
    assert [line[0] for line in lines_in(manager.get("/activities.csv?sort=name").data)[1:]] == names
    assert [line[0] for line in lines_in(manager.get("/activities.csv?sort=-name").data)[1:]] == names[::-1]
    assert lines_in(manager.get("/activities.csv?status=cancelled").data) == []
    assert manager.get("/activities.csv?status=nothing").status_code == 422
    assert manager.get("/activities.pdf").status_code == 404


@on_sqlite
def test_a_file_is_for_those_who_may_see_the_page(tour: Tour) -> None:
    clerk = Browser(tour.app.test_client(), tour.people["clerk"])
    assert {clerk.get(page).status_code for page in ("/staff", "/staff.csv", "/staff.xlsx")} == {403}


def test_what_is_for_hands_is_left_out_and_figures_are_numbers() -> None:
    page = """<table data-list="单子">
    <thead><tr><th>名</th><th class="nx-r"><a>分 <svg><title>升</title></svg></a></th>
    <th><span class="visually-hidden">办理</span></th></tr></thead>
    <tbody><tr><th>＝1+1</th><td class="nx-r">1,234<span class="nx-minor">.50</span></td>
    <td><form><button>退</button></form></td></tr>
    <tr><td><ul><li>甲<br>乙</li><li><time title="6月3日 09:00">刚才</time></li></ul></td>
    <td class="nx-r">\N{MINUS SIGN}2</td><td><input></td></tr>
    <tr><td>\N{EN DASH}</td><td class="nx-r">00.1.2</td><td></td></tr></tbody>
    <tfoot><tr><td>合计</td></tr></tfoot></table><table data-list="别的"><tr><td>不要</td></tr></table>
    <a rel="next" href="/x?a=1&amp;after=abc">后面</a>"""
    drawn = read_list(page)
    assert (drawn.name, drawn.after) == ("单子", "abc")
    assert without_bare(drawn.headings, drawn.rows) == [
        ["名", "分"],
        ["＝1+1", Decimal("1234.50")],
        ["甲\n乙\n6月3日 09:00", Decimal(-2)],
        ["", "00.1.2"],
    ]
    assert b"'\xef\xbc\x9d1+1" in to_csv(drawn.rows)


def test_rows_of_a_list_have_the_headings_that_it_names() -> None:
    page = """<ul data-list="队伍" data-columns="[&quot;队伍&quot;, &quot;人数&quot;, &quot;&quot;]">
    <li class="nx-row"><a>
    <span class="nx-row__what"><b>红马甲</b></span><span class="nx-row__fig">12</span></a></li></ul>"""
    drawn = read_list(page)
    assert without_bare(drawn.headings, drawn.rows) == [["队伍", "人数"], ["红马甲", Decimal(12)]]


def test_a_page_without_a_list_has_no_lines() -> None:
    drawn = read_list("<p>还没有</p>")
    assert (drawn.name, without_bare(drawn.headings, drawn.rows)) == ("", [])


@on_sqlite
def test_all_pages_of_a_file_are_of_one_moment(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is added while the file is made is in none of it."""
    monkeypatch.setattr("ledger.web.asked.MOST_PER_PAGE", 2)
    manager = Browser(app.test_client(), world.add_staff("station_manager"))
    about = {"place_id": world.station_id, "category": "治安", "status": "approved", "actor": world.builder}
    for name in ("巡逻1", "巡逻2", "巡逻3"):
        in_transaction(activities.create_activity, name=name, **about)

    def read_and_add(page: str) -> Drawn:
        in_transaction(activities.create_activity, name="巡逻9", **about)
        return read_list(page)

    monkeypatch.setattr("ledger.web.listed.read_list", read_and_add)
    lines = lines_in(manager.get("/activities.csv?sort=name").data)
    assert [line[0] for line in lines[1:]] == ["巡逻1", "巡逻2", "巡逻3"]


@on_sqlite
def test_the_file_of_staff_says_who_they_are_and_not_what_to_click(world: World, app: Flask) -> None:
    """Its lines are written by hand: what reads pages for files may not judge itself."""
    admin = world.add_staff("admin", place_id=world.top_id, name="郑管理")
    world.give_password(admin)
    turn_on(world, world.add_staff("clerk", name="陈晓燕"))
    until = local_date(clock.today() + timedelta(days=9), zone=clock.zone())
    world.add_staff("auditor", place_id=world.top_id, name="孙监督", valid_until=clock.today() + timedelta(days=9))
    heads, *lines = lines_in(Browser(app.test_client(), world._log_in(admin.identity_id)).get("/staff.csv").data)
    assert heads == ["姓名", "身份", "密码", "手机号"]
    assert sorted(line[:3] for line in lines) == sorted([
        ["郑管理", "管理员，演示中心", "设好了"],
        ["陈晓燕", "店员，柳荫站", "设好了"],
        ["孙监督", f"审计员，演示中心，到 {until} 为止", "还没有设"],
    ])  # fmt: skip


@on_sqlite
def test_a_list_that_is_too_long_for_a_file_is_refused_and_not_cut(tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever counts the rows of a file that ends early counts wrong."""
    reader = Browser(tour.app.test_client(), tour.people["admin"])
    rules = [rule for rule in tour.app.url_map.iter_rules() if rule.rule.endswith(KIND) and rule.arguments == {"kind"}]
    pages = {rule.rule.removesuffix(KIND) for rule in rules}
    answers = {page: reader.get(f"{page}.csv") for page in pages}
    full = {page for page, answer in answers.items() if answer.status_code == 200 and len(lines_in(answer.data)) > 1}
    assert full >= {"/activities", "/approvals", "/receipts", "/staff"}
    monkeypatch.setattr("ledger.web.spreadsheets.MOST_ROWS", 0)
    monkeypatch.setattr("ledger.audit.expiring.ending_pages.MOST_ROWS", 0)
    refused = {page: reader.get(f"{page}.csv") for page in full}
    assert {page for page, answer in refused.items() if answer.status_code != 422} == SHORT
    assert {page for page, answer in refused.items() if "先筛选再存" not in answer.text} == SHORT
