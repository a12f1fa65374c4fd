"""The main job in real browsers with cameras, from the printed card to the auditor's trace of the bag of rice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger.kernel.clocks import parse_instant
from ledger.kernel.ids import public_id
from tests.browser import PHONE, CameraBrowser, OpenPage, no_axe_violations, write_clip
from tests.databases import on_sqlite
from tests.runtimes import CLOCK, RehearsalClock
from tests.world import Person, World

pytestmark = [pytest.mark.browser, on_sqlite]
START = parse_instant("2026-06-03T09:00:00+08:00")
PRICE = 200


@pytest.fixture
def rehearsal() -> Iterator[RehearsalClock]:
    """The clock of the server and the test, which shows the time that the test sets."""
    CLOCK.instant = START
    yield CLOCK
    CLOCK.instant = None


def serve_two_hours(page: Page, rehearsal: RehearsalClock) -> None:
    """Show the card to the clerk's camera when the shift begins, and again when it ends."""
    page.goto("/scan")
    last = page.locator("#last .nx-last")
    expect(last).to_contain_text("已签到")
    rehearsal.instant = START + timedelta(minutes=125)
    page.reload()
    expect(last).to_contain_text("120 分钟，+2.00 分")


def hand_out_rice(page: Page, item_id: int) -> str:
    """Show the member's code to the till's camera and put a bag into the cart. Returns the receipt's number."""
    page.goto("/till")
    expect(page.locator("#available")).to_contain_text("2.00")
    page.locator(f'[data-item-id="{public_id(item_id)}"]').click()
    page.get_by_role("button", name="确认扣 2.00 分").click()
    expect(page.locator("#receipt-no")).not_to_be_empty(timeout=20_000)
    return page.locator("#receipt-no").inner_text()


def find_in_the_books(page: Page, volunteer: Person, world: World, receipt: str) -> None:
    """Check as an auditor: the member's statement, and behind each line the people, the scans and the rule."""
    answer = page.request.get(
        f"/api/v1/accounts?kind=member&unit=point&owner_id={public_id(volunteer.volunteer_id)}"
    ).json()
    statement = f"/books/accounts/{answer['items'][0]['id']}"
    for event, evidence in (("发积分", ("120", "规则", "扫码")), ("兑换", (receipt, "东北大米", "陈*燕"))):
        page.goto(statement)
        page.locator("tbody tr", has_text=event).last.get_by_role("link").click()
        page.get_by_role("link", name="看整笔").click()
        for words in evidence:
            expect(page.locator("main")).to_contain_text(words)
        no_axe_violations(page)


def test_a_scan_becomes_hours_points_and_a_bag_of_rice_that_an_auditor_can_trace(
    world: World, rehearsal: RehearsalClock, open_page: OpenPage, camera_browser: CameraBrowser, tmp_path: Path
) -> None:
    clerk, volunteer = world.add_staff("clerk"), world.add_volunteer()
    world.sign_up(world.add_shift(START), volunteer)
    rice = world.add_item(world.add_shop(), points=PRICE, stock=1)

    card = f"HTTPS://JF.EXAMPLE.ORG/K#{volunteer.card}"
    with camera_browser(write_clip(tmp_path / "card.y4m", card)) as browser:
        serve_two_hours(open_page(clerk, browser=browser, size=PHONE), rehearsal)
    phone = open_page(volunteer, size=PHONE)
    phone.goto("/pay")
    expect(phone.locator("#payer-qr svg")).to_be_visible()
    clip = write_clip(tmp_path / "code.y4m", phone.locator("#payer-qr").screenshot())
    with camera_browser(clip) as browser:
        receipt = hand_out_rice(open_page(clerk, browser=browser), rice)

    auditor = world.add_staff("auditor", place_id=world.top_id, name="周敏")
    books = open_page(auditor)
    find_in_the_books(books, volunteer, world, receipt)
    books.goto("/books")
    expect(books.locator("main")).to_contain_text("差额 0.00")
    phone.goto("/me")
    expect(phone.locator(".nx-figure--hero")).to_contain_text("0.00")
