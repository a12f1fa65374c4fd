"""Pages of check-in over HTTP: from the code on the screen to the receipt."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.checkin import codes, earnings
from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import parse_public_id, public_id
from ledger.organisations import service as organisations
from tests.browsing import Browser
from tests.checkin.conftest import Day, at, scan


def code(day: Day, hour: float) -> str:
    return codes.screen_code(day.world.center_id, day.world.station_id, 1, at(hour)).code


def hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


class Phone(Browser):
    """A volunteer's phone that scans the station's screen."""

    def scan(self, day: Day, hour: float) -> str:
        """Open the address in the code, let the page send itself, and give the address of the answer."""
        with clock.at(at(hour)):
            opened = self.get(f"/S/{code(day, hour)}")
            assert (opened.status_code, opened.location) == (303, "/checkin")
            page = self.get("/checkin")
            assert page.status_code == 200, page.text
            return self.send(page.text, "/checkin")

    def send(self, page: str, address: str, form: int = 0) -> str:
        """Press the button of the page's form."""
        typed = {"client_scan_id": hidden(page, "client_scan_id")[form], "intent": hidden(page, "intent")[form]}
        answer = self.post(address, **typed, confirmed=hidden(page, "confirmed"))
        assert answer.status_code == 303, answer.text
        return str(answer.location)


def sign_up(day: Day, shift_id: int) -> None:
    with clock.at(at(7)):
        day.world.sign_up(shift_id, day.volunteer)


@pytest.fixture
def phone(day: Day, client: FlaskClient) -> Phone:
    return Phone(client, day.volunteer)


def test_a_volunteer_scans_in_and_out_and_reads_the_sum(day: Day, phone: Phone, client: FlaskClient) -> None:
    sign_up(day, day.world.add_shift(at(9)))

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
    client.delete_cookie("ningxin")
    assert anybody.get(earned).status_code == 302


def test_a_slow_log_in_keeps_the_scan(day: Day, client: FlaskClient) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    stranger = Phone(client)
    with clock.at(at(9)):
        stranger.get(f"/s/{code(day, 9).lower()}")
        cookie = client.get_cookie("scan-ticket", path="/checkin")
        assert cookie is not None
        assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 300)
        assert cookie.secure
        sent_away = stranger.get("/checkin")
        assert (sent_away.status_code, sent_away.location) == (302, "/log-in?next=/checkin")
    with clock.at(at(9) + timedelta(minutes=4, seconds=50)):
        phone = Phone(client, day.volunteer)
        page = phone.get(phone.send(phone.get("/checkin").text, "/checkin"))
    assert "已签到" in page.text


def test_a_log_in_that_takes_too_long_is_told_to_scan_again(day: Day, phone: Phone) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    with clock.at(at(9)):
        phone.get(f"/S/{code(day, 9)}")
    with clock.at(at(9) + timedelta(minutes=5, seconds=1)):
        assert "先扫码" in phone.get("/checkin").text
        answer = phone.post("/checkin", client_scan_id="whatever-it-is", intent="auto")
        assert (answer.status_code, answer.location) == (303, "/checkin")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (lambda day: code(day, 8.9), "这个码过期了"),
        (lambda day: code(day, 9.1), "屏幕的时间走快了"),
        (lambda day: code(day, 9)[:-2] + "AA", "这不是本站的码"),
    ],
)
def test_a_bad_code_says_why_and_what_to_do(day: Day, client: FlaskClient, shown: Any, words: str) -> None:
    with clock.at(at(9)):
        answer = client.get(f"/S/{shown(day)}")

    assert answer.status_code == 422
    assert "没签上" in answer.text
    assert words in answer.text
    assert "怎么办" in answer.text
    assert client.get_cookie("scan-ticket", path="/checkin") is None


