"""LEDGER_TIMEZONE applies everywhere: dates of winter nights in a zone where the day differs from Shanghai's."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.activities.policy import LONGEST_SHIFT
from ledger.app import create_app
from ledger.audit.verifying import nightly
from ledger.checkin.models import Attendance
from ledger.demo import district
from ledger.demo.logins import make_logins
from ledger.demo.sizes import VILLAGE
from ledger.jobs import SCHEDULE
from ledger.kernel import clock, runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.kernel.runtime import within
from ledger.people.volunteers import service as people
from ledger.points.expiry import service as expiry
from ledger.points.models import Account, Lot
from ledger.points.policy import POINT, Movement
from ledger.rules import service as rules
from ledger.rules.policy import RuleBody
from ledger.shop import settling
from ledger.shop.models import Redemption
from tests.approvals.office import Office
from tests.audit.small_book import redeem, scan, serve
from tests.conftest import settings_on
from tests.databases import sqlite_url
from tests.points.books import ISSUANCE, Books, member
from tests.runtimes import RehearsalClock
from tests.source import package, product
from tests.test_house_rules import fail_on
from tests.world import Person, World

NEW_YEARS_EVE = date(2026, 12, 31)
LAST_DAY = date(2027, 12, 31)


@dataclass
class Winter:
    """Events of December at a place in this zone."""

    app: Flask
    clock: RehearsalClock
    zone: ZoneInfo
    world: World
    office: Office
    clerk: Person
    volunteer: Person
    night_id: int = 0
    evening_id: int = 0
    sold_id: int = 0

    def at(self, month: int, day: int, hour: int, minute: int = 0, *, year: int = 2026) -> datetime:
        """The instant of a local time."""
        return datetime(year, month, day, hour, minute, tzinfo=self.zone)

    def text(self, path: str, person: Person) -> str:
        """The text that a person gets at an address."""
        answer = self.app.test_client().get(path, headers=person.headers | {"Accept": "text/html"})
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_data(as_text=True)


@pytest.fixture(params=["Asia/Urumqi", "America/Los_Angeles"])
def winter(request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Winter]:
    """A visit over midnight on the 29th, one on New Year's Eve until 23:30, and a receipt before midnight."""
    zone, hands = ZoneInfo(request.param), RehearsalClock()
    url = sqlite_url(tmp_path)
    shutil.copyfile(migrated_sqlite, url.removeprefix("sqlite:///"))
    database = Database(url)
    app = create_app(replace(settings_on(url, tmp_path), timezone=zone), database=database, clock=hands)
    hands.instant = datetime(2026, 12, 26, 9, tzinfo=zone)
    with within(app.extensions["runtime"]):
        world = World(database)
        office = Office(world)
        found = Winter(app, hands, zone, world, office, world.add_staff("clerk"), office.volunteer)
        _live(found)
        yield found
    database.close()


def _live(winter: Winter) -> None:
    world, clerk, volunteer = winter.world, winter.clerk, winter.volunteer
    body = RuleBody(automatic_minutes_per_day=300)
    in_transaction(rules.add_version, body, effective_from=clock.now() + timedelta(hours=1), actor=world.builder)
    card = in_transaction(people.issue_card, volunteer.volunteer_id, expires_on=NEW_YEARS_EVE, actor=world.builder)
    volunteer.card = card.token
    shop_id = world.add_shop()
    item_id = world.add_item(shop_id, points=100)
    world.add_shift(winter.at(12, 29, 20), hours=8)
    world.add_shift(winter.at(12, 31, 21, 30), hours=2)
    winter.night_id = serve(world, clerk, volunteer, winter.at(12, 29, 20), minutes=480)
    winter.evening_id = serve(world, clerk, volunteer, winter.at(12, 31, 21, 30), minutes=120)
    winter.clock.instant = winter.at(12, 31, 23, 50)
    winter.sold_id = redeem(world, clerk, volunteer, shop_id, {item_id: 1})


def column(of: sa.ColumnElement[object], *where: sa.ColumnElement[bool]) -> list[object]:
    """A column of the matching rows, in key order."""

    def query(session: Session) -> list[object]:
        return list(session.execute(sa.select(of).where(*where)).scalars())

    return in_snapshot(query)


def test_a_visit_over_midnight_counts_for_both_days(winter: Winter) -> None:
    """Four hours on each day: within the five that need no review, while eight would exceed them."""
    found = column(Attendance.status, Attendance.id == winter.night_id)
    assert found == ["CONFIRMED"]


def test_points_of_new_years_eve_are_of_the_old_year(winter: Winter) -> None:
    found = column(Lot.expires_on, Lot.center_id == winter.world.center_id)
    assert found == [LAST_DAY, LAST_DAY]


def test_a_card_is_good_to_the_end_of_its_last_day(winter: Winter) -> None:
    winter.world.add_shift(winter.at(1, 1, 0, year=2027))
    with clock.at(winter.at(1, 1, 0, 5, year=2027)), pytest.raises(Rejected) as refused:
        scan(winter.world, winter.clerk, winter.volunteer)
    assert refused.value.code == "checkin.card_expired"


def test_a_receipt_before_midnight_is_of_the_old_year(winter: Winter) -> None:
    found = column(Redemption.receipt_year, Redemption.id == winter.sold_id)
    assert found == [2026]
    receipts = winter.text("/receipts.csv", winter.clerk)
    assert "2026-000001" in receipts
    assert "2026年12月31日 23:50" in receipts


def test_a_receipt_may_be_voided_until_a_quarter_past_midnight(winter: Winter) -> None:
    with clock.at(winter.at(1, 1, 0, 15, year=2027)), pytest.raises(Rejected) as refused:
        in_transaction(settling.void, winter.sold_id, "拿错了", actor=winter.clerk.actor)
    assert refused.value.code == "shop.void_window_closed"
    with clock.at(winter.at(1, 1, 0, 14, year=2027)):
        in_transaction(settling.void, winter.sold_id, "拿错了", actor=winter.clerk.actor)


