"""Pages of the audit: the console's verdict and figures, books as of a time, traces, and who may see them."""

import json
import re
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from ledger.audit.overview.monthly import months
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.people.volunteers import queries as people
from tests.audit.small_book import SmallBook, give_points, make_small_book
from tests.databases import on_sqlite
from tests.world import Person, World

ZONE = ZoneInfo("Asia/Shanghai")
PATHS = ("/console", "/books", "/books/accounts")


@pytest.fixture
def book(world: World) -> SmallBook:
    """A small book of the test's own."""
    return make_small_book(world)


@pytest.fixture
def auditor(world: World) -> Person:
    """Somebody who reads everything and writes nothing."""
    return world.add_staff("auditor", place_id=world.top_id, name="周敏")


def shown(client: FlaskClient, path: str, person: Person) -> str:
    """The HTML of a page."""
    answer = client.get(path, headers=person.headers | {"Accept": "text/html"})
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def words(page: str) -> str:
    """The visible text of a page on one line."""
    page = re.sub(r'<(script|style).*?</\1>|<span class="nx-minor">', "", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def account_link(client: FlaskClient, auditor: Person, person: Person, unit: str) -> str:
    """The page of a person's account, found by volunteer number."""
    query = {"kind": "member", "unit": unit, "owner_id": public_id(person.volunteer_id)}
    (found,) = client.get("/api/v1/accounts", query_string=query, headers=auditor.headers).json["items"]
    return f"/books/accounts/{found['id']}"


@on_sqlite
def test_the_console_says_when_nobody_has_verified(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    assert "还没有核对过" in shown(client, "/console", auditor)


@on_sqlite
def test_the_console_tells_an_administrator_what_a_new_center_still_lacks(
    client: FlaskClient, world: World, auditor: Person
) -> None:
    admin = world.add_staff("admin", place_id=world.top_id)
    assert "先做这几件事" in shown(client, "/console", admin)
    assert "先做这几件事" not in shown(client, "/console", auditor)


@on_sqlite
def test_the_console_says_since_when_the_book_is_clean(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    client.post("/api/v1/audit/verify", headers=auditor.headers)

    page = words(shown(client, "/console", auditor))

    assert "三本账都平" in page
    assert "起每次都平" in page


@on_sqlite
def test_the_console_names_what_differs(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    client.post("/api/v1/audit/verify", headers=auditor.headers)
    give_points(book.world, book.volunteer, 500)
    client.post("/api/v1/audit/verify", headers=auditor.headers)

    page = words(shown(client, "/console", auditor))

    assert "账对不上" in page
    assert "批次的来由不见了" in page
    assert "三本账都平" not in page


@on_sqlite
def test_the_console_s_figures_are_the_book_s(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    page = words(shown(client, "/console", auditor))

    # 2.08 and 3.00 earned; 0.50 spent twice, 0.50 voided, 0.50 held.
    assert "在外的积分 3.58 分" in page
    assert "今年发放 5.08 分" in page
    assert "今年兑换 1.50 分 2 单" in page


@on_sqlite
def test_points_by_month_go_from_what_was_to_what_is(book: SmallBook) -> None:
    world = book.world
    with clock.at(clock.now() + timedelta(days=40)):
        later = clock.now()
        give_points(world, book.volunteer, 700)
    found = in_snapshot(months, world.center_id, ZONE, today=clock.local_day(later, ZONE))

    assert len(found) == 12
    assert sum(month.issued for month in found) == 1208
    assert sum(month.redeemed for month in found) == 150
    assert found[-1].outstanding == 1058
    assert found[-1].issued == 700
    for earlier, month in pairwise(found):
        assert month.outstanding == earlier.outstanding + month.issued - month.redeemed


@on_sqlite
def test_the_chart_has_the_same_numbers_as_the_table_behind_it(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    page = shown(client, "/console", auditor)
    (chart,) = re.findall(r'<script type="application/json" id="months">(.*?)</script>', page, flags=re.S)

    data = json.loads(chart)

    assert [series["name"] for series in data["series"]] == ["发放", "兑换", "在外"]
    assert len(data["categories"]) == 12
    assert sum(data["series"][0]["values"]) == 508
    assert "5.08" in page


@on_sqlite
def test_the_trial_balance_shows_both_sides_as_of_a_moment(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    now = words(shown(client, "/books", auditor))
    early = words(shown(client, f"/books?as_of={book.day.year - 1}-01-01T00:00", auditor))

    assert "积分，借方 = 贷方" in now
    assert "差额 0.00" in now
    assert "东北大米" in now
    assert "还没有记过账" in early


@on_sqlite
def test_the_trial_balance_goes_out_as_a_file(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    csv = client.get("/books.csv", headers=auditor.headers).get_data().decode("utf-8-sig")
    xlsx = client.get("/books.xlsx", headers=auditor.headers).get_data()

    assert "分,发放,1,5.08,0.00,−5.08" in csv.splitlines()
    assert xlsx[:2] == b"PK"


@on_sqlite
def test_verify_now_leads_back_with_the_finding(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    answer = client.post("/books/verify", headers=auditor.headers)

    assert (answer.status_code, answer.location) == (303, "/books")


@on_sqlite
def test_an_account_is_found_by_the_volunteer_number(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    number = in_snapshot(people.get_volunteer, book.volunteer.volunteer_id, book.world.center_id).number

    page = words(shown(client, f"/books/accounts?number={number}", auditor))
    for written in (
        number.lstrip("0"),
        f" {number[:4]} {number[4:]}",
        number.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ):
        assert words(shown(client, f"/books/accounts?number={written}", auditor)).count("王*兰") == page.count("王*兰")
    nobody = words(shown(client, "/books/accounts?number=99999999", auditor))

    assert f"王*兰 {number}" in page
    assert "王桂兰" not in page
    assert "没有这样的账户" in nobody


@on_sqlite
def test_a_statement_shows_the_balance_after_each_entry_and_the_story_of_one(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    page = words(shown(client, account_link(client, auditor, book.other, "point"), auditor))

    assert "账面余额 2.00 分" in page
    assert "小票作废" not in page
    for said in ("发积分", "兑换，占用", "兑换，确认", "兑换，放掉", "社区巡逻", "从哪来", "经手的人"):
        assert said in page


@on_sqlite
def test_a_statement_as_of_a_moment_ends_there(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    link = account_link(client, auditor, book.volunteer, "point")
    local = (book.day + timedelta(hours=10)).astimezone(ZONE)

    page = words(shown(client, f"{link}?as_of={local:%Y-%m-%dT%H:%M}", auditor))

    assert "账面余额 2.08 分" in page
    assert "兑换" not in page.split("流水")[1]


@on_sqlite
def test_a_statement_goes_out_whole_as_a_file(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    link = account_link(client, auditor, book.other, "point")

    csv = client.get(f"{link}.csv", headers=auditor.headers)
    xlsx = client.get(f"{link}.xlsx", headers=auditor.headers)

    lines = csv.get_data().decode("utf-8-sig").splitlines()
    assert len(lines) == 9
    assert lines[1].split(",")[1:3] == ["发积分", "社区巡逻"]
    assert xlsx.get_data()[:2] == b"PK"


@on_sqlite
def test_the_story_of_a_transfer_leads_to_everything_behind_it(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    page = shown(client, account_link(client, auditor, book.volunteer, "point"), auditor)
    links = set(re.findall(r"/books/transfers/\w+", page))
    stories = [words(shown(client, link, auditor)) for link in links]

    assert stories
    assert all("同一批的流水" in story and "经手的人" in story for story in stories)


@on_sqlite
def test_an_award_s_story_writes_the_sum_out(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    link = account_link(client, auditor, book.volunteer, "point")
    entries = client.get(f"/api/v1{link.removeprefix('/books')}/entries", headers=auditor.headers).json["items"]
    award = next(entry for entry in entries if entry["code"] == "award")

    page = shown(client, f"/books/transfers/{award['transfer_id']}", auditor)

    assert "125 ÷ 60 × 1.00 = 2.08" in words(page)
    assert f"/attendances/{public_id(book.attendance_id)}" in page
    assert "陈*燕" in page


@pytest.mark.parametrize("role", ["clerk", "station_manager"])
@on_sqlite
def test_staff_without_the_books_do_not_see_them(client: FlaskClient, world: World, role: str) -> None:
    headers = world.add_staff(role, place_id=world.top_id).headers

    assert {client.get(path, headers=headers).status_code for path in PATHS} == {403}
    assert client.post("/books/verify", headers=headers).status_code == 403


@on_sqlite
def test_a_volunteer_does_not_see_the_books(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    own = account_link(client, auditor, book.volunteer, "point")

    assert {client.get(path, headers=book.volunteer.headers).status_code for path in (*PATHS, own)} == {403}


@on_sqlite
def test_what_is_not_there_is_said_so(client: FlaskClient, auditor: Person) -> None:
    for path in (
        f"/books/accounts/{public_id(5)}",
        f"/books/transfers/{public_id(5)}",
        f"/books/accounts/{public_id(5)}.csv",
    ):
        assert client.get(path, headers=auditor.headers).status_code == 404


@pytest.mark.parametrize(
    "query", ["as_of=yesterday", "as_of=0001-01-01T00:00", "after=x", "sort=nothing", "kind=x&unit=%00"]
)
@on_sqlite
def test_odd_addresses_break_nothing(client: FlaskClient, book: SmallBook, auditor: Person, query: str) -> None:
    for path in ("/books", "/books/accounts", account_link(client, auditor, book.volunteer, "point")):
        assert client.get(f"{path}?{query}", headers=auditor.headers).status_code in (200, 422), path


@on_sqlite
def test_a_statement_that_is_too_long_for_a_file_is_refused_and_not_cut(
    client: FlaskClient, book: SmallBook, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = account_link(client, auditor, book.volunteer, "point")
    assert client.get(f"{link}.csv", headers=auditor.headers).status_code == 200
    monkeypatch.setattr("ledger.audit.tracing.statement.MOST_LINES", 0)
    cut = client.get(f"{link}.csv", headers=auditor.headers | {"Accept": "text/html"})
    assert (cut.status_code, "没有存成表格" in cut.text) == (422, True)