def test_a_replaced_print_is_told_so(day: Day, client: FlaskClient) -> None:
    paper = codes.paper_code(day.world.center_id, day.world.station_id, 1).code
    assert client.get(f"/S/{paper}").status_code == 303
    in_transaction(organisations.raise_code_version, day.world.station_id, actor=day.world.builder)

    assert "已经换过" in client.get(f"/S/{paper}").text


def test_loading_the_page_again_changes_nothing(day: Day, phone: Phone) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    with clock.at(at(9)):
        phone.get(f"/S/{code(day, 9)}")
        first = phone.get("/checkin")
        again = phone.get("/checkin")
        assert hidden(first.text, "client_scan_id") == hidden(again.text, "client_scan_id")
        results = {phone.send(first.text, "/checkin"), phone.send(again.text, "/checkin")}
    assert len(results) == 1


def test_a_question_is_answered_with_a_button(day: Day, phone: Phone) -> None:
    day.world.add_shift(at(9))
    with clock.at(at(9)):
        asked = phone.get(phone.scan(day, 9)).text
        assert "问您一句" in asked
        assert "没报“社区巡逻”，现在加入吗" in asked
        assert phone.get("/checkin").status_code == 200
        page = phone.get(phone.send(asked, "/checkin")).text
    assert "已签到" in page


def test_two_questions_come_one_after_the_other(day: Day, phone: Phone) -> None:
    other = day.world.add_station("东门站")
    day.world.add_shift(at(9), station_id=other)
    sign_up(day, day.world.add_shift(at(9)))
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


def test_who_wants_to_leave_at_once_can(day: Day, phone: Phone) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    phone.scan(day, 9)
    with clock.at(at(9.05)):
        already = phone.get(phone.scan(day, 9.05)).text
        assert "已经签到了" in already
        question = phone.get(phone.send(already, "/checkin")).text
        assert "就要签退吗" in question
        assert "3 分钟" in phone.get(phone.send(question, "/checkin")).text


def test_who_comes_back_at_once_can(day: Day, phone: Phone) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    phone.scan(day, 9)
    phone.scan(day, 9.5)
    with clock.at(at(9.52)):
        already = phone.get(phone.scan(day, 9.52)).text
        assert "已经签退了" in already
        assert "已签到" in phone.get(phone.send(already, "/checkin")).text


def test_a_late_check_out_is_explained(day: Day, phone: Phone) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    phone.scan(day, 9)

    page = phone.get(phone.scan(day, 12)).text

    assert "忘了签退，等站长定时间" in page
    assert "11:30 就过了签退时间" in page


def test_staff_who_are_no_volunteers_are_told_so(day: Day, client: FlaskClient) -> None:
    phone = Phone(client, day.clerk)

    assert "您还不是这里的志愿者" in phone.get(phone.scan(day, 9)).text


def test_a_result_is_for_who_scanned_alone(day: Day, client: FlaskClient, phone: Phone) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    address = phone.scan(day, 9)

    assert Browser(client, day.world.add_volunteer("李建国")).get(address).status_code == 404


def test_the_receipt_names_nobody_and_says_whether_it_stands(day: Day, phone: Phone, client: FlaskClient) -> None:
    sign_up(day, day.world.add_shift(at(9)))
    phone.scan(day, 9)
    earned = phone.scan(day, 11)
    reference = earnings.make_reference(
        earnings.PURPOSE, day.world.center_id, parse_public_id(earned.rpartition("/")[2])
    )
    client.delete_cookie("ningxin")

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


