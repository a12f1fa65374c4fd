"""Pages of the station over HTTP: scanning, screen, wall code, attendance list, and reviews."""

import re

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.ids import public_id
from tests.browsing import Browser
from tests.checkin.days import Day, at, scan
from tests.checkin.phone import Phone
from tests.databases import on_sqlite


class TestDesk:
    """The station's own pages."""

    @on_sqlite
    def test_a_clerk_of_one_station_scans_there(self, day: Day, client: FlaskClient) -> None:
        page = Browser(client, day.clerk).get("/scan")
        assert f'data-station-id="{public_id(day.world.station_id)}"' in page.text

    @on_sqlite
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

    @on_sqlite
    def test_a_card_read_by_a_clerks_own_phone_leads_to_the_scan_page(self, day: Day, client: FlaskClient) -> None:
        address = "/K"
        assert "/scan" not in client.get(address).text
        assert 'href="/scan"' in Browser(client, day.clerk).get(address).text

    @on_sqlite
    def test_the_stations_page_leads_to_its_screen_its_paper_and_its_list(self, day: Day, client: FlaskClient) -> None:
        station = public_id(day.world.station_id)
        manager = Browser(client, day.manager)
        page = manager.get(f"/places/{station}").text
        for name in ("screen", "paper", "attendances"):
            assert f'href="/stations/{station}/{name}"' in page
            assert manager.get(f"/stations/{station}/{name}").status_code == 200

    @on_sqlite
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
        day.sign_up(9)
        day.card(9)
        day.card(11)
        day.card(9.5, other, confirmed=("WALK_IN",))
        address = f"/stations/{public_id(day.world.station_id)}/attendances"
        clerk = Browser(client, day.clerk)

        assert re.findall("王[*]兰|李[*]国", clerk.get(f"{address}?sort=opened_at").text) == ["王*兰", "李*国"]
        lines = clerk.get(f"{address}.csv?sort=opened_at").get_data().decode("utf-8-sig").splitlines()
        assert [line.rpartition(",")[0] for line in lines[1:]] == [
            "2026-06-03,王*兰,社区巡逻,09:00–11:00,09:00,11:00,120,2.00,已记账,",
            "2026-06-03,李*国,社区巡逻,09:00–11:00,09:30,,0,0.00,正在服务,",
        ]
        narrowed = clerk.get(f"{address}.csv?status=OPEN&from=2026-06-03&to=2026-06-03")
        assert len(narrowed.get_data().splitlines()) == 2
        assert clerk.get(f"{address}.xlsx").get_data().startswith(b"PK")
        assert "王桂兰" in Browser(client, day.manager).get(address).text
        assert clerk.get(f"{address}?from=2026-06-04").text.count("这里没有出勤") == 1

    def test_who_was_refused_is_told_by_the_number_they_read_out(
        self, day: Day, phone: Phone, client: FlaskClient
    ) -> None:
        day.sign_up(9)
        refused = phone.get(phone.scan(day, 8)).text
        number = re.search(r'class="nx-ref">([^<]+)<', refused)
        assert number is not None

        with clock.at(at(8.1)):
            page = Browser(client, day.manager).get(f"/stations/{public_id(day.world.station_id)}/attendances").text
        assert "今天没签上的" in page
        line = next(line for line in page.splitlines() if number[1] in line)
        assert "王桂兰" in line
        assert "还没到签到时间，08:30 起" in line

    @on_sqlite
    def test_nobody_guesses_when_a_forgetful_one_left(self, day: Day, client: FlaskClient) -> None:
        day.sign_up(9)
        day.card(9)
        day.card(12)
        manager = Browser(client, day.manager)

        lines = manager.get(f"/stations/{public_id(day.world.station_id)}/attendances.csv").get_data()

        assert "09:00–11:00,09:00,,0,0.00,待审" in lines.decode("utf-8-sig")


class TestReviewPages:
    """Review pages; two people are involved."""

    @pytest.fixture
    def address(self, day: Day) -> str:
        day.sign_up(9)
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

    @on_sqlite
    def test_a_rejection_needs_a_reason(self, day: Day, client: FlaskClient, address: str) -> None:
        manager = Browser(client, day.manager)
        with clock.at(at(13)):
            mute = manager.post(address, decision="reject")
            assert (mute.status_code, "不通过要写明理由" in mute.text) == (422, True)
            assert manager.post(address, decision="reject", note="当天没有来").status_code == 303
        earned = Browser(client, day.volunteer).get(address.replace("reviews", "attendances")).text
        assert "当天没有来" in earned

    @on_sqlite
    @pytest.mark.parametrize("decision", ["", "Approve", "approve ", "yes"])
    def test_what_is_no_decision_decides_nothing(
        self, day: Day, client: FlaskClient, address: str, decision: str
    ) -> None:
        manager = Browser(client, day.manager)
        with clock.at(at(13)):
            answer = manager.post(address, decision=decision, note="当天没有来")
        assert (answer.status_code, "请选一样" in answer.text) == (422, True)
        assert [visit["status"] for visit in day.visits()] == ["PENDING"]

    @on_sqlite
    def test_who_scanned_is_told_that_another_decides(self, day: Day, client: FlaskClient) -> None:
        day.sign_up(9)
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

    @on_sqlite
    def test_the_household_is_told_that_another_decides(self, day: Day, client: FlaskClient, address: str) -> None:
        day.world.house("柳荫017", day.manager, day.volunteer)
        manager = Browser(client, day.manager)

        page = manager.get(address).text

        assert "这条要另一户的人来审" in page
        assert "decision" not in page
        with clock.at(at(13)):
            refused = manager.post(address, decision="approve", day="2026-06-03", time="10:30")
        assert refused.status_code == 403

    @on_sqlite
    def test_a_clerk_has_no_business_there(self, day: Day, client: FlaskClient, address: str) -> None:
        assert Browser(client, day.clerk).get(address).status_code == 403
