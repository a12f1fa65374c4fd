"""The page that proposes to correct confirmed hours: who sees it, what it says first, and where it can not be."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.points.closing import freezing
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.checkin.days import Day, at
from tests.databases import on_sqlite

pytestmark = on_sqlite
END = {"how": "end", "day": "2026-06-03", "time": "10:00"}


@pytest.fixture
def office(day: Day) -> Office:
    return Office(day.world)


@pytest.fixture
def visit(day: Day) -> str:
    """The page of two hours, confirmed: 120 minutes, 2.00 points."""
    day.sign_up(9)
    day.card(9)
    return f"/attendances/{public_id(day.card(11).attendance['id'])}"


def seen(page: str) -> str:
    """The mark of the change that the page shows."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_what_changes_is_shown_then_proposed_and_approved(
    day: Day, client: FlaskClient, office: Office, visit: str
) -> None:
    admin, address = Browser(client, office.first), f"{visit}/hours"
    with clock.at(at(15)):
        assert address in admin.get(visit).text
        assert "seen" not in admin.get(address).text
        looked = admin.post(address, **END)
        assert looked.status_code == 200
        assert "时长 现在 120 分钟 60 分钟 积分 现在 2.00 分 1.00 分" in words(looked.text)
        other = admin.post(address, **END | {"time": "10:30"}, seen=seen(looked.text), reason="提前走了")
        assert (other.status_code, "90 分钟" in words(other.text)) == (200, True), "what was not shown is not proposed"
        unsaid = admin.post(address, **END, seen=seen(looked.text), reason=" ")
        assert (unsaid.status_code, seen(unsaid.text)) == (422, seen(looked.text))
        proposed = admin.post(address, **END, seen=seen(looked.text), reason="提前走了")
        assert proposed.status_code == 303
        assert "60 分钟" in admin.get(proposed.location).text
        again = admin.post(address, **END, seen=seen(looked.text), reason="提前走了")
        assert (again.status_code, "已经有人提了" in again.text) == (409, True)
        assert proposed.location.partition("?")[0] in admin.get(address).text
        decided = Browser(client, office.second).post(proposed.location.partition("?")[0], decision="approve")
        assert decided.status_code == 303
        assert "现在算数的 60 分钟，1.00 分" in words(Browser(client, day.volunteer).get(visit).text)


def test_it_is_taken_back_whole_whatever_time_stands_there(client: FlaskClient, office: Office, visit: str) -> None:
    admin = Browser(client, office.first)
    with clock.at(at(15)):
        looked = admin.post(f"{visit}/hours", how="whole", day="", time="")
        assert "现在 120 分钟 0 分钟 积分 现在 2.00 分 0.00 分" in words(looked.text)
        proposed = admin.post(f"{visit}/hours", how="whole", seen=seen(looked.text), reason="不是本人")
        Browser(client, office.second).post(proposed.location.partition("?")[0], decision="approve")
        assert "这次改不了：已作废" in admin.get(f"{visit}/hours").text
        assert f"{visit}/hours" not in admin.get(visit).text


def test_an_end_that_can_not_be_is_said_at_its_field(client: FlaskClient, office: Office, visit: str) -> None:
    admin = Browser(client, office.first)
    with clock.at(at(15)):
        for time, told in (("08:00", "签退时间要在签到以后"), ("11:00", "时长和积分都不变"), ("", "这一项要填")):
            page = admin.post(f"{visit}/hours", **END | {"time": time})
            assert (page.status_code, told in page.text, "seen" in page.text) == (422, True, False)


def test_only_who_may_propose_sees_it(day: Day, client: FlaskClient, visit: str) -> None:
    for person in (day.volunteer, day.clerk, day.manager, day.world.add_staff("auditor", place_id=day.world.top_id)):
        browser = Browser(client, person)
        assert f"{visit}/hours" not in browser.get(visit).text
        assert browser.get(f"{visit}/hours").status_code == 403


def test_where_it_can_not_be_the_page_says_why(day: Day, client: FlaskClient, office: Office, visit: str) -> None:
    admin = Browser(client, office.first)
    day.sign_up(13)
    with clock.at(at(15)):
        running = f"/attendances/{public_id(day.card(13).attendance['id'])}/hours"
        assert "这次改不了：正在服务" in admin.get(running).text
        in_transaction(freezing.freeze, day.world.center_id, reason="debits_posted", run_id=None)
        page = admin.get(f"{visit}/hours").text
        assert ("账本冻结着，改不了" in page, "propose" in page) == (True, False)
