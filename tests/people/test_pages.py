"""Pages of people over HTTP: logging in, registering, printing, staff."""

import re

import pytest
from flask.testing import FlaskClient

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.kernel.paths import ROOT
from ledger.people.access import credentials
from ledger.people.access.staff import Post, add_staff, grant_role
from ledger.people.volunteers import queries
from ledger.web.cookies import SESSION
from tests.browsing import Browser, known_as, log_out
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.world import Person, World

PASSWORD = "白云山下有三只羊"


@pytest.fixture
def manager(world: World) -> Person:
    return world.add_staff("station_manager")


def register(browser: Browser, world: World, **typed: str) -> str:
    """Register on the page and return the address it redirects to."""
    known = {"name": "王小兰", "phone": fresh_phone(), "gender": "female", "id_last4": "123x"}
    answer = browser.post("/volunteers/new", **known | {"place_id": public_id(world.station_id)} | typed)
    assert answer.status_code == 303, answer.text
    return answer.location


def code_on(page: str) -> str:
    found = re.search(r'class="nx-spelled">([^<]+)<', page)
    assert found is not None
    return found[1]


@on_sqlite
def test_from_the_slip_to_the_own_password_and_out_again(world: World, client: FlaskClient, manager: Person) -> None:
    phone = fresh_phone()
    staff = Browser(client, manager)
    page = staff.get(register(staff, world, phone=phone)).text
    assert phone in page
    slip = re.search(r'action="(/people/\w+/activation-code)"', page)
    assert slip is not None
    printed = staff.post(slip[1])
    assert printed.status_code == 200
    assert phone not in printed.text
    log_out(client)

    own = Browser(client)
    wrong = own.post("/first-password", phone=phone, code="ABCD-EFGH-JKMN", password=PASSWORD)
    assert (wrong.status_code, "对不上" in wrong.text) == (422, True)
    easy = own.post("/first-password", phone=phone, code=code_on(printed.text), password="11111111")
    assert (easy.status_code, "太容易猜" in easy.text) == (422, True)
    entered = own.post("/first-password", phone=phone, code=code_on(printed.text), password=PASSWORD)
    assert (entered.status_code, entered.location) == (303, "/")
    cookie = client.get_cookie(known_as(client, SESSION))
    assert cookie is not None
    assert cookie.http_only
    assert own.get("/my/shifts").status_code == 200

    assert own.post("/log-out").location == "/log-in"
    answer = own.get("/my/shifts")
    assert (answer.status_code, answer.location) == (302, "/log-in?next=/my/shifts")
    wrong = own.post("/log-in", phone=phone, password="falsch-falsch", next="/my/shifts")
    assert (wrong.status_code, "手机号或密码不对" in wrong.text) == (401, True)
    assert own.post("/log-in", phone=phone, password=PASSWORD, next="/my/shifts").location == "/my/shifts"
    assert own.get("/log-in?next=/my/shifts").location == "/my/shifts"


