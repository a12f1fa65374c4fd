"""Households over HTTP: on the volunteer's page, in the list and its spreadsheet, and by the API."""

import pytest
from flask.testing import FlaskClient

from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.people.volunteers import queries
from tests.browser import DESKTOP, PHONE, OpenPage, no_axe_violations, no_sideways_scroll, screenshot
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.world import Person, World


@pytest.fixture
def manager(world: World) -> Person:
    return world.add_staff("station_manager", name="吴站长")


@pytest.fixture
def desk(client: FlaskClient, manager: Person) -> Browser:
    """The manager's browser."""
    return Browser(client, manager)


def page_of(person: Person) -> str:
    """The address of a volunteer's page."""
    return f"/volunteers/{public_id(person.volunteer_id)}"


def household_of(world: World, person: Person) -> str | None:
    """The number of a volunteer's household."""
    return in_snapshot(queries.get_volunteer_details, person.volunteer_id, world.center_id).household


@on_sqlite
def test_it_is_written_down_on_the_page_changed_and_cleared(world: World, desk: Browser) -> None:
    mother, daughter = world.add_volunteer("王桂兰"), world.add_volunteer("李秀英")
    world.house("柳荫017", daughter)
    assert "没有登记在哪一户" in desk.get(page_of(mother)).text

    sent = desk.post(f"{page_of(mother)}/household", household=" 柳荫17 ")

    page = desk.get(sent.location).text
    assert (sent.status_code, "户编号写好了" in page) == (303, True)
    assert 'value="柳荫017"' in page
    assert f'href="{page_of(daughter)}"' in page
    assert "吴站长" in page
    alone = desk.get(desk.post(f"{page_of(mother)}/household", household="柳荫018").location).text
    assert "还没有登记别的人" in alone
    gone = desk.get(desk.post(f"{page_of(mother)}/household", household="").location).text
    assert "现在不属于任何一户" in gone
    assert gone.count("不属于任何一户") == 3
    assert household_of(world, mother) is None


@on_sqlite
def test_a_refusal_stands_at_the_field_with_what_was_typed(world: World, desk: Browser, manager: Person) -> None:
    volunteer = world.add_volunteer()
    wrong = desk.post(f"{page_of(volunteer)}/household", household="王家")
    assert (wrong.status_code, 'id="household-error"' in wrong.text, 'value="王家"' in wrong.text) == (422, True, True)
    assert "不要写人名" in wrong.text

    world.house("17", manager, volunteer)
    own = desk.post(f"{page_of(volunteer)}/household", household="18")
    assert (own.status_code, "自己家的人不能自己迁出去" in own.text) == (403, True)
    assert 'id="household-error"' in own.text
    assert household_of(world, volunteer) == "17"


@on_sqlite
def test_only_who_manages_the_volunteer(world: World, client: FlaskClient) -> None:
    volunteer = world.add_volunteer()
    elsewhere = world.add_staff("station_manager", place_id=world.add_station("沙湾站"))
    for person in (elsewhere, world.add_staff("clerk"), volunteer):
        sent = Browser(client, person).post(f"{page_of(volunteer)}/household", household="17")
        assert sent.status_code == 403
    assert household_of(world, volunteer) is None


@on_sqlite
def test_who_else_is_of_it_is_shown_as_far_as_one_manages_them(world: World, desk: Browser) -> None:
    mother, far = world.add_volunteer("王桂兰"), world.add_volunteer("李秀英")
    home, world.station_id = world.station_id, world.add_station("沙湾站")
    far = world.add_volunteer("赵春梅")
    world.station_id = home
    world.house("17", mother, far)

    page = desk.get(page_of(mother)).text
    assert "赵春梅" not in page
    assert "别的站点的人，这里看不到" in page
    assert "赵春梅" not in desk.get("/volunteers?household=17").text


@on_sqlite
def test_the_list_and_its_spreadsheet_are_narrowed_to_a_household(world: World, desk: Browser) -> None:
    mother, other = world.add_volunteer("王桂兰"), world.add_volunteer("赵春梅")
    world.house("柳荫017", mother)
    world.house("柳荫018", other)

    page = desk.get("/volunteers?household=柳荫 17").text
    assert ("王桂兰" in page, "赵春梅" in page) == (True, False)
    assert "household=%E6%9F%B3%E8%8D%AB+17" in page
    assert "没有找到" in desk.get("/volunteers?household=19").text
    assert desk.get("/volunteers?household=%00%ED%A0%80").status_code == 200
    sheet = desk.get("/volunteers/export.csv?household=柳荫017").data.decode("utf-8-sig")
    heading, line = (text.split(",") for text in sheet.splitlines())
    assert line[heading.index("户编号")] == "柳荫017"
    assert line[heading.index("姓名")] == "王桂兰"


@on_sqlite
def test_it_is_set_read_and_listed_by_the_api(world: World, client: FlaskClient, manager: Person) -> None:
    volunteer, other = world.add_volunteer(), world.add_volunteer("李秀英")
    path = f"/api/v1{page_of(volunteer)}"

    def put(number: object, by: Person = manager) -> tuple[int, str | None]:
        answer = client.put(f"{path}/household", json={"number": number}, headers=by.headers)
        return answer.status_code, answer.json["household" if answer.status_code == 200 else "code"]

    assert client.get(path, headers=volunteer.headers).json["household"] is None
    assert put("柳荫017") == (200, "柳荫017")
    assert put("柳荫 17") == (200, "柳荫017")
    assert put("王家") == (422, "people.household_number_invalid")
    assert put(17) == put("x" * 21) == put("") == (422, "request.invalid")
    assert put("18", volunteer) == (403, "access.denied")
    assert client.get(path, headers=volunteer.headers).json["household"] == "柳荫017"
    world.house("柳荫017", manager, other)
    assert put(None) == (403, "people.own_household")
    listed = client.get("/api/v1/volunteers?household=柳荫017", headers=manager.headers).json["items"]
    numbers = {public_id(each.volunteer_id) for each in (volunteer, other, manager)}
    assert {each["id"] for each in listed} == numbers
    history = client.get(f"{path}/households", headers=manager.headers).json["items"]
    assert [(each["number"], each["changed_by"]) for each in history] == [("柳荫017", public_id(manager.identity_id))]
    assert client.get(f"{path}/households", headers=volunteer.headers).status_code == 403
    assert client.get(f"/api/v1/volunteers/{public_id(5)}/households", headers=manager.headers).status_code == 404


@pytest.mark.long
@pytest.mark.browser
@on_sqlite
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_in_a_browser(world: World, manager: Person, open_page: OpenPage, language: str) -> None:
    mother, *others = (world.add_volunteer(name) for name in ("王桂兰", "李秀英", "李建国"))
    world.house("柳荫018", mother)
    world.house("柳荫017", mother, *others)
    page = open_page(manager, size={"width": 360, "height": 740}, language=language)
    page.goto(page_of(mother))
    page.fill("#household", "王家")
    page.click("form[action$='/household'] button[type=submit]")
    page.wait_for_selector("#household-error")
    for address in (None, page_of(mother), "/volunteers?household=柳荫17"):
        if address is not None:
            page.goto(address)
        for size in (DESKTOP, PHONE, {"width": 360, "height": 740}):
            page.set_viewport_size(size)
            no_sideways_scroll(page)
            name = {None: "refused", page_of(mother): "volunteer"}.get(address, "list")
            screenshot(page, f"household-{name}-{size['width']}-{language}")
        no_axe_violations(page)
