"""Pages for expiring points: runs with the affected members, the notice for the wall, and the clawback of an award."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book import service as points
from ledger.points.book.queries import accounts_by_key
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry import service as expiry
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.web.locale import LANGUAGE_COOKIE
from tests.browsing import Browser, keep
from tests.databases import on_sqlite
from tests.world import Person, World

DAY = date(2026, 12, 31)
BEFORE = datetime(2026, 6, 3, 8, tzinfo=UTC)
OVER = datetime(2027, 1, 31, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    """Set the clock after that year's grace; earlier awards state their dates."""
    with clock.at(OVER):
        yield


@pytest.fixture
def admin(world: World) -> Person:
    """The administrator who prepares and proposes."""
    return world.add_staff("admin", place_id=world.top_id, name="郑管理")


@pytest.fixture
def other_admin(world: World) -> Person:
    """The administrator who decides."""
    return world.add_staff("admin", place_id=world.top_id, name="何主任")


def give(world: World, person: Person, amount: int, good_until: date | None = DAY) -> int:
    """Give points good until a day; returns the transfer."""
    move = Movement(
        AccountKey(POINT, "issuance"), AccountKey(POINT, "member", person.volunteer_id), amount, "award",
        good_until=good_until,
    )  # fmt: skip
    source = Source("test", f"ending-{clock.now().timestamp()}-{amount}-{person.volunteer_id}", "post")
    posted = in_transaction(points.post, [move], source=source, actor=world.builder, reason="award")
    return posted.transfer_ids[0]


