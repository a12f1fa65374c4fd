"""The pages of people, places and activities in a real browser: axe finds nothing, no page is too wide."""

import pytest
from playwright.sync_api import FilePayload, expect

from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.organisations import service as organisations
from ledger.people.access import blocking, credentials
from tests.browser import DESKTOP, NARROW, PHONE, OpenPage, look_at
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.world import World

pytestmark = [pytest.mark.browser, on_sqlite]
SIZES = (DESKTOP, PHONE, NARROW)
NAME = "陈晓燕"


def furnish(world: World) -> dict[str, str]:
    """Make a center with content for every page; returns addresses by name."""
    volunteer = world.add_volunteer("王小兰")
    team = in_transaction(organisations.add_team, place_id=world.station_id, name="红马甲", actor=world.builder)
    in_transaction(organisations.join_team, team_id=team, volunteer_id=volunteer.volunteer_id, actor=world.builder)
    shift = world.add_shift(clock.now().replace(microsecond=0, second=0), capacity=3)
    world.sign_up(shift, volunteer)
    return {
        "volunteers": "/volunteers",
        "volunteer-new": "/volunteers/new",
        "volunteer": f"/volunteers/{public_id(volunteer.volunteer_id)}",
        "import": "/volunteers/import",
        "staff": "/staff",
        "staff-new": "/staff/new",
        "places": "/places",
        "place": f"/places/{public_id(world.station_id)}",
        "place-new": f"/places/{public_id(world.top_id)}/new",
        "team": f"/teams/{public_id(team)}",
        "activities": "/activities",
        "activity-new": "/activities/new",
        "shift": f"/shifts/{public_id(shift)}",
    }


@pytest.mark.long
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_of_staff(world: World, open_page: OpenPage, language: str) -> None:
    addresses = furnish(world)
    page = open_page(world.add_staff("admin", place_id=world.top_id), language=language)
    for name, address in addresses.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        look_at(page, f"{name}-{language}", *SIZES)


def test_the_places_of_a_role_follow_it(world: World, open_page: OpenPage) -> None:
    page = open_page(world.add_staff("admin", place_id=world.top_id))
    page.goto("/staff/new")
    role, places = page.get_by_label("身份"), page.get_by_label("在哪里").locator("option")
    everywhere = places.count()
    role.select_option("auditor")
    expect(places).to_have_count(1)
    expect(page.get_by_label("在哪里")).to_have_value(public_id(world.top_id))
    role.select_option("clerk")
    expect(places).to_have_count(everywhere)


@pytest.mark.long
def test_pages_of_a_volunteer_and_a_stranger(world: World, open_page: OpenPage) -> None:
    world.add_shift(clock.now().replace(microsecond=0, second=0), capacity=1)
    page = open_page(world.add_volunteer())
    page.goto("/my/shifts")
    look_at(page, "my-shifts", *SIZES)
    page.get_by_role("button", name="报名").click()
    expect(page.get_by_role("heading", name="我报了的")).to_be_visible()
    look_at(page, "my-shifts-signed-up", *SIZES)
    stranger = open_page()
    for name, address in {"log-in": "/log-in", "first-password": "/first-password", "card": "/k"}.items():
        stranger.goto(address)
        look_at(stranger, name, *SIZES)


