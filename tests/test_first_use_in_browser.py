"""The first use of a village's installation in one go: from the output of `init` to goods on the shelf.

The service runs as in the README, on a database made by `init` alone. All later steps happen on
pages, each person in their own browser, along the first steps that the console lists.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from tests.browser import PHONE, OpenPage, no_axe_violations, no_sideways_scroll, screenshot
from tests.village import Village
from tools.test_system import find_browser

# Its steps are tests of their own, too: `init` in tests/cli, each page in a browser, the main job in one go.
pytestmark = [pytest.mark.browser, pytest.mark.long]

ADMIN, CLERK, VOLUNTEER = "13805570123", "13805570124", "13805570125"
PASSWORD = "白云山下有三只羊"


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    """A village right after `init`, whose output is in `said`."""
    village = Village(tmp_path)
    village.set_up()
    village.said = village.run(*f"init --center 柳荫社区 --name 李建国 --phone {ADMIN} --household none".split())
    yield village
    village.stop()


@pytest.fixture
def live_url(village: Village) -> str:
    """The address of the village's service."""
    village.serve()
    return village.url


@pytest.fixture(scope="module")
def browser(driver: Playwright) -> Iterator[Browser]:
    """A browser that trusts the village's root certificate."""
    arguments = ["--no-sandbox", "--ignore-certificate-errors"]
    browser = driver.chromium.launch(executable_path=find_browser(), args=arguments)
    yield browser
    browser.close()


def look_at(page: Page, name: str) -> None:
    """Check what holds for every page, and take a picture."""
    screenshot(page, f"first-use-{name}")
    no_axe_violations(page)
    no_sideways_scroll(page)


def says(page: Page, *words: str) -> None:
    """Fail unless the page contains all of the words."""
    for each in words:
        expect(page.get_by_role("main")).to_contain_text(each)


def press(page: Page, name: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    """Follow a link, the first if there are two."""
    page.get_by_role("link", name=name).first.click()


def go_by_menu(page: Page, entry: str) -> None:
    """Follow an entry in the staff menu."""
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name=entry, exact=True).click()


def first_step(admin: Page, what: str) -> Locator:
    """One of the first steps that the console lists."""
    go_by_menu(admin, "总览")
    return admin.get_by_role("region", name="先做这几件事").get_by_role("listitem").filter(has_text=what)


def take_step(admin: Page, what: str) -> None:
    """Open the page of a first step in the console."""
    step = first_step(admin, what)
    expect(step).not_to_contain_text("做好了")
    step.get_by_role("link").click()


def step_is_done(admin: Page, what: str) -> None:
    """Check that the console shows the step as done."""
    expect(first_step(admin, what)).to_contain_text("做好了")


def set_password(page: Page, phone: str) -> None:
    """Set the first password on its page, with the code filled in."""
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("新密码").fill(PASSWORD)
    press(page, "设好并登录")


def enter_as_admin(admin: Page, said: str) -> None:
    """Follow the output of `init` to the console of an empty center."""
    admin.goto("/")
    says(admin, "登录", "有纸条，设密码")
    code, address = re.findall(r"Activation code: (\S+) .*\n.* at (\S+)$", said, re.M)[0]
    admin.goto(address)
    admin.get_by_label("激活码").fill(code)
    set_password(admin, ADMIN)
    expect(admin.get_by_role("banner")).to_contain_text("李建国，管理员")
    says(admin, "先做这几件事", "还没有核对过", "还没有发过积分", "还没有货")
    expect(admin.get_by_text("做好了")).to_have_count(0)
    look_at(admin, "01-console")


def add_station(admin: Page) -> None:
    """Add a station under the center."""
    take_step(admin, "加一个站点")
    says(admin, "柳荫社区")
    follow(admin, "加一个站点")
    says(admin, "在 柳荫社区 下面", "站（人来签到的地方）")
    admin.get_by_label("名称").fill("柳荫站")
    press(admin, "加上")
    says(admin, "加好了", "柳荫站", "打一张码贴在墙上")
    look_at(admin, "02-station")
    follow(admin, "贴墙的码")
    says(admin, "柳荫站")
    look_at(admin, "03-code-for-the-wall")
    admin.goto("/places")
    step_is_done(admin, "加一个站点")


