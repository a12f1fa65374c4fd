"""The first pages, the books and the rules in a real browser: axe finds nothing, nothing is wider than its window."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.points.book import queries as points
from ledger.points.policy import POINT, AccountKey
from tests.audit.small_book import SmallBook, make_small_book
from tests.browser import DESKTOP, PHONE, OpenPage, no_axe_violations, no_sideways_scroll, screenshot
from tests.databases import on_sqlite
from tests.world import World

pytestmark = [pytest.mark.browser, on_sqlite]
SIZES: dict[str, ViewportSize] = {"desktop": DESKTOP, "phone": PHONE, "narrow": {"width": 320, "height": 640}}


@pytest.fixture
def book(world: World) -> SmallBook:
    """A small book of this test's own."""
    return make_small_book(world)


def switch(page: Page, name: str, value: str) -> None:
    """Set one of the reader's switches."""
    page.context.add_cookies([{"name": name, "value": value, "url": page.url}])


def look_at(page: Page, address: str, name: str) -> None:
    """What must hold of every page."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    no_axe_violations(page)
    no_sideways_scroll(page)
    screenshot(page, name)


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


@pytest.mark.parametrize(("size", "language"), [("desktop", "zh"), ("phone", "en"), ("narrow", "zh")])
def test_pages_of_staff(book: SmallBook, open_page: OpenPage, size: str, language: str) -> None:
    admin = book.world.add_staff("admin", place_id=book.world.top_id, name="李建国")
    page = open_page(admin, size=SIZES[size], language=language)
    for name, address in staff_pages(book).items():
        look_at(page, address, f"{name}-{size}-{language}")
    page.goto(account_of(book))
    page.locator("#story a[href*='/books/transfers/']").first.click()
    look_at(page, page.url, f"transfer-{size}-{language}")


@pytest.mark.parametrize(("size", "language"), [("phone", "zh"), ("narrow", "en")])
def test_pages_of_a_volunteer(book: SmallBook, open_page: OpenPage, size: str, language: str) -> None:
    page = open_page(book.volunteer, size=SIZES[size], language=language)
    for name, address in {"mine": "/me", "card": "/me/card", "rules": "/rules"}.items():
        look_at(page, address, f"{name}-volunteer-{size}-{language}")
    look_at(page, "/me/history?which=all&since=2020-01-01", f"history-{size}-{language}")
    page.locator("details.nx-row").first.locator("summary").first.click()
    expect(page.locator("details.nx-row[open] .nx-row__proof").first).to_be_visible()
    no_axe_violations(page)
    no_sideways_scroll(page)


@pytest.mark.parametrize("switched", [("large_type", "1"), ("theme", "dark")])
def test_large_type_and_dark(book: SmallBook, open_page: OpenPage, switched: tuple[str, str]) -> None:
    admin = book.world.add_staff("admin", place_id=book.world.top_id, name="李建国")
    for person, addresses in (
        (book.volunteer, {"mine": "/me", "history": "/me/history", "card": "/me/card"}),
        (admin, staff_pages(book)),
    ):
        page = open_page(person, size=PHONE)
        page.goto("/styleguide")
        switch(page, *switched)
        for name, address in addresses.items():
            look_at(page, address, f"{name}-{switched[0]}")


def test_verify_now_tells_how_far_it_is_and_what_it_found(book: SmallBook, open_page: OpenPage) -> None:
    page = open_page(book.world.add_staff("auditor", place_id=book.world.top_id))
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
