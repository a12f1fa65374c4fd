"""What pages of people say, in words that somebody can act on."""

import pytest
from flask import Flask

from ledger.kernel.db import in_transaction
from ledger.people.access import on_server
from ledger.people.access.staff import Post
from ledger.web.formats import wait_words
from tests.approvals.office import Office
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.people.test_two_people_pages import browser_of, typed
from tests.phones import fresh_phone
from tests.world import World


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [(30, " 30 秒", "30 seconds"), (835, "约 14 分钟", "about 14 minutes"), (900, "约 15 分钟", "about 15 minutes")],
)
def test_a_wait_is_told_in_minutes(seconds: int, chinese: str, english: str) -> None:
    assert wait_words(seconds) == chinese
    assert wait_words(seconds, locale="en") == english


@on_sqlite
def test_who_tried_too_often_hears_minutes_and_who_helps(app: Flask, world: World) -> None:
    browser, phone = Browser(app.test_client()), fresh_phone()
    said = [browser.post("/log-in", phone=phone, password=f"guess-{n}").text for n in range(11)][-1]
    assert "约 15 分钟再试" in said
    assert "请找站点的工作人员" in said
    assert "秒" not in said.partition("约 15 分钟")[2][:20]
    assert "有纸条，设密码" in browser.get("/log-in").text


@on_sqlite
def test_a_number_with_a_digit_too_few_is_told_its_length(app: Flask, world: World) -> None:
    admin = browser_of(app, world.add_staff("admin", place_id=world.top_id))
    assert "手机号要 11 位，这里有 10 位" in admin.post("/staff/new", **typed(world, phone="1381234567")).text


@on_sqlite
def test_a_new_hire_does_not_read_of_credentials_that_never_were(app: Flask, world: World) -> None:
    admin = browser_of(app, world.add_staff("admin", place_id=world.top_id))
    page = admin.get(admin.post("/staff/new", **typed(world, role="clerk")).location).text
    assert "还没有密码。请打一张激活码" in page
    assert "都作废了" not in page


@on_sqlite
def test_a_signal_of_the_server_says_whose_log_in_it_is(app: Flask, world: World) -> None:
    office = Office(world)
    post = Post("clerk", world.station_id, None)
    in_transaction(
        on_server.grant, name="陈晓燕", phone=fresh_phone(), post=post, reason="急", center_id=world.center_id
    )
    assert "在服务器上改了登录或者身份：陈*燕" in browser_of(app, office.auditor).get("/console").text