def test_history_is_grouped_filtered_and_written_by_the_days(winter: Winter) -> None:
    history = winter.text("/me/history", winter.volunteer)
    assert ("12月31日" in history, "1月1日" in history) == (True, False)
    eve = winter.text("/me/history.csv?since=2026-12-31&until=2026-12-31", winter.volunteer)
    assert [line.split(",")[:2] for line in eve.splitlines()[1:]] == [["2026-12-31", "23:50"], ["2026-12-31", "23:30"]]


def test_the_list_of_attendances_is_filtered_and_written_by_the_days(winter: Winter) -> None:
    station = public_id(winter.world.station_id)
    night = winter.text(f"/stations/{station}/attendances.csv?from=2026-12-29&to=2026-12-29", winter.clerk)
    assert len(night.splitlines()) == 2
    assert "2026-12-29" in night
    assert "20:00–次日 04:00" in night


def test_statement_and_trace_show_the_time_on_the_wall(winter: Winter) -> None:
    (account_id,) = column(
        Account.id,
        Account.center_id == winter.world.center_id,
        Account.kind == "member",
        Account.unit == POINT,
        Account.owner_id == winter.volunteer.volunteer_id,
    )
    statement = winter.text(f"/books/accounts/{public_id(int(str(account_id)))}", winter.office.auditor)
    assert "2026年12月31日 23:50" in statement
    assert "2027年1月1日" not in statement.replace("2027年1月1日起", "")


def test_a_month_is_over_at_midnight_and_closed_for_what_is_dated_before_it(winter: Winter) -> None:
    office, books = winter.office, Books(winter.world.center_id)
    december = {"month": "2026-12"}
    with clock.at(winter.at(12, 31, 23, 55)), pytest.raises(Rejected) as early:
        office.propose("points.period_close", december)
    assert early.value.code == "points.period_not_over"
    winter.clock.instant = winter.at(1, 1, 0, 5, year=2027)
    office.approve(office.propose("points.period_close", december))

    books.post(Movement(ISSUANCE, member(), 5, "award"), effective_at=winter.at(1, 1, 0, year=2027))
    with pytest.raises(Rejected) as locked:
        books.post(Movement(ISSUANCE, member(), 5, "award"), effective_at=winter.at(12, 31, 23, 59))
    assert (locked.value.code, locked.value.context["month"]) == ("points.period_locked", "2026-12")


def test_points_expire_once_the_grace_is_over_here(winter: Winter) -> None:
    admin = winter.office.first.actor
    with clock.at(winter.at(1, 30, 23, 59, year=2028)), pytest.raises(Rejected) as early:
        in_transaction(expiry.prepare, LAST_DAY, actor=admin)
    assert early.value.code == "points.expiry_too_early"
    with clock.at(winter.at(1, 31, 0, year=2028)):
        assert in_transaction(expiry.prepare, LAST_DAY, actor=admin)


def test_journals_and_the_bundle_have_the_days_and_say_whose(winter: Winter) -> None:
    auditor = winter.office.auditor
    journal = winter.text("/books/whole.hledger", auditor)
    assert f"days are those of {winter.zone.key}" in journal
    assert "2026-12-31 " in journal
    assert "2027-01-01 " not in journal
    answer = winter.app.test_client().get("/books/bundle.zip", headers=auditor.headers)
    with zipfile.ZipFile(BytesIO(answer.data)) as bundle:
        assert json.loads(bundle.read("manifest.json"))["timezone"] == winter.zone.key


def test_the_book_is_verified_in_the_night(winter: Winter) -> None:
    center_id = winter.world.center_id
    noon, night = winter.at(1, 5, 12, year=2027), winter.at(1, 5, 5, 30, year=2027)
    assert not nightly.verify_tonight(center_id, at=noon)
    verify = next(job for job in SCHEDULE if job.name == "verify")
    assert jobs.run(runtime.current(), verify, at=night) == 1


def test_the_demonstration_keeps_the_hours_of_its_place(winter: Winter) -> None:
    now = winter.at(12, 31, 23, 55)
    script = district.write_script(7, VILLAGE, now, make_logins(), lambda _line: None)
    shifts = [shift for activity in script.activities for shift in activity.shifts]
    # One began an hour ago, and the watch begins at midnight.
    assert {shift.starts_at.astimezone(winter.zone).hour for shift in shifts} <= {0, 8, 9, 14, 15, 18, 23}
    assert all(shift.ends_at.astimezone(UTC) - shift.starts_at.astimezone(UTC) <= LONGEST_SHIFT for shift in shifts)
    assert {at.astimezone(winter.zone).hour for at, _ in script.visits} <= set(range(9, 17))


def test_a_zone_is_named_only_where_the_usual_one_is() -> None:
    allowed = {"config.py": "what it is unless set", "verifier/bundle_file.py": "bundles from before they said theirs"}
    found = {source.path for source in product() if re.search(r"Asia/Shanghai|\bZoneInfo\(", source.text)}
    fail_on(found - allowed.keys(), "Ask ledger.kernel.clock.zone(), or take the zone as an argument.")
    fail_on(allowed.keys() - found, "These are gone: take them off.")


def test_no_other_zone_is_asked() -> None:
    others = re.compile(r"flask_babel import .*\b(get_timezone|format_)|\.timezone\b")
    fail_on(
        (source.path for source in package() if source.path != "ledger/app.py" and others.search(source.text)),
        "There is one zone per service: ask ledger.kernel.clock.zone().",
    )
