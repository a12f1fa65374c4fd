"""Pages of places, teams and the import over HTTP."""

import io

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import public_id
from ledger.kernel.paging import PageRequest
from ledger.organisations import queries
from ledger.people.volunteers import queries as people
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.world import World


@pytest.fixture
def admin(world: World, client: FlaskClient) -> Browser:
    return Browser(client, world.add_staff("admin", place_id=world.top_id))


def sheet(content: bytes) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_a_place_and_a_team_are_made_and_closed(world: World, admin: Browser) -> None:
    top = f"/places/{public_id(world.top_id)}"
    assert admin.get(f"{top}/new").status_code == 200
    typed = {"kind": "station", "name": "沙湾站", "latitude": "36.5", "longitude": "102.4"}
    station, _query, new = admin.post(f"{top}/new", **typed).location.partition("?")
    assert "加好了" in admin.get(f"{station}?{new}").text
    again = admin.post(f"{top}/new", **typed)
    assert (again.status_code, 'id="name-error"' in again.text) == (422, True)
    wrong = admin.post(f"{top}/new", **typed | {"name": "新站", "latitude": "north"})
    assert (wrong.status_code, 'id="latitude-error"' in wrong.text) == (422, True)
    assert "沙湾站" in admin.get("/places").text
    team = admin.post(f"{station}/teams", name="红马甲").location
    twice = admin.post(f"{station}/teams", name="红马甲")
    assert (twice.status_code, 'id="name-error"' in twice.text) == (422, True)
    assert "红马甲" in admin.get(station).text
    assert "红马甲" in admin.get(team).text
    assert admin.post(f"{station}/new-code").location == station
    assert "第 2 版" in admin.get(station).text
    assert admin.post(f"{station}/close").location == station
    assert "沙湾站" not in admin.get("/places").text
    assert "沙湾站" in admin.get("/places?closed=1").text


def test_members_come_and_go(world: World, admin: Browser) -> None:
    volunteer = world.add_volunteer("王小兰")
    number = in_snapshot(people.get_volunteer, volunteer.volunteer_id, world.center_id).number
    team = admin.post(f"/places/{public_id(world.station_id)}/teams", name="红马甲").location
    assert admin.post(f"{team}/members", number=number).location == team
    for typed in (number, "99999999", "王小兰", ""):
        refused = admin.post(f"{team}/members", number=typed)
        assert (refused.status_code in (404, 409), 'id="number-error"' in refused.text) == (True, True), typed
    assert "王小兰" in admin.get(team).text
    leave = f"{team}/members/{public_id(volunteer.volunteer_id)}/leave"
    assert admin.post(leave).location == team
    assert "王小兰" not in admin.get(team).text


def test_a_list_is_checked_and_then_brought_in(world: World, admin: Browser) -> None:
    text = f"姓名,手机,所属队伍,所属站点\n王小兰,{fresh_phone()},红马甲,柳荫站\n李四,,,\n"
    upload = admin.post("/volunteers/import", file=(io.BytesIO(text.encode()), "名单.csv"), make_teams="1")
    assert upload.status_code == 303, upload.text
    report = admin.get(upload.location)
    assert ("都对，可以导入" in report.text, "新建队伍：红马甲" in report.text) == (True, True)
    assert in_snapshot(people.list_volunteers, world.builder, request=PageRequest()).items == []
    done = admin.post(upload.location)
    assert (done.status_code, "新增 2 人" in done.text) == (200, True)
    assert admin.post(upload.location).status_code == 404
    exported = admin.get("/volunteers/export.xlsx")
    (heading, first, second) = sheet(exported.data)
    assert heading[:2] == ["志愿者编号", "姓名"]
    assert [first[0], first[1], first[5], first[6]] == ["00000001", "王小兰", "红马甲", "柳荫站"]
    assert second[1] == "李四"
    back = admin.post("/volunteers/import", file=(io.BytesIO(exported.data), "again.xlsx"))
    assert "表里的人都已经在了" in admin.get(back.location).text


@on_sqlite
def test_a_list_with_errors_is_reported_and_not_brought_in(world: World, admin: Browser) -> None:
    text = "姓名,手机\n=cmd,12345\n李四,\n"
    upload = admin.post("/volunteers/import", file=(io.BytesIO(text.encode()), "名单.csv"))
    assert "手机号不对" in admin.get(upload.location).text
    assert admin.post(upload.location).status_code == 422
    (_heading, formula, line) = sheet(admin.get(f"{upload.location}/report.xlsx").data)
    assert formula[:4] == ["A2", "姓名", "=", "这一格的公式还没有算出结果"]
    assert line[:4] == ["B2", "手机", "1***5", "手机号不对"]
    assert admin.get(f"{upload.location}/report.csv").data.startswith(b"\xef\xbb\xbf")
    assert admin.get(f"{upload.location}/report.exe").status_code == 404


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", "手机\n1\n".encode()])
@on_sqlite
def test_a_file_that_is_no_list_is_refused_at_its_field(world: World, admin: Browser, content: bytes) -> None:
    answer = admin.post("/volunteers/import", file=(io.BytesIO(content), "x.xlsx"))
    assert (answer.status_code, 'id="file-error"' in answer.text) == (422, True)
    assert admin.post("/volunteers/import").status_code == 422


@on_sqlite
def test_a_download_holds_no_formula(world: World, admin: Browser) -> None:
    world.add_volunteer("=1+1")
    line = admin.get("/volunteers/export.csv").data.decode("utf-8-sig").splitlines()[1]
    assert line.split(",")[1] == "'=1+1"
    assert sheet(admin.get("/volunteers/export.xlsx").data)[1][1] == "=1+1"
    assert sheet(admin.get("/volunteers/import/example.xlsx").data)[0][0] == "姓名"


@on_sqlite
def test_a_manager_sees_the_own_places_only(world: World, client: FlaskClient) -> None:
    elsewhere = world.add_station("沙湾站")
    browser = Browser(client, world.add_staff("station_manager"))
    page = browser.get("/places").text
    assert ("柳荫站" in page, "沙湾站" in page) == (True, False)
    assert browser.get(f"/places/{public_id(elsewhere)}").status_code == 403
    assert browser.post(f"/places/{public_id(elsewhere)}/teams", name="红马甲").status_code == 403
    assert in_snapshot(queries.all_teams, world.center_id) == []
