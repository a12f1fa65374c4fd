"""Landing pages, books and rules in a real browser: axe finds nothing, and nothing is wider than its window."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.points.book import queries as points
from ledger.points.policy import POINT, AccountKey
from tests.audit.small_book import SmallBook, make_small_book
from tests.browser import DESKTOP, NARROW, PHONE, OpenPage, look_at, no_axe_violations, no_sideways_scroll
from tests.databases import on_sqlite
from tests.world import World

pytestmark = [pytest.mark.browser, on_sqlite]
SIZES: dict[str, tuple[ViewportSize, ...]] = {"zh": (DESKTOP, NARROW), "en": (PHONE,)}


@pytest.fixture(scope="module")
def book(shared_database: Database) -> SmallBook:
    """A small book that tests only read."""
    return make_small_book(World(shared_database))


def switch(page: Page, name: str, value: str) -> None:
    """Set one of the reader's preferences."""
    page.context.add_cookies([{"name": name, "value": value, "url": page.url}])


def open_and_look(page: Page, address: str, name: str, *sizes: ViewportSize) -> None:
    """Open a page and check its looks."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    look_at(page, name, *sizes)


def account_of(book: SmallBook) -> str:
    """The page of the volunteer's points."""
    key = AccountKey(POINT, "member", book.volunteer.volunteer_id)
    found = in_snapshot(points.accounts_by_key, [key], book.world.center_id)
    return f"/books/accounts/{public_id(found[key].id)}"


def staff_pages(book: SmallBook) -> dict[str, str]:
    """Addresses by name."""
    return {
        "console": "/console",
        "day": "/today",
        "books": "/books",
        "accounts": "/books/accounts",
        "account": account_of(book),
        "rules": "/rules",
        "rules-new": "/rules/new",
    }


@pytest.mark.long
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_of_staff(book: SmallBook, open_page: OpenPage, language: str) -> None:
    admin, sizes = book.world.add_staff("admin", place_id=book.world.top_id, name="李建国"), SIZES[language]
    page = open_page(admin, size=sizes[0], language=language)
    for name, address in staff_pages(book).items():
        open_and_look(page, address, f"{name}-{language}", *sizes)
    page.goto(account_of(book))
    page.locator("#story a[href*='/books/transfers/']").first.click()
    open_and_look(page, page.url, f"transfer-{language}", *sizes)


@pytest.mark.long
@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh"), (NARROW, "en")], ids=["phone-zh", "narrow-en"])
def test_pages_of_a_volunteer(book: SmallBook, open_page: OpenPage, size: ViewportSize, language: str) -> None:
    page = open_page(book.volunteer, size=size, language=language)
    for name, address in {"mine": "/me", "card": "/me/card", "rules": "/rules"}.items():
        open_and_look(page, address, f"{name}-volunteer-{language}")
    open_and_look(page, "/me/history?which=all&since=2020-01-01", f"history-{language}")
    page.locator("details.nx-row").first.locator("summary").first.click()
    expect(page.locator("details.nx-row[open] .nx-row__proof").first).to_be_visible()
    no_axe_violations(page)
    no_sideways_scroll(page)


@pytest.mark.long
def test_large_type_and_dark(book: SmallBook, open_page: OpenPage) -> None:
    """Charts are drawn for the theme when a page opens; large type changes only sizes, so it needs no new page."""
    admin = book.world.add_staff("admin", place_id=book.world.top_id, name="李建国")
    for person, addresses in (
        (book.volunteer, {"mine": "/me", "history": "/me/history", "card": "/me/card"}),
        (admin, staff_pages(book)),
    ):
        page = open_page(person, size=PHONE)
        page.goto("/styleguide")
        switch(page, "theme", "dark")
        for name, address in addresses.items():
            open_and_look(page, address, f"{name}-dark")
            assert page.locator("html").get_attribute("data-bs-theme") == "dark"
            page.evaluate("document.documentElement.dataset.type = 'large'")
            look_at(page, f"{name}-large")


def test_verify_now_tells_how_far_it_is_and_what_it_found(world: World, open_page: OpenPage) -> None:
    make_small_book(world)
    page = open_page(world.add_staff("auditor", place_id=world.top_id))
    page.goto("/books")
    expect(page.get_by_text("还没有核对过")).to_be_visible()

    page.get_by_role("button", name="现在核对").first.click()

    expect(page.get_by_text("三本账都平")).to_be_visible()
    no_axe_violations(page)


def test_from_a_point_to_the_scans_by_clicks(book: SmallBook, open_page: OpenPage) -> None:
    page = open_page(book.world.add_staff("auditor", place_id=book.world.top_id))
    page.goto("/console")
    page.get_by_role("link", name="在外的积分").click()
    page.get_by_role("link", name="王*兰").first.click()
    page.get_by_role("link", name="社区巡逻").first.click()

    story = page.locator("#story")
    expect(story).to_contain_text("125 ÷ 60 × 1.00 = 2.08")
    expect(story).to_contain_text("刷卡")
    story.get_by_role("link", name="看整笔").click()

    expect(page.get_by_role("heading", name="同一批的流水")).to_be_visible()
    expect(page.locator("main")).to_contain_text("陈*燕")


def test_the_large_type_switch_comes_back_to_the_page(book: SmallBook, open_page: OpenPage) -> None:
    page = open_page(book.volunteer, size=PHONE)
    page.goto("/me/history?which=earned")

    page.get_by_role("button", name="大字").click()

    expect(page.locator("html")).to_have_attribute("data-type", "large")
    assert page.url.endswith("/me/history?which=earned")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/me/history?which=earned")
