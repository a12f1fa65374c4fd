"""Pages of the volunteer over HTTP: from the code on the screen to the receipt."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.checkin import codes, earnings
from ledger.checkin.pages import TICKET_COOKIE
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import parse_public_id
from ledger.kernel.references import make_reference
from ledger.organisations import service as organisations
from tests.browsing import Browser, known_as, log_out
from tests.checkin.days import Day, at
from tests.checkin.phone import Phone, hidden
from tests.databases import on_sqlite


@on_sqlite
def test_a_volunteer_scans_in_and_out_and_reads_the_sum(day: Day, phone: Phone, client: FlaskClient) -> None:
    day.sign_up(9)

    page = phone.get(phone.scan(day, 8.9)).text
    assert "已签到" in page
    assert "王桂兰，辛苦了" in page
    assert "09:00–11:00" in page
    assert "11:30 前" in page

    earned = phone.scan(day, 11.07)
    assert earned.startswith("/attendances/")
    page = phone.get(earned).text
    assert "120 ÷ 60 × 1.00" in page
    assert "班次外 10 分钟不计" in page
    assert "第 1 版" in page

    objection = phone.get(f"{earned}/objection").text
    assert "柳荫站" in objection
    assert "演示中心" in objection

    anybody = Browser(client)
    log_out(client)
    assert anybody.get(earned).status_code == 302


@on_sqlite
def test_a_slow_log_in_keeps_the_scan(day: Day, client: FlaskClient) -> None:
    day.sign_up(9)
    stranger = Phone(client)
    with clock.at(at(9)):
        stranger.get(f"/s/{day.screen(9).lower()}")
        cookie = client.get_cookie(known_as(client, TICKET_COOKIE))
        assert cookie is not None
        assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 300)
        assert cookie.secure
        sent_away = stranger.get("/checkin")
        assert (sent_away.status_code, sent_away.location) == (302, "/log-in?next=/checkin")
    with clock.at(at(9) + timedelta(minutes=4, seconds=50)):
        phone = Phone(client, day.volunteer)
        page = phone.get(phone.send(phone.get("/checkin").text, "/checkin"))
    assert "已签到" in page.text


@on_sqlite
def test_a_log_in_that_takes_too_long_is_told_to_scan_again(day: Day, phone: Phone) -> None:
    day.sign_up(9)
    with clock.at(at(9)):
        phone.get(f"/S/{day.screen(9)}")
    with clock.at(at(9) + timedelta(minutes=5, seconds=1)):
        assert "先扫码" in phone.get("/checkin").text
        answer = phone.post("/checkin", client_scan_id="whatever-it-is", intent="auto")
        assert (answer.status_code, answer.location) == (303, "/checkin")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (lambda day: day.screen(8.9), "这个码过期了"),
        (lambda day: day.screen(9.1), "屏幕的时间走快了"),
        (lambda day: day.screen(9)[:-2] + "AA", "这不是本站的码"),
    ],
)
@on_sqlite
def test_a_bad_code_says_why_and_what_to_do(day: Day, client: FlaskClient, shown: Any, words: str) -> None:
    with clock.at(at(9)):
        answer = client.get(f"/S/{shown(day)}")

    assert answer.status_code == 422
    assert "没签上" in answer.text
    assert words in answer.text
    assert "怎么办" in answer.text
    assert client.get_cookie(known_as(client, TICKET_COOKIE)) is None


@on_sqlite
def test_a_replaced_print_is_told_so(day: Day, client: FlaskClient) -> None:
    paper = codes.paper_code(day.world.center_id, day.world.station_id, 1).code
    assert client.get(f"/S/{paper}").status_code == 303
    in_transaction(organisations.raise_code_version, day.world.station_id, actor=day.world.builder)

    assert "已经换过" in client.get(f"/S/{paper}").text


@on_sqlite
def test_loading_the_page_again_changes_nothing(day: Day, phone: Phone) -> None:
    day.sign_up(9)
    with clock.at(at(9)):
        phone.get(f"/S/{day.screen(9)}")
        first = phone.get("/checkin")
        again = phone.get("/checkin")
        assert hidden(first.text, "client_scan_id") == hidden(again.text, "client_scan_id")
        results = {phone.send(first.text, "/checkin"), phone.send(again.text, "/checkin")}
    assert len(results) == 1


@on_sqlite
def test_a_question_is_answered_with_a_button(day: Day, phone: Phone) -> None:
    day.world.add_shift(at(9))
    with clock.at(at(9)):
        asked = phone.get(phone.scan(day, 9)).text
        assert "问您一句" in asked
        assert "没报“社区巡逻”，现在加入吗" in asked
        assert phone.get("/checkin").status_code == 200
        page = phone.get(phone.send(asked, "/checkin")).text
    assert "已签到" in page


@on_sqlite
def test_two_questions_come_one_after_the_other(day: Day, phone: Phone) -> None:
    other = day.world.add_station("东门站")
    day.world.add_shift(at(9), station_id=other)
    day.sign_up(9)
    phone.scan(day, 9)
    day.world.add_shift(at(10), station_id=other)
    with clock.at(at(10)):
        phone.get(f"/S/{codes.screen_code(day.world.center_id, other, 1, at(10)).code}")
        address = phone.send(phone.get("/checkin").text, "/checkin")
        for words in ("没报", "还签在柳荫站"):
            page = phone.get(address).text
            assert words in page
            address = phone.send(page, "/checkin")
        assert "已签到" in phone.get(address).text


@on_sqlite
def test_who_wants_to_leave_at_once_can(day: Day, phone: Phone) -> None:
    day.sign_up(9)
    phone.scan(day, 9)
    with clock.at(at(9.05)):
        already = phone.get(phone.scan(day, 9.05)).text
        assert "已经签到了" in already
        question = phone.get(phone.send(already, "/checkin")).text
        assert "就要签退吗" in question
        assert "3 分钟" in phone.get(phone.send(question, "/checkin")).text


@on_sqlite
def test_who_comes_back_at_once_can(day: Day, phone: Phone) -> None:
    day.sign_up(9)
    phone.scan(day, 9)
    phone.scan(day, 9.5)
    with clock.at(at(9.52)):
        already = phone.get(phone.scan(day, 9.52)).text
        assert "已经签退了" in already
        assert "已签到" in phone.get(phone.send(already, "/checkin")).text


@on_sqlite
def test_a_late_check_out_is_explained(day: Day, phone: Phone) -> None:
    day.sign_up(9)
    phone.scan(day, 9)

    page = phone.get(phone.scan(day, 12)).text

    assert "忘了签退，等站长定时间" in page
    assert "11:30 就过了签退时间" in page


@on_sqlite
def test_staff_who_are_no_volunteers_are_told_so(day: Day, client: FlaskClient) -> None:
    phone = Phone(client, day.clerk)

    assert "您还不是这里的志愿者" in phone.get(phone.scan(day, 9)).text


@on_sqlite
def test_a_result_is_for_who_scanned_alone(day: Day, client: FlaskClient, phone: Phone) -> None:
    day.sign_up(9)
    address = phone.scan(day, 9)

    assert Browser(client, day.world.add_volunteer("李建国")).get(address).status_code == 404


@on_sqlite
def test_the_receipt_names_nobody_and_says_whether_it_stands(day: Day, phone: Phone, client: FlaskClient) -> None:
    day.sign_up(9)
    phone.scan(day, 9)
    earned = phone.scan(day, 11)
    reference = make_reference(earnings.PURPOSE, day.world.center_id, parse_public_id(earned.rpartition("/")[2]))
    log_out(client)

    for address in (f"/A/{reference}", f"/a/{reference.lower()}"):
        page = client.get(address)
        assert page.status_code == 200
        assert "这张凭证有效" in page.text
        assert "2.00 分" in page.text
        assert "柳荫站" in page.text
        assert "桂兰" not in page.text
        assert "王" not in page.text
    assert client.get(f"/A/{reference[:-1]}X").status_code == 404
    assert client.get("/A/你好").status_code == 404