class TestDesk:
    """The station's own pages."""

    def test_a_clerk_of_one_station_scans_there(self, day: Day, client: FlaskClient) -> None:
        page = Browser(client, day.clerk).get("/scan")
        assert f'data-station-id="{public_id(day.world.station_id)}"' in page.text

    def test_a_clerk_of_several_says_where(self, day: Day, client: FlaskClient) -> None:
        other = day.world.add_station("东门站")
        day.world.employ(day.clerk, "clerk", place_id=other)
        clerk = Browser(client, day.clerk)
        day.world.add_shift(clock.now())

        where = clerk.get("/scan").text
        assert "在哪里扫码签到" in where
        today, others = where.partition("今天有班")[2].split("其他站点", 1)
        assert ("柳荫站" in today, "东门站" in others, "东门站" in today) == (True, True, False)
        chosen = clerk.get(f"/scan?station={public_id(other)}").text
        assert f'data-station-id="{public_id(other)}"' in chosen
        unknown = clerk.get(f"/scan?station={public_id(day.world.top_id)}")
        assert "那个站点不归您扫" in unknown.text

    def test_a_card_read_by_a_clerks_own_phone_leads_to_the_scan_page(self, day: Day, client: FlaskClient) -> None:
        address = f"/K/{day.volunteer.card}"
        assert "/scan" not in client.get(address).text
        assert 'href="/scan"' in Browser(client, day.clerk).get(address).text

    def test_the_stations_page_leads_to_its_screen_its_paper_and_its_list(self, day: Day, client: FlaskClient) -> None:
        station = public_id(day.world.station_id)
        manager = Browser(client, day.manager)
        page = manager.get(f"/places/{station}").text
        for name in ("screen", "paper", "attendances"):
            assert f'href="/stations/{station}/{name}"' in page
            assert manager.get(f"/stations/{station}/{name}").status_code == 200

    def test_the_screen_and_the_paper_are_for_staff(self, day: Day, client: FlaskClient) -> None:
        station = public_id(day.world.station_id)
        clerk, manager = Browser(client, day.clerk), day.manager
        assert 'id="station-svg"' in clerk.get(f"/stations/{station}/screen").text
        assert clerk.get(f"/stations/{station}/paper").status_code == 403
        page = Browser(client, manager).get(f"/stations/{station}/paper")
        assert page.status_code == 200
        assert "<svg" in page.text
        assert f"/places/{station}" in page.text
        other = public_id(day.world.add_station("东门站"))
        for name in ("screen", "paper", "attendances"):
            assert Browser(client, manager).get(f"/stations/{other}/{name}").status_code == 404

    def test_the_list_is_exported_as_it_is_seen(self, day: Day, client: FlaskClient) -> None:
        other = day.world.add_volunteer("李建国")
        sign_up(day, day.world.add_shift(at(9)))
        day.card(9)
        day.card(11)
        day.card(9.5, other, confirmed=("WALK_IN",))
        address = f"/stations/{public_id(day.world.station_id)}/attendances"
        clerk = Browser(client, day.clerk)

        assert re.findall("王[*]兰|李[*]国", clerk.get(f"{address}?sort=opened_at").text) == ["王*兰", "李*国"]
        lines = clerk.get(f"{address}.csv?sort=opened_at").get_data().decode("utf-8-sig").splitlines()
        assert [line.rpartition(",")[0] for line in lines[1:]] == [
            "2026-06-03,王*兰,社区巡逻,09:00–11:00,09:00,11:00,120,2.00,已记账",
            "2026-06-03,李*国,社区巡逻,09:00–11:00,09:30,,0,0.00,正在服务",
        ]
        narrowed = clerk.get(f"{address}.csv?status=OPEN&from=2026-06-03&to=2026-06-03")
        assert len(narrowed.get_data().splitlines()) == 2
        assert clerk.get(f"{address}.xlsx").get_data().startswith(b"PK")
        assert "王桂兰" in Browser(client, day.manager).get(address).text
        assert clerk.get(f"{address}?from=2026-06-04").text.count("这里没有出勤") == 1

    def test_who_was_refused_is_told_by_the_number_they_read_out(
        self, day: Day, phone: Phone, client: FlaskClient
    ) -> None:
        sign_up(day, day.world.add_shift(at(9)))
        refused = phone.get(phone.scan(day, 8)).text
        number = re.search(r'class="nx-ref">([^<]+)<', refused)
        assert number is not None

        with clock.at(at(8.1)):
            page = Browser(client, day.manager).get(f"/stations/{public_id(day.world.station_id)}/attendances").text
        assert "今天没签上的" in page
        line = next(line for line in page.splitlines() if number[1] in line)
        assert "王桂兰" in line
        assert "还没到签到时间，08:30 起" in line

    def test_nobody_guesses_when_a_forgetful_one_left(self, day: Day, client: FlaskClient) -> None:
        sign_up(day, day.world.add_shift(at(9)))
        day.card(9)
        day.card(12)
        manager = Browser(client, day.manager)

        lines = manager.get(f"/stations/{public_id(day.world.station_id)}/attendances.csv").get_data()

        assert "09:00–11:00,09:00,,0,0.00,待审" in lines.decode("utf-8-sig")