@pytest.mark.parametrize("goal", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
@on_sqlite
def test_logging_in_leads_nowhere_else(world: World, client: FlaskClient, goal: str) -> None:
    phone = fresh_phone()
    identity_id = in_transaction(add_staff, name="陈晓燕", phone=phone, path=ROOT, actor=world.builder)
    in_transaction(grant_role, identity_id, Post("clerk", world.station_id, None), actor=world.builder)
    code = in_transaction(credentials.make_activation_code, identity_id, actor=world.builder)
    browser = Browser(client)
    browser.post("/first-password", phone=phone, code=code, password=PASSWORD)
    log_out(client)
    assert browser.post("/log-in", phone=phone, password=PASSWORD, next=goal).location == "/"


@on_sqlite
def test_guessing_is_stopped(world: World, client: FlaskClient) -> None:
    browser, phone = Browser(client), fresh_phone()
    codes = [browser.post("/log-in", phone=phone, password=f"guess-{n}").status_code for n in range(11)]
    assert codes == [401] * 10 + [429]
    stopped = browser.post("/log-in", phone=f"+86 {phone}", password="guess")
    assert (stopped.status_code, stopped.headers["Retry-After"].isdecimal()) == (429, True)
    assert browser.post("/log-in", phone=fresh_phone(), password="guess").status_code == 401


@on_sqlite
def test_a_form_without_its_token_does_nothing(world: World, client: FlaskClient, manager: Person) -> None:
    Browser(client, manager)
    answer = client.post("/volunteers/new", data={"name": "王小兰", "place_id": public_id(world.station_id)})
    assert answer.status_code == 403
    assert "request" not in answer.text


@on_sqlite
def test_what_was_typed_is_kept_and_the_error_stands_at_its_field(
    world: World, client: FlaskClient, manager: Person
) -> None:
    browser = Browser(client, manager)
    answer = browser.post("/volunteers/new", name="王小兰", phone="12345", place_id=public_id(world.station_id))
    assert answer.status_code == 422
    assert 'value="王小兰"' in answer.text
    assert 'id="phone-error"' in answer.text
    answer = browser.post("/volunteers/new", name="王小兰", place_id="nonsense")
    assert (answer.status_code, 'id="place_id-error"' in answer.text) == (422, True)


@on_sqlite
def test_a_form_sent_twice_registers_once(world: World, client: FlaskClient, manager: Person) -> None:
    browser = Browser(client, manager)
    typed = {"name": "王小兰", "phone": "", "place_id": public_id(world.station_id)}
    first, second = (browser.post("/volunteers/new", key="the-same-key", **typed) for _ in range(2))
    assert first.location == second.location
    assert second.headers["Idempotency-Replayed"] == "true"


@on_sqlite
def test_a_card_is_printed_and_tells_a_stranger_nothing(world: World, client: FlaskClient, manager: Person) -> None:
    browser = Browser(client, manager)
    address = register(browser, world).split("?")[0]
    printed = browser.post(f"{address}/card")
    assert (printed.status_code, "王*兰" in printed.text) == (200, True)
    assert printed.headers["Cache-Control"] == "no-store"
    page = browser.get(address).text
    revoke = re.search(r'action="(/cards/\w+/revoke)"', page)
    assert revoke is not None
    volunteer = address.rpartition("/")[2]
    assert browser.post(revoke[1], volunteer_id=volunteer).status_code == 303
    log_out(client)
    for letter in "kK":
        stranger = client.get(f"/{letter}")
        assert (stranger.status_code, "志愿者卡" in stranger.text) == (200, True)


@on_sqlite
def test_the_list_finds_by_number_phone_and_whole_name(world: World, client: FlaskClient, manager: Person) -> None:
    browser, phone = Browser(client, manager), fresh_phone()
    register(browser, world, phone=phone)
    register(browser, world, name="李四")
    for sought in ("王小兰", phone, "1", "0000 0001", "１", " ００００－０００１ "):
        page = browser.get(f"/volunteers?q={sought}").text
        assert ("王小兰" in page, "李四" in page) == (True, False), sought
    assert "没有找到" in browser.get("/volunteers?q=王小").text
    for bad in ("after=nonsense", "sort=nonsense", "place_id=nonsense"):
        assert browser.get(f"/volunteers?{bad}").status_code == 422


@on_sqlite
def test_a_manager_sees_nobody_of_another_station(world: World, client: FlaskClient) -> None:
    volunteer = world.add_volunteer()
    other = world.add_staff("station_manager", place_id=world.add_station("沙湾站"))
    browser, page = Browser(client, other), f"/volunteers/{public_id(volunteer.volunteer_id)}"
    assert browser.get(page).status_code == 403
    assert browser.post(f"{page}/card").status_code == 403
    assert browser.post(f"{page}/status", status="blocked").status_code == 403
    assert browser.post(f"/people/{public_id(volunteer.identity_id)}/activation-code").status_code == 403
    assert in_snapshot(queries.get_volunteer, volunteer.volunteer_id, world.center_id).status == "active"


@on_sqlite
def test_blocking_and_letting_again(world: World, client: FlaskClient, manager: Person) -> None:
    volunteer = world.add_volunteer()
    page = f"/volunteers/{public_id(volunteer.volunteer_id)}"
    browser = Browser(client, manager)
    assert browser.post(f"{page}/status", status="blocked").status_code == 303
    assert "恢复以后" in browser.get(page).text
    assert browser.post(f"{page}/status", status="unknown").status_code == 422


@on_sqlite
def test_the_only_station_is_proposed_and_of_several_one_must_be_chosen(world: World, client: FlaskClient) -> None:
    browser = Browser(client, world.add_staff("admin", place_id=world.top_id))
    forms = ("/staff/new", "/volunteers/new", "/activities/new", "/shelf/new", "/volunteers/import")
    for form in forms:
        page = browser.get(form).text
        assert f'<option value="{public_id(world.station_id)}" selected>' in page, form
        assert "选一个地方" not in page, form
    world.add_station("竹溪站")
    for form in forms:
        page = browser.get(form).text
        assert f'<option value="{public_id(world.station_id)}">' in page, form
        assert "选一个地方" in page, form


@on_sqlite
def test_staff_come_and_go(world: World, client: FlaskClient) -> None:
    browser = Browser(client, world.add_staff("admin", place_id=world.top_id))
    who = {"name": "陈小华", "phone": fresh_phone(), "role": "clerk", "place_id": public_id(world.station_id)}
    unsaid = browser.post("/staff/new", **who)
    assert (unsaid.status_code, 'id="household-error"' in unsaid.text) == (422, True)
    typed = who | {"household": "无"}
    hired = browser.post("/staff/new", **typed).location
    assert hired.startswith("/staff?new=")
    slip = re.search(r'data-done.*?action="(/people/\w+/activation-code)"', browser.get(hired).text, re.DOTALL)
    assert slip is not None
    assert "陈小华" in browser.post(slip[1]).text
    held = browser.post("/staff/new", **typed)
    assert (held.status_code, 'id="role-error"' in held.text) == (409, True)
    page = browser.get("/staff").text
    assert "陈小华" in page
    clerk = page[page.index("陈小华") :]
    revoke = re.search(r'href="(/staff/roles/\w+/revoke)"', clerk)
    assert revoke is not None
    asked = browser.get(revoke[1]).text
    assert all(said in asked for said in ("收回陈小华的店员身份？", "陈小华 马上在所有地方退出", "照样加一次就行"))
    done = browser.post(revoke[1]).location
    assert "收回了陈小华的店员身份" in browser.get(done).text
    assert "陈小华" not in browser.get("/staff").text
    assert (browser.get(revoke[1]).status_code, browser.post(revoke[1]).status_code) == (404, 404)


@on_sqlite
def test_pages_are_for_whom_the_table_says(world: World, client: FlaskClient) -> None:
    browser = Browser(client, world.add_staff("clerk"))
    for page in ("/volunteers", "/volunteers/new", "/volunteers/import", "/staff", "/staff/new", "/activities"):
        assert browser.get(page).status_code == 403, page
    Browser(client, world.add_volunteer())
    for page in ("/volunteers", "/places", "/staff", "/activities", "/activities/new"):
        assert client.get(page).status_code == 403, page
