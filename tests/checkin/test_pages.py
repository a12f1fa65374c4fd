"""Pages of check-in over HTTP: from the code on the screen to the receipt."""

import re

import pytest
from flask.testing import FlaskClient

from ledger.checkin import codes
from ledger.kernel import clock
from tests.browsing import Browser
from tests.checkin.conftest import Day, at


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
