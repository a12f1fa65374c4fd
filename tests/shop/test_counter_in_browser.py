"""A code on a phone, the till's real camera, goods, a receipt and its check page, all in browsers."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger.app import APPROVALS
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.points.closing import freezing
from tests.browser import (
    PHONE,
    CameraBrowser,
    OpenPage,
    no_axe_violations,
    no_sideways_scroll,
    screenshot,
    write_clip,
)
from tests.databases import on_sqlite
from tests.shop.counter import Counter, balance, first_receipt

pytestmark = [pytest.mark.browser, on_sqlite]


def photograph_code(page: Page, path: Path) -> Path:
    """A video clip of the QR code on the phone's screen."""
    expect(page.locator("#payer-qr svg")).to_be_visible()
    return write_clip(path, page.locator("#payer-qr").screenshot())


def test_the_till_scans_the_phone_and_hands_out_goods(
    counter: Counter, open_page: OpenPage, camera_browser: CameraBrowser, live_url: str, tmp_path: Path
) -> None:
    member = counter.member(12_850)
    rice, soy = counter.item("东北大米", stock=6), counter.item("酿造酱油", points_now=800, stock=22)
    phone = open_page(member, size=PHONE)
    phone.goto("/pay")
    expect(phone.get_by_text("128.50")).to_be_visible()
    clip = photograph_code(phone, tmp_path / "till.y4m")
    screenshot(phone, "shop-code")

    with camera_browser(clip) as browser:
        till = open_page(counter.clerk, browser=browser)
        till.goto("/till")
        expect(till.locator("#who")).to_contain_text("王*兰")
        expect(till.locator("#available")).to_contain_text("128.50")
        take_one_bag_and_two_bottles(till, rice, soy)
        till.get_by_role("button", name="确认扣 46.00 分").click()
        number = first_receipt()
        the_receipt_is_shown(till, number)
        till.locator("#receipt-link").click()
        expect(till.get_by_role("heading", name=number)).to_be_visible()
        check = till.get_by_role("link", name="打开核对页").get_attribute("href")

    assert balance(counter.world, member).balance == 8_250
    assert (counter.stock(rice).balance, counter.stock(soy).balance) == (5, 20)
    assert check is not None
    assert check.startswith(live_url.upper())
    anybody = open_page(size=PHONE)
    anybody.goto(check.removeprefix(live_url.upper()))
    for words in ("这张小票是真的", number, "46.00"):
        expect(anybody.get_by_text(words)).to_be_visible()
    assert "王" not in anybody.locator("main").inner_text()


def take_one_bag_and_two_bottles(till: Page, rice: int, soy: int) -> None:
    till.locator(f'[data-item-id="{public_id(rice)}"]').click()
    for _ in range(3):
        till.locator(f'[data-item-id="{public_id(soy)}"]').click()
    till.get_by_role("group", name="酿造酱油数量").get_by_role("button", name="少一个").click()
    expect(till.locator("#total")).to_have_text("46.00")
    expect(till.locator("#after")).to_have_text("82.50")
    no_axe_violations(till)
    screenshot(till, "shop-till")


def the_receipt_is_shown(till: Page, number: str) -> None:
    expect(till.locator("#receipt-no")).to_have_text(number)
    expect(till.locator("#receipt-total")).to_contain_text("46.00")
    expect(till.locator("#receipt-after")).to_have_text("82.50")
    expect(till.locator("#receipt-goods")).to_contain_text("2 个酿造酱油")
    no_axe_violations(till)
    screenshot(till, "shop-till-receipt")


def test_a_till_without_a_camera_takes_the_digits(counter: Counter, open_page: OpenPage) -> None:
    member, rice = counter.member(2_000), counter.item("东北大米", stock=6)
    till = open_page(counter.clerk, size=PHONE)
    till.goto("/till")
    expect(till.locator("#camera-words")).to_contain_text("没找到相机")

    till.get_by_label("付款码的数字").fill("134567890123456789")
    till.get_by_role("button", name="认", exact=True).click()
    expect(till.get_by_role("alert")).to_contain_text("这是付钱的码")
    till.get_by_label("付款码的数字").fill(counter.code(member))
    till.get_by_role("button", name="认", exact=True).click()
    expect(till.locator("#who")).to_contain_text("王*兰")
    till.locator(f'[data-item-id="{public_id(rice)}"]').click()

    expect(till.get_by_role("button", name="还差 10.00 分")).to_be_disabled()
    no_axe_violations(till)
    no_sideways_scroll(till)
    screenshot(till, "shop-till-short")
    till.locator("#change-member").click()
    till.get_by_role("button", name="是，取消这单").click()
    expect(till.locator("#who")).to_be_hidden()
    assert balance(counter.world, member).held == 0