class TestReviewPages:
    """Two people decide."""

    @pytest.fixture
    def address(self, day: Day) -> str:
        sign_up(day, day.world.add_shift(at(9)))
        attendance_id = day.card(9).attendance["id"]
        day.card(12)
        return f"/reviews/{public_id(attendance_id)}"

    def test_the_manager_sets_the_real_end(self, day: Day, client: FlaskClient, address: str) -> None:
        manager = Browser(client, day.manager)
        assert address in manager.get("/reviews").text
        page = manager.get(address).text
        assert "王桂兰" in page
        assert "忘了签退" in page
        assert "不记积分" in page
        with clock.at(at(13)):
            wrong = manager.post(address, decision="approve", day="2026-06-03", time="08:00", note="问过")
            assert wrong.status_code == 422
            assert "签退时间要在签到以后" in wrong.text
            assert 'value="08:00"' in wrong.text
            unreadable = manager.post(address, decision="approve", day="昨天", time="08:00")
            assert unreadable.status_code == 422
            unsaid = manager.post(address, decision="approve", day="2026-06-03")
            assert (unsaid.status_code, "没说实际几点走的" in unsaid.text) == (422, True)
            known = {"day": "2026-06-03", "time": "10:30", "note": "问过队长"}
            done = manager.post(address, decision="approve", **known)
            assert (done.status_code, done.location) == (303, "/reviews?done=approve")
        assert "没有要审的" in manager.get(done.location).text
        assert "这条已经审过了" in manager.get(address).text
        earned = Browser(client, day.volunteer).get(address.replace("reviews", "attendances")).text
        assert "忘了签退的，时长照记，不记积分" in earned
        assert "问过队长" in earned

    def test_a_rejection_needs_a_reason(self, day: Day, client: FlaskClient, address: str) -> None:
        manager = Browser(client, day.manager)
        with clock.at(at(13)):
            mute = manager.post(address, decision="reject")
            assert (mute.status_code, "不通过要写明理由" in mute.text) == (422, True)
            assert manager.post(address, decision="reject", note="当天没有来").status_code == 303
        earned = Browser(client, day.volunteer).get(address.replace("reviews", "attendances")).text
        assert "当天没有来" in earned

    def test_who_scanned_is_told_that_another_decides(self, day: Day, client: FlaskClient) -> None:
        sign_up(day, day.world.add_shift(at(9)))
        with clock.at(at(9)):
            opened = scan(day.manager, card=day.volunteer.card, station_id=day.world.station_id)
        day.card(12)
        address = f"/reviews/{public_id(opened.attendance['id'])}"
        manager = Browser(client, day.manager)

        page = manager.get(address).text

        assert "这条要另一个人来审" in page
        assert "decision" not in page
        with clock.at(at(13)):
            refused = manager.post(address, decision="approve", day="2026-06-03", time="10:30")
        assert refused.status_code == 403

    def test_a_clerk_has_no_business_there(self, day: Day, client: FlaskClient, address: str) -> None:
        assert Browser(client, day.clerk).get(address).status_code == 403