def words(page: str) -> str:
    """The visible text of a page on one line."""
    page = re.sub(r'<(script|style).*?</\1>|<span class="nx-minor">', "", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def shown(browser: Browser, address: str) -> str:
    """The text of a page."""
    answer = browser.get(address)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def prepared(browser: Browser, day: str = "2026-12-31") -> str:
    """Prepare a run on the page; returns its address."""
    answer = browser.post("/books/expiry", ends_on=day)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_an_admin_prepares_proposes_and_another_lets_the_points_expire(
    client: FlaskClient, world: World, admin: Person, other_admin: Person
) -> None:
    wang, li = world.add_volunteer("王桂兰"), world.add_volunteer("李秀英")
    browser = Browser(client, admin)
    with clock.at(BEFORE):
        give(world, wang, 3_000)
        give(world, li, 450)
        give(world, li, 100, None)
    start = shown(browser, "/books/expiry")
    run = prepared(browser)
    page = shown(browser, run)
    proposed = browser.post(f"{run}/release", reason="公告贴了 30 天")
    waiting = shown(browser, run)
    asked = browser.get(proposed.location).text
    decided = Browser(client, other_admin).post(proposed.location.partition("?")[0], decision="approve", note="")
    while in_transaction(expiry.carry_out, world.center_id):
        pass
    done = shown(Browser(client, admin), run)

    assert "到那天为止有 2 笔，共 34.50 分" in start
    assert "王*兰" in page
    assert "李*英" in page
    assert "要到期的积分 34.50 分" in page
    assert "下面 2 个人的 34.50 分不能再兑换" in page
    assert proposed.status_code == decided.status_code == 303
    assert "等另一个人批准" in waiting
    assert f'href="{run}"' in asked
    assert "处理完了" in done
    assert "到期了 34.50 分" in done
    assert "王*兰" in done


@on_sqlite
def test_within_the_grace_the_form_says_up_to_which_day_and_keeps_what_was_typed(
    client: FlaskClient, world: World, admin: Person
) -> None:
    answer = Browser(client, admin).post("/books/expiry", ends_on="2027-01-15")
    broken = Browser(client, admin).post("/books/expiry", ends_on="no day")
    nothing = Browser(client, admin).post("/books/expiry", ends_on="2026-12-31")

    assert answer.status_code == 422
    assert "最晚只能处理到 2026-12-31 到期的" in words(answer.text)
    assert 'value="2027-01-15"' in answer.text
    assert broken.status_code == 422
    assert "请填日期" in words(broken.text)
    assert "到这一天没有要到期的积分" in words(nothing.text)


@on_sqlite
def test_a_run_can_be_left_and_nothing_has_moved(client: FlaskClient, world: World, admin: Person) -> None:
    wang = world.add_volunteer()
    with clock.at(BEFORE):
        give(world, wang, 3_000)
    browser = Browser(client, admin)
    run = prepared(browser)
    answer = browser.post(f"{run}/drop")
    page = shown(browser, run)

    assert answer.status_code == 303
    assert "这次没有做" in page
    assert in_snapshot(expiry_queries.sum_due, world.center_id, DAY) == (1, 3_000)


def test_the_list_of_a_run_is_sorted_paged_and_goes_out_as_it_is_seen(
    client: FlaskClient, world: World, admin: Person
) -> None:
    people = [world.add_volunteer(name) for name in ("王桂兰", "李秀英", "赵春梅")]
    with clock.at(BEFORE):
        for person, amount in zip(people, (200, 300, 100), strict=True):
            give(world, person, amount)
    browser = Browser(client, admin)
    run = prepared(browser)
    page = shown(browser, f"{run}?sort=-amount")
    file = browser.get(f"{run}.csv?sort=-amount").get_data().decode("utf-8-sig")

    assert page.index("李*英") < page.index("王*兰") < page.index("赵*梅")
    assert [line.split(",")[0] for line in file.splitlines()] == ["志愿者", "李*英", "王*兰", "赵*梅"]
    assert world.number_of(people[1]) in file
    assert "3.00" in file


def test_the_notice_has_masked_names_and_the_last_four_of_the_number_only(
    client: FlaskClient, world: World, admin: Person
) -> None:
    wang = world.add_volunteer("王桂兰")
    number = world.number_of(wang)
    with clock.at(BEFORE):
        give(world, wang, 3_000)
        give(world, wang, 500, date(2027, 12, 31))
    browser = Browser(client, admin)
    page = shown(browser, "/books/ending?until=2026-12-31")
    paper = browser.get("/books/ending/print?until=2026-12-31").text
    file = browser.get("/books/ending.csv?until=2026-12-31").get_data().decode("utf-8-sig")
    early = shown(browser, "/books/ending?until=2026-12-30")

    for seen in (page, words(paper), file):
        assert "王*兰" in seen
        assert number[-4:] in seen
        assert number not in seen
        assert "30.00" in seen
        assert "35.00" not in seen
    assert "2026年12月31日" in page
    assert "2027年1月30日" in page
    assert "宽限" in words(paper)
    assert "没有要到期的积分" in early


@on_sqlite
def test_the_notice_in_english(client: FlaskClient, world: World, admin: Person) -> None:
    wang = world.add_volunteer("王桂兰")
    keep(client, LANGUAGE_COOKIE, "en")
    browser = Browser(client, admin)
    with clock.at(BEFORE):
        give(world, wang, 3_000)
    page = shown(browser, "/books/ending/print?until=2026-12-31")
    run = shown(browser, prepared(browser))

    assert "Points that end" in page
    assert "31 December 2026" in page
    assert "30 January 2027" in page
    assert "points to expire" in run.lower()


@on_sqlite
def test_only_staff_of_the_books_see_what_ends_and_only_admins_propose(
    client: FlaskClient, world: World, admin: Person
) -> None:
    auditor, volunteer = world.add_staff("auditor", place_id=world.top_id), world.add_volunteer()
    manager = world.add_staff("station_manager")
    for address in ("/books/expiry", "/books/ending", "/books/ending/print", "/books/ending.csv"):
        assert client.get(address, headers=volunteer.headers).status_code == 403
        assert client.get(address, headers=manager.headers).status_code == 403
        assert client.get(address, headers=auditor.headers).status_code == 200
    assert Browser(client, auditor).post("/books/expiry", ends_on="2026-01-01").status_code == 403


@on_sqlite
def test_an_award_is_proposed_to_be_taken_back_with_the_debt_named(
    client: FlaskClient, world: World, admin: Person
) -> None:
    wang = world.add_volunteer("王桂兰")
    award = give(world, wang, 200)
    spend = Movement(AccountKey(POINT, "member", wang.volunteer_id), AccountKey(POINT, "redeemed", 9), 80, "redeem")
    in_transaction(points.post, [spend], source=Source("test", f"s{award}", "post"), actor=world.builder, reason="test")
    browser = Browser(client, admin)
    address = f"/books/transfers/{public_id(award)}"
    button = browser.get(address).text
    page = shown(browser, f"{address}/clawback")
    unsaid = browser.post(f"{address}/clawback", reason=" ")
    proposed = browser.post(f"{address}/clawback", reason="扫了两次")
    again = browser.post(f"{address}/clawback", reason="扫了两次")

    assert f"{address}/clawback" in button
    assert "收回 2.00 分？" in page
    assert "从可用的积分里收 1.20 分" in page
    assert "已经花掉的，记成欠账 以后挣的先还，还清以前挣的不到余额里 0.80 分" in page
    assert unsaid.status_code == 422
    assert proposed.status_code == 303
    assert proposed.location.startswith("/approvals/")
    assert again.status_code == 409
    assert "扫了两次" in again.text


@on_sqlite
def test_an_auditor_is_not_offered_to_take_an_award_back(client: FlaskClient, world: World) -> None:
    auditor = world.add_staff("auditor", place_id=world.top_id)
    award = give(world, world.add_volunteer(), 200)
    assert "/clawback" not in Browser(client, auditor).get(f"/books/transfers/{public_id(award)}").text


def test_the_account_page_lists_the_lots_as_they_are_used_up(client: FlaskClient, world: World, admin: Person) -> None:
    wang = world.add_volunteer()
    with clock.at(BEFORE):
        give(world, wang, 500, None)
        give(world, wang, 300, date(2027, 12, 31))
        give(world, wang, 200)
    key = AccountKey(POINT, "member", wang.volunteer_id)
    account = public_id(in_snapshot(accounts_by_key, [key], world.center_id)[key].id)
    page = shown(Browser(client, admin), f"/books/accounts/{account}")
    lots = page[page.index("积分是哪天挣的") :]

    assert lots.index("2026年12月31日") < lots.index("2027年12月31日") < lots.index("永远有效")
    earlier = (BEFORE + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M")
    assert "积分是哪天挣的" not in shown(Browser(client, admin), f"/books/accounts/{account}?as_of={earlier}")
