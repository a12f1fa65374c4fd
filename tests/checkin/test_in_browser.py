"""Check-in in a real browser: a camera reads a card, a phone opens the screen's code, and every page looks right."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy.orm import Session

from ledger.checkin import service
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.people.access import credentials
from ledger.people.access.passwords import hash_password
from ledger.people.volunteers import queries as people
from ledger.points.models import Transfer
from tests.browser import (
    DESKTOP,
    NARROW,
    PHONE,
    CameraBrowser,
    OpenPage,
    log_in,
    look_at,
    write_clip,
)
from tests.checkin.days import Day, at
from tests.databases import on_sqlite
from tests.runtimes import CLOCK, RehearsalClock
from tests.world import Person

pytestmark = [pytest.mark.browser, on_sqlite]
PASSWORD = "白云山下有三只羊"
WALL: ViewportSize = {"width": 1920, "height": 1080}


@pytest.fixture
def rehearsal() -> Iterator[RehearsalClock]:
    """The clock of the server and the test, set by the test."""
    CLOCK.instant = at(9)
    yield CLOCK
    CLOCK.instant = None


def test_a_printed_card_is_scanned_by_the_camera(
    day: Day, rehearsal: RehearsalClock, open_page: OpenPage, camera_browser: CameraBrowser, tmp_path: Path
) -> None:
    day.sign_up(9)
    card = f"HTTPS://JF.EXAMPLE.ORG/K#{day.volunteer.card}"
    with camera_browser(write_clip(tmp_path / "card.y4m", card)) as browser:
        page = open_page(day.clerk, browser=browser, size=PHONE)
        page.goto("/scan")

        last = page.locator("#last .nx-last")
        expect(last).to_have_attribute("data-kind", "ok")
        expect(last).to_contain_text("王*兰")
        expect(last).to_contain_text("已签到")
        expect(last).to_contain_text("社区巡逻 09:00–11:00")
        expect(page.locator("#queue")).to_contain_text("都上传了")
        look_at(page, "scan-in")
        rehearsal.instant = at(11.07)
        page.reload()
        expect(last).to_contain_text("120 分钟，+2.00 分")
        look_at(page, "scan-out")


# Types as a gun does while a Chinese input method hides the signs: each key says where it lies and nothing else.
GUN = """(code) => {
  const places = { ':': ['Semicolon', true], '/': ['Slash', false], '.': ['Period', false], '#': ['Digit3', true] };
  const press = (init) => document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...init }));
  for (const sign of code) {
    const [place, shiftKey] = places[sign] ?? (/\\d/.test(sign) ? [`Digit${sign}`, false] : [`Key${sign}`, true]);
    press({ key: 'Process', code: place, shiftKey });
  }
  press({ key: 'Enter', code: 'Enter' });
}"""


def test_a_printed_card_is_scanned_by_a_gun_behind_an_input_method(
    day: Day, rehearsal: RehearsalClock, open_page: OpenPage
) -> None:
    day.sign_up(9)
    page = open_page(day.clerk)
    page.goto("/scan")

    page.evaluate(GUN, f"HTTPS://JF.EXAMPLE.ORG/K#{day.volunteer.card}")

    expect(page.locator("#last .nx-last")).to_have_attribute("data-kind", "ok")
    expect(page.locator("#last .nx-last")).to_contain_text("王*兰")


def test_a_page_left_open_scans_for_nobody_who_logs_in_after(
    day: Day, rehearsal: RehearsalClock, open_page: OpenPage
) -> None:
    day.sign_up(9)
    page = open_page(day.clerk)
    page.goto("/scan")
    log_in(page, day.world.add_staff("clerk", name="周店员"))

    page.evaluate(GUN, f"HTTPS://JF.EXAMPLE.ORG/K#{day.volunteer.card}")
    expect(page.locator("#last")).to_contain_text("这条存在本机")

    log_in(page, day.clerk)
    page.reload()
    expect(page.locator("#last .nx-last")).to_have_attribute("data-kind", "ok")


def read_screen(screen: Page) -> str:
    """The address that a phone's camera reads from the station's screen."""
    expect(screen.locator("#station-svg svg")).to_be_visible()
    picture = Image.open(io.BytesIO(screen.screenshot()))
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    return found[0].text


def set_password(person: Person) -> str:
    """Give somebody a password; returns their phone number."""
    phone = in_snapshot(people.get_volunteer_details, person.volunteer_id, person.actor.center_id).phone
    assert phone is not None
    known = hash_password(PASSWORD, phone=phone)
    in_transaction(credentials.set_password, person.identity_id, person.actor.center_id, password_hash=known)
    return phone


def award_of(session: Session, center_id: int) -> int:
    query = session.query(Transfer.id).filter(Transfer.center_id == center_id, Transfer.code == "award")
    return int(query.one().id)


def test_a_volunteer_opens_the_screens_code_logs_in_and_reads_what_was_earned(
    day: Day, rehearsal: RehearsalClock, open_page: OpenPage, client: FlaskClient
) -> None:
    day.sign_up(9)
    phone_number = set_password(day.volunteer)
    rehearsal.instant = at(8.87)
    screen = open_page(day.clerk, size=WALL)
    screen.goto(f"/stations/{public_id(day.world.station_id)}/screen")
    phone = open_page(size=PHONE)

    phone.goto(read_screen(screen))
    expect(phone.get_by_role("button", name="登录")).to_be_visible()
    rehearsal.instant += timedelta(minutes=3)
    phone.get_by_label("手机号").fill(phone_number)
    phone.get_by_label("密码", exact=True).fill(PASSWORD)
    phone.get_by_role("button", name="登录").click()
    expect(phone.get_by_role("heading", name="已签到")).to_be_visible()
    expect(phone.get_by_text("王桂兰，辛苦了")).to_be_visible()
    look_at(phone, "checked-in")
    expect(screen.locator("#arrivals")).to_contain_text("王*兰")
    look_at(screen, "station-screen")

    rehearsal.instant = at(11.07)
    screen.reload()
    phone.goto(read_screen(screen))
    expect(phone.get_by_text("120 ÷ 60 × 1.00")).to_be_visible()
    expect(phone.locator(".nx-figure--hero")).to_contain_text("+2.00")
    look_at(phone, "earned")

    transfer = public_id(in_snapshot(award_of, day.world.center_id))
    auditor = day.world.add_staff("auditor", place_id=day.world.top_id)
    trace = client.get(f"/api/v1/audit/trace/{transfer}", headers=auditor.headers)
    assert trace.status_code == 200
    attendance = urlsplit(phone.url).path.rpartition("/")[2]
    assert attendance in trace.text
    anybody = open_page(size=PHONE)
    anybody.goto(read_receipt(phone))
    expect(anybody.get_by_text("这张凭证有效")).to_be_visible()
    look_at(anybody, "receipt")


def read_receipt(page: Page) -> str:
    picture = Image.open(io.BytesIO(page.locator(".nx-proofqr").screenshot(scale="css")))
    grown = picture.resize((picture.width * 3, picture.height * 3))
    found = zxingcpp.read_barcodes(grown)
    assert len(found) == 1
    return found[0].text


@pytest.mark.long
class TestLooks:
    """Every page in the sizes and languages it is used in."""

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_results_on_the_phone(
        self, day: Day, rehearsal: RehearsalClock, open_page: OpenPage, language: str
    ) -> None:
        screen = open_page(day.clerk, size=WALL)
        screen.goto(f"/stations/{public_id(day.world.station_id)}/screen")
        phone = open_page(day.volunteer, size=PHONE, language=language)

        def scan(hour: float, name: str) -> None:
            rehearsal.instant = at(hour)
            screen.reload()
            phone.goto(read_screen(screen))
            phone.wait_for_url("**/checkin/*")
            look_at(phone, f"result-{name}-{language}")

        scan(6, "nothing-on")
        day.world.add_shift(at(9))
        scan(8, "too-early")
        scan(9, "question")
        phone.locator("main button").click()
        phone.wait_for_url("**/checkin/*")
        scan(9.05, "already-in")
        phone.locator("main button").click()
        phone.wait_for_url("**/checkin/*")
        look_at(phone, f"result-short-stay-{language}")
        phone.goto("/S/NONSENSE")
        look_at(phone, f"result-bad-code-{language}")
        phone.context.clear_cookies(name="scan-ticket")
        phone.goto("/checkin")
        look_at(phone, f"result-no-scan-{language}")

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_pages_of_the_station(
        self, day: Day, rehearsal: RehearsalClock, open_page: OpenPage, language: str
    ) -> None:
        people = [day.world.add_volunteer(name) for name in ("李建国", "欧阳小芳", "周平")]
        day.sign_up(9, day.volunteer, *people)
        ids = [day.card(9 + turn / 20, person).attendance["id"] for turn, person in enumerate([day.volunteer, *people])]
        for person in people[:2]:
            day.card(11, person)
        rehearsal.instant = at(12)
        in_transaction(service.close_forgotten, day.world.center_id)
        day.world.add_shift(at(13))
        other = day.world.add_station("东门站")
        day.world.employ(day.manager, "station_manager", place_id=other)
        station = public_id(day.world.station_id)
        page = open_page(day.manager, language=language)
        for name, address in {
            "scan-where": "/scan",
            "scan": f"/scan?station={station}",
            "paper": f"/stations/{station}/paper",
            "attendances": f"/stations/{station}/attendances",
            "attendances-none": f"/stations/{station}/attendances?status=VOID",
            "reviews": "/reviews",
            "review": f"/reviews/{public_id(ids[0])}",
            "earned-staff": f"/attendances/{public_id(ids[1])}",
        }.items():
            page.goto(address)
            look_at(page, f"{name}-{language}", PHONE, DESKTOP, NARROW)

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_what_was_earned(self, day: Day, rehearsal: RehearsalClock, open_page: OpenPage, language: str) -> None:
        day.sign_up(9)
        day.sign_up(13)
        first = day.card(9.01).attendance["id"]
        day.card(11)
        second = day.card(13).attendance["id"]
        page = open_page(day.volunteer, size=PHONE, language=language)
        for name, hour in (("open", 14), ("forgotten", 16)):
            rehearsal.instant = at(hour)
            in_transaction(service.close_forgotten, day.world.center_id)
            page.goto(f"/attendances/{public_id(second)}")
            look_at(page, f"earned-{name}-{language}")
        day.review(second, hour=17, ended_at=at(14.5), note="队长说他两点半走的")
        page.goto(f"/attendances/{public_id(second)}")
        look_at(page, f"earned-reviewed-{language}")
        page.goto(f"/attendances/{public_id(first)}")
        look_at(page, f"earned-confirmed-{language}")
        page.get_by_role("link", name="申诉" if language == "zh" else "Object").click()
        page.wait_for_url("**/objection")
        look_at(page, f"objection-{language}")

    def test_large_type_and_the_screen_of_an_empty_day(
        self, day: Day, rehearsal: RehearsalClock, open_page: OpenPage
    ) -> None:
        day.sign_up(9)
        attendance_id = day.card(9).attendance["id"]
        day.card(11)
        page = open_page(day.volunteer, size=PHONE)
        page.goto(f"/attendances/{public_id(attendance_id)}")
        page.get_by_role("button", name="大字").click()
        page.wait_for_url(f"**/attendances/{public_id(attendance_id)}")
        look_at(page, "earned-large")
        rehearsal.instant = at(9, day=3)
        screen = open_page(day.clerk, size=WALL)
        screen.goto(f"/stations/{public_id(day.world.station_id)}/screen")
        expect(screen.locator("#station-svg svg")).to_be_visible()
        look_at(screen, "station-screen-empty")
        upright = open_page(day.clerk, size={"width": 800, "height": 1280})
        upright.goto(f"/stations/{public_id(day.world.station_id)}/screen")
        expect(upright.locator("#station-svg svg")).to_be_visible()
        look_at(upright, "station-screen-upright")