def hire_clerk(admin: Page) -> str:
    """Hire a clerk at the station, which the form proposes. Returns the code on the clerk's slip."""
    take_step(admin, "加店员和站长")
    follow(admin, "加一个人")
    admin.get_by_label("手机号").fill(CLERK)
    admin.get_by_label("姓名").fill("陈晓燕")
    expect(admin.get_by_label("身份").locator("option:checked")).to_have_text("店员")
    expect(admin.get_by_label("在哪里").locator("option:checked")).to_have_text("　柳荫站")
    admin.get_by_label("户编号").fill("无")
    press(admin, "加上")
    says(admin, "加好了", "打一张激活码当面交给本人")
    row = admin.get_by_role("row", name="陈晓燕")
    expect(row).to_contain_text("店员，柳荫站")
    expect(row).to_contain_text("还没有设")
    look_at(admin, "04-staff")
    press(admin, "打激活码 陈晓燕")
    says(admin, "设密码的纸条", "陈晓燕", "138****0124", "7 天内用一次")
    code = admin.locator(".nx-spelled").inner_text()
    follow(admin, "返回")
    step_is_done(admin, "加店员和站长")
    return code


def plan_activity(admin: Page) -> None:
    """Plan an activity with a shift tomorrow at the station, as the form proposes."""
    take_step(admin, "建一个活动")
    says(admin, "还没有活动")
    follow(admin, "新活动")
    admin.get_by_label("名称").fill("社区巡逻")
    admin.get_by_label("类别").fill("治安巡逻")
    expect(admin.get_by_label("站点").locator("option:checked")).to_have_text("　柳荫站")
    press(admin, "建活动")
    says(admin, "建好了", "社区巡逻", "已批准", "09:00–11:00", "柳荫站，0 人报名，不限人数")
    look_at(admin, "05-activity")
    step_is_done(admin, "建一个活动")


def scanned(picture: bytes) -> str:
    """What a phone reads from a picture of one code."""
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(found.text)


def register_volunteer(admin: Page) -> str:
    """Register a volunteer with a card and a paper slip. Returns the address in the slip's code."""
    take_step(admin, "登记志愿者")
    says(admin, "还没有志愿者")
    follow(admin, "登记志愿者")
    admin.get_by_label("姓名").fill("王桂兰")
    admin.get_by_label("手机号").fill(VOLUNTEER)
    press(admin, "登记")
    says(admin, "登记好了", "编号 00000001", "柳荫站", "还没有卡", "还没有设")
    look_at(admin, "06-volunteer")
    press(admin, "打卡")
    says(admin, "王*兰", "0000 0001", "柳荫站", "捡到请交到站点")
    expect(admin.get_by_role("img", name="卡的二维码")).to_be_visible()
    look_at(admin, "07-card")
    follow(admin, "返回")
    press(admin, "打激活码")
    says(admin, "设密码的纸条", "王桂兰", "138****0125")
    look_at(admin, "08-slip")
    slip = scanned(admin.get_by_role("img", name="设密码页面的二维码").screenshot())
    assert slip.startswith(f"{admin.locator('code').inner_text()}#")
    assert slip.endswith(f".{admin.locator('.nx-spelled').inner_text()}")
    follow(admin, "返回")
    says(admin, "王桂兰", "能用")
    step_is_done(admin, "登记志愿者")
    return slip


def join(phone: Page, slip: str) -> None:
    """Scan the slip on the volunteer's own phone, set a password and sign up for tomorrow's shift."""
    phone.goto(slip)
    expect(phone.get_by_label("激活码")).to_have_value(slip.partition("#")[2].partition(".")[2])
    look_at(phone, "09-first-password")
    set_password(phone, VOLUNTEER)
    says(phone, "可用积分", "王桂兰", "0.00", "今天没有报班")
    look_at(phone, "10-own-page")
    follow(phone, "看能报名的班次")
    says(phone, "社区巡逻", "09:00–11:00", "柳荫站，0 人报名")
    press(phone, "报名")
    says(phone, "我报了的", "已报名", "柳荫站，1 人报名")
    look_at(phone, "11-own-shifts")