def test_from_registering_to_the_first_log_in(world: World, open_page: OpenPage) -> None:
    phone = fresh_phone()
    page = open_page(world.add_staff("station_manager"))
    page.goto("/volunteers")
    page.get_by_role("link", name="登记志愿者").first.click()
    page.get_by_label("姓名").fill("李小四")
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_role("heading", name="李小四")).to_be_visible()
    page.get_by_role("button", name="打卡").click()
    expect(page.get_by_role("img", name="卡的二维码")).to_be_visible()
    look_at(page, "card-print")
    page.go_back()
    page.get_by_role("button", name="打激活码").click()
    code = page.locator(".nx-spelled").inner_text()
    look_at(page, "activation-slip")

    own = open_page(size=PHONE)
    own.goto(f"/first-password#{public_id(world.center_id)}.{code}")
    own.get_by_label("手机号").fill(phone)
    own.get_by_label("新密码").fill("12345678")
    own.get_by_role("button", name="设好并登录").click()
    expect(own.get_by_role("alert").first).to_contain_text("太容易猜")
    look_at(own, "first-password-refused")
    own.get_by_label("新密码").fill("白云山下有三只羊")
    own.get_by_role("button", name="设好并登录").click()
    own.goto("/my/shifts")
    expect(own.get_by_role("heading", name="能报名的班次")).to_be_visible()


def test_a_list_is_imported(world: World, open_page: OpenPage) -> None:
    page = open_page(world.add_staff("station_manager"))
    for name, text in {
        "wrong": f"姓名,手机,性别\n王小兰,123,男\n李四,{fresh_phone()},怪\n",
        "right": f"姓名,手机,所属队伍\n王小兰,{fresh_phone()},红马甲\n",
    }.items():
        page.goto("/volunteers/import")
        page.get_by_label("表格").set_input_files(
            FilePayload(name="名单.csv", mimeType="text/csv", buffer=text.encode())
        )
        page.get_by_label("没有的队伍自动新建").check()
        page.get_by_role("button", name="检查").click()
        expect(page.get_by_role("heading", name="导入检查")).to_be_visible()
        look_at(page, f"import-{name}", *SIZES)
    page.get_by_role("button", name="导入").click()
    expect(page.get_by_text("新增 1 人")).to_be_visible()
    look_at(page, "import-done", *SIZES)


def test_blocking_is_undone(world: World, open_page: OpenPage) -> None:
    volunteer = world.add_volunteer()
    in_transaction(blocking.set_status, volunteer.volunteer_id, status="blocked", actor=world.builder)
    page = open_page(world.add_staff("station_manager"))
    page.goto(f"/volunteers/{public_id(volunteer.volunteer_id)}")
    page.get_by_role("button", name="恢复").click()
    expect(page.get_by_text("停用", exact=True)).to_be_visible()


def test_what_is_typed_as_a_password_can_be_shown_by_keyboard(world: World, open_page: OpenPage) -> None:
    person = world.add_volunteer()
    world.give_password(person)
    person.token = in_transaction(
        credentials.open_session, person.identity_id, kind="phone", center_id=world.center_id
    ).token
    page = open_page(person)
    for address, fields in (("/first-password", 1), ("/me/log-ins", 2)):
        page.goto(address)
        buttons = page.get_by_role("button", name="显示密码")
        expect(buttons).to_have_count(fields)
        expect(page.locator("input[type=password]")).to_have_count(fields)
    new = page.locator("#password")
    new.fill("Aa123456")
    new.press("Tab")
    page.keyboard.press("Enter")
    expect(new).to_have_attribute("type", "text")
    hide = page.get_by_role("button", name="不显示密码")
    expect(hide).to_be_focused()
    expect(page.locator("#old_password")).to_have_attribute("type", "password")
    look_at(page, "log-ins-shown", *SIZES)
    page.keyboard.press("Space")
    expect(new).to_have_attribute("type", "password")


def test_on_a_phone_what_decides_is_on_the_screen(world: World, open_page: OpenPage) -> None:
    clerk, admin = world.add_staff("clerk", name=NAME), world.add_staff("admin", place_id=world.top_id)
    page = open_page(admin, size=PHONE)
    page.goto("/staff")
    shown = page.locator("tbody :is(td, th, a, button)").all()
    assert len(shown) == 18
    for each in shown:
        box = each.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"]
    look_at(page, "staff-cards", PHONE)
    in_transaction(credentials.make_activation_code, clerk.identity_id, actor=world.builder)
    page.goto("/credentials?mine=1")
    for cell in page.locator("tbody td").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE["width"]
