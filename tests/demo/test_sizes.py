"""Larger demonstrations: a capital's district, scaled down for the test, and several years."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ledger.audit.exports.writing import STYLES, export
from ledger.audit.verifying.verify import verify
from ledger.demo.sizes import DISTRICT, HAIDIAN, SIZES, VILLAGE, Size
from ledger.kernel.clocks import parse_instant
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.organisations import queries as organisations
from tests.audit import outside
from tests.audit.outside import TOOLS
from tests.conftest import made_database
from tests.demo.loaded import NOW, Village, load, settings_for
from tests.demo.story import story_of
from tests.runtimes import use_database
from tests.world import everything

# Both villages take long to load, so one process runs all tests of them.
pytestmark = pytest.mark.xdist_group("villages of other sizes")

SHARE = 108
SMALL_HAIDIAN = replace(
    HAIDIAN,
    institutes=2,
    home_share=0.2,
    home_visits=0.5,
    **{
        name: getattr(HAIDIAN, name) // SHARE
        for name in ("stations", "teams", "volunteers", "activities", "shops", "visits")
    },
)
THREE_YEARS = replace(VILLAGE, activities=12, visits=15, years=3)


@contextmanager
def loaded(request: pytest.FixtureRequest, folder: Path, size: Size) -> Iterator[Village]:
    """Load a demonstration of a size into a SQLite database of its own."""
    request.param = "sqlite"
    with made_database(request, migrated=True) as url:
        database = Database(url)
        use_database(database)
        settings = settings_for(url, folder)
        load(settings, size=size)
        yield Village(database, settings, in_snapshot(organisations.only_center).id)
        database.close()


@pytest.fixture(scope="module")
def haidian(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """The capital's district, scaled down."""
    with loaded(request, tmp_path_factory.mktemp("haidian"), SMALL_HAIDIAN) as village:
        yield village


@pytest.fixture(scope="module")
def years(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """Three years of a village."""
    with loaded(request, tmp_path_factory.mktemp("years"), THREE_YEARS) as village:
        yield village


@pytest.fixture(autouse=True)
def _in_use(request: pytest.FixtureRequest) -> None:
    for name in ("haidian", "years"):
        if name in request.fixturenames:
            use_database(request.getfixturevalue(name).database)


def test_the_districts_have_the_sizes_of_real_ones() -> None:
    assert (DISTRICT.places, DISTRICT.teams, DISTRICT.volunteers, DISTRICT.activities) == (79, 619, 4609, 650)
    assert (HAIDIAN.places, HAIDIAN.teams, HAIDIAN.volunteers, HAIDIAN.shops) == (678, 1871, 100_000, 220)
    assert SIZES == {"village": VILLAGE, "district": DISTRICT, "haidian": HAIDIAN}


@pytest.mark.long
def test_a_share_of_haidian_has_the_sizes_it_promises(haidian: Village) -> None:
    assert haidian.count("place") == SMALL_HAIDIAN.places == 1 + 2 + 6
    assert haidian.count("team") == SMALL_HAIDIAN.teams == 17
    assert haidian.count("volunteer") == SMALL_HAIDIAN.volunteers == 925
    assert haidian.count("activity") == SMALL_HAIDIAN.activities == 66
    assert haidian.count("shop") == SMALL_HAIDIAN.shops == 2
    assert haidian.count("login_phone") > 0.8 * SMALL_HAIDIAN.volunteers


@pytest.mark.long
def test_its_shops_and_stations_are_all_in_use(haidian: Village) -> None:
    in_shops = haidian.rows("SELECT shop_id, count(*) FROM redemption WHERE status = 'CONFIRMED' GROUP BY shop_id")
    at_stations = haidian.rows("SELECT station_id, count(*) FROM attendance GROUP BY station_id")

    assert len(in_shops) == SMALL_HAIDIAN.shops
    assert len(at_stations) == SMALL_HAIDIAN.stations
    assert min(number for _shop, number in in_shops) >= 10


@pytest.mark.long
def test_its_books_balance(haidian: Village) -> None:
    with haidian.database.snapshot() as session:
        found = verify(session, haidian.center_id)
    assert found.clean, found.difference


def test_there_are_names_for_all_places_and_phones_for_all_people() -> None:
    assert HAIDIAN.institutes + HAIDIAN.stations < 800
    assert HAIDIAN.volunteers < 9_000_000


@pytest.mark.long
def test_three_years_end_now_and_all_of_them_are_busy(years: Village) -> None:
    moments = [as_instant(row[0]) for row in years.rows("SELECT recorded_at FROM batch ORDER BY recorded_at")]
    receipts = dict(years.rows("SELECT receipt_year, count(*) FROM redemption GROUP BY receipt_year"))

    assert timedelta(days=3 * 365 - 6) < NOW - moments[0] <= timedelta(days=3 * 365 + 1)
    assert NOW - moments[-1] < timedelta(days=3)
    assert {moment.year for moment in moments} == {2023, 2024, 2025, 2026}
    assert {2024, 2025, 2026} <= receipts.keys()
    assert years.count("activity") == 3 * THREE_YEARS.activities
    assert years.count("volunteer") == THREE_YEARS.volunteers


def as_instant(value: object) -> datetime:
    """An instant as either database returns it without a type."""
    return parse_instant(str(value))


@pytest.mark.long
def test_what_nobody_spends_in_time_expires_once_two_people_have_released_it(years: Village) -> None:
    runs = years.rows("SELECT ends_on, status, expired_lots, prepared_by, released_by FROM expiry_run ORDER BY ends_on")
    broken = years.rows(
        "SELECT a.owner_id, sum(t.amount) > 0 FROM transfer t JOIN account a ON a.id = t.credit_account_id"
        " WHERE a.kind = 'breakage' GROUP BY a.owner_id ORDER BY a.owner_id"
    )

    assert [(str(ends_on), status) for ends_on, status, *_ in runs] == [("2024-12-31", "done"), ("2025-12-31", "done")]
    assert all(lots > 0 and prepared_by != released_by for *_, lots, prepared_by, released_by in runs)
    assert broken == [(202412, 1), (202512, 1)]
    with years.database.snapshot() as session:
        found = verify(session, years.center_id)
    assert found.clean, found.difference


@pytest.mark.long
def test_the_same_seed_tells_the_same_years(years: Village, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with loaded(request, tmp_path, THREE_YEARS) as again:
        assert story_of(again.database) == story_of(years.database)


@pytest.mark.long
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", ["haidian", "years"])
def test_outside_tools_agree(name: str, tool: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    village: Village = request.getfixturevalue(name)
    use_database(village.database)
    path = tmp_path / "book"
    with path.open("w", encoding="utf-8") as file:
        zone = ZoneInfo("Asia/Shanghai")
        in_snapshot(export, village.center_id, STYLES[tool], file, zone=zone, month_ends=True)

    assert outside.agrees(tool, path, everything(village.center_id))