def test_a_lost_answer_is_asked_for_again_and_charges_once(counter: Counter, open_page: OpenPage) -> None:
    member, rice = counter.member(10_000), counter.item("东北大米", stock=6)
    till = open_page(counter.clerk)
    till.goto("/till")
    till.get_by_label("付款码的数字").fill(counter.code(member))
    till.get_by_role("button", name="认", exact=True).click()
    expect(till.locator("#who")).to_be_visible()
    till.locator(f'[data-item-id="{public_id(rice)}"]').click()
    lost: list[str] = []

    def swallow(route) -> None:  # type: ignore[no-untyped-def]
        """Let the server get the request but the page never hear of it."""
        answer = route.fetch()
        if len(lost) < 4:
            lost.append(answer.headers.get("idempotency-replayed", "first"))
            route.abort()
        else:
            route.fulfill(response=answer)

    till.route("**/confirm", swallow)
    till.get_by_role("button", name="确认扣 30.00 分").click()
    expect(till.get_by_role("alert")).to_contain_text("还不知道扣没扣成")
    screenshot(till, "shop-till-lost")
    expect(till.locator("#receipt-no")).to_have_text(first_receipt())

    assert lost == ["first", "true", "true", "true"]
    assert balance(counter.world, member).balance == 7_000
    assert counter.stock(rice).balance == 5


def test_the_phone_asks_for_a_new_code_in_time_and_shows_digits_on_a_tap(counter: Counter, open_page: OpenPage) -> None:
    phone = open_page(counter.member(12_850), size=PHONE)
    phone.clock.install()
    phone.goto("/pay")
    expect(phone.locator("#payer-qr svg")).to_be_visible()
    expect(phone.locator("#payer-digits")).to_be_hidden()
    phone.get_by_role("button", name="看数字").click()
    first = phone.locator("#payer-digits").inner_text()
    assert len(first.replace(" ", "")) == 19

    phone.clock.run_for(51_000)

    expect(phone.locator("#payer-digits")).not_to_have_text(first)
    second = phone.locator("#payer-digits").inner_text()
    assert counter.open(first.replace(" ", "")).status_code == 201, "the earlier one is good for its own minute"
    assert counter.open(second.replace(" ", "")).status_code == 201
    no_axe_violations(phone)


def test_a_till_tells_that_the_book_is_frozen_and_sells_after_the_release(
    counter: Counter, open_page: OpenPage
) -> None:
    """Nothing is posted while it is frozen; the clerk is told why and confirms the same order after the release."""
    member, rice = counter.member(10_000), counter.item("东北大米", stock=6)
    till = open_page(counter.clerk)
    till.goto("/till")
    till.get_by_label("付款码的数字").fill(counter.code(member))
    till.get_by_role("button", name="认", exact=True).click()
    expect(till.locator("#who")).to_be_visible()
    till.locator(f'[data-item-id="{public_id(rice)}"]').click()
    world = counter.world
    freeze_id = in_transaction(freezing.freeze, world.center_id, reason="test", run_id=None)

    till.get_by_role("button", name="确认扣 30.00 分").click()

    expect(till.get_by_role("alert")).to_contain_text("账本冻结了")
    assert balance(world, member).balance == 10_000
    for role in ("admin", "auditor"):
        person = world.add_staff(role, place_id=world.top_id)
        in_transaction(freezing.release, freeze_id, "查清了", actor=person.actor, desk=APPROVALS)
    till.get_by_role("button", name="确认扣 30.00 分").click()
    expect(till.locator("#receipt-no")).to_have_text(first_receipt())
    assert balance(world, member).balance == 7_000
