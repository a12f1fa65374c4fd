"""The second factor in a real browser: turned on from the page, asked for at log-in and before a decision."""

import io

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from ledger.kernel.ids import public_id
from tests.approvals.office import Office
from tests.browser import PHONE, OpenPage, look_at
from tests.databases import on_sqlite
from tests.factors import PASSWORD, code_of
from tests.people.test_step_up import stale
from tests.world import World

pytestmark = [pytest.mark.browser, on_sqlite]
DESK: ViewportSize = {"width": 1366, "height": 768}
SIZES = (PHONE, DESK)


def test_from_turning_it_on_to_a_decision(world: World, open_page: OpenPage) -> None:
    office = Office(world)
    decider = office.second
    number, _ = world.give_password(decider)
    again = world._log_in(decider.identity_id)
    decider.token, decider.actor = again.token, again.actor
    page = open_page(decider, size=DESK)
    page.goto("/console")
    page.get_by_role("link", name="您还没有打开动态码").click()
    look_at(page, "factor-off", *SIZES)
    page.get_by_label("现在的密码").fill(PASSWORD)
    page.get_by_role("button", name="往下走").click()
    expect(page.get_by_role("img", name="验证器二维码")).to_be_visible()
    look_at(page, "factor-new", *SIZES)
    secret = page.locator(".nx-secret").inner_text().replace(" ", "")
    assert f"secret={secret}" in scanned(page)
    page.get_by_label("六位数").fill(code_of(secret, -1))
    page.get_by_role("button", name="打开动态码").click()
    expect(page.get_by_role("heading", name="手机丢了用这些")).to_be_visible()
    look_at(page, "recovery-codes", *SIZES)
    page.get_by_role("link", name="收好了").click()
    look_at(page, "factor-on", *SIZES)

    own = open_page(size=PHONE)
    own.goto(f"/log-in?next=/approvals/{public_id(office.adjustment(100))}")
    own.get_by_label("手机号").fill(number)
    own.get_by_label("密码", exact=True).fill(PASSWORD)
    own.get_by_role("button", name="登录").click()
    look_at(own, "log-in-factor", *SIZES)
    own.get_by_label("六位数").fill(code_of(secret))
    own.get_by_role("button", name="登录").click()
    own.get_by_label("定的理由").fill("没有漏")
    stale(world, decider)
    own.get_by_role("button", name="不批准").click()
    look_at(own, "step-up", *SIZES)
    own.get_by_label("动态码").fill(code_of(secret, 1))
    own.get_by_role("button", name="是我，接着办").click()
    expect(own.get_by_text("没有漏")).to_be_visible()
    own.goto("/me/log-ins")
    look_at(own, "log-ins", *SIZES)


def scanned(page: Page) -> str:
    """What an authenticator reads off the page."""
    picture = page.locator(".nx-code__qr").screenshot()
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(found.text)