def open_shop(admin: Page) -> None:
    """Open a shop at the station with an item that is out of stock."""
    take_step(admin, "开店、上架、入库")
    says(admin, "还没有店")
    follow(admin, "开新店")
    admin.get_by_label("店名").fill("柳荫积分超市")
    expect(admin.get_by_label("在哪个站").locator("option:checked")).to_have_text("　柳荫站")
    press(admin, "开店")
    says(admin, "柳荫积分超市", "货架还是空的")
    follow(admin, "上架新东西")
    for label, words in {"名称": "东北大米", "规格": "5 kg/袋", "分类": "粮油", "兑换分值": "30"}.items():
        admin.get_by_label(label).fill(words)
    press(admin, "上架")
    says(admin, "东北大米上架了，接着入库就能兑换", "缺货", "30.00")
    look_at(admin, "12-shelf")


def take_goods_in(admin: Page) -> None:
    """Take in twenty bags from the cooperative; after that the console lists no more first steps."""
    admin.get_by_role("link", name="入库", exact=True).click()
    admin.get_by_label("供应商或捐赠人").fill("供销社")
    admin.get_by_label("东西").first.select_option(label="东北大米 5 kg/袋")
    admin.get_by_label("数量").first.fill("20")
    press(admin, "入库")
    says(admin, "入库了，货架上的数已经加好", "采购", "供销社", "东北大米", "入账人：李建国")
    look_at(admin, "13-goods-in")
    go_by_menu(admin, "货架")
    expect(admin.get_by_role("row", name="东北大米")).to_contain_text("够")


def serve_as_clerk(clerk: Page, code: str) -> None:
    """Set the clerk's password, starting from the first page, and find the bags at the till."""
    clerk.goto("/")
    follow(clerk, "有纸条，设密码")
    clerk.get_by_label("激活码").fill(code)
    set_password(clerk, CLERK)
    expect(clerk.get_by_role("banner")).to_contain_text("陈晓燕，店员")
    says(clerk, "没有等您的事", "今天没有班")
    go_by_menu(clerk, "兑换")
    expect(clerk.get_by_role("heading", name="柳荫积分超市")).to_be_visible()
    says(clerk, "东北大米", "剩 20", "30.00")
    look_at(clerk, "14-till")


def see_what_was_done(admin: Page) -> None:
    """Check that the shift shows its volunteer, and the console its verdict on the first transfer."""
    go_by_menu(admin, "活动")
    follow(admin, "社区巡逻")
    admin.get_by_role("listitem").filter(has_text="09:00–11:00").get_by_role("link").click()
    expect(admin.get_by_role("row", name="王*兰")).to_contain_text("已报名")
    go_by_menu(admin, "总览")
    expect(admin.get_by_text("先做这几件事")).to_have_count(0)
    says(admin, "还没有核对过", "货都够")
    press(admin, "现在核对")
    expect(admin.get_by_role("main")).to_contain_text("三本账都平")
    says(admin, "1 笔流水", "东北大米 5 kg/袋", "柳荫积分超市")
    go_by_menu(admin, "总览")
    says(admin, "三本账都平", "刚刚核对")
    look_at(admin, "15-console")


def test_a_village_begins_with_what_init_prints_and_ends_its_first_day_with_goods_on_the_shelf(
    village: Village, open_page: OpenPage
) -> None:
    assert "柳荫社区 is ready, and 李建国 is its administrator." in village.said
    admin = open_page()
    enter_as_admin(admin, village.said)
    add_station(admin)
    code = hire_clerk(admin)
    plan_activity(admin)
    slip = register_volunteer(admin)
    join(open_page(size=PHONE), slip)
    open_shop(admin)
    take_goods_in(admin)
    serve_as_clerk(open_page(), code)
    see_what_was_done(admin)

    assert "柳荫社区: 1 transfers, 1 batches, 2 accounts: no difference." in village.run("verify")
