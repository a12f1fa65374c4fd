"""Formats of points, minutes and moments: exact, in both languages, in the reader's zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ledger.web import formats

SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 6, 3, 0, 52, tzinfo=UTC)  # 08:52 in Shanghai


@pytest.mark.parametrize(
    ("minor", "scale", "sign", "written"),
    [
        (12850, 2, False, "128.50"),
        (-5500, 2, False, "\u221255.00"),
        (200, 2, True, "+2.00"),
        (0, 2, True, "0.00"),
        (5, 2, False, "0.05"),
        (-5, 2, False, "\u22120.05"),
        (46941450, 2, False, "469,414.50"),
        (35019960, 0, False, "35,019,960"),
        (90071992547409931, 2, False, "900,719,925,474,099.31"),  # beyond the precision of a float
    ],
)
def test_points_are_written_exactly(minor: int, scale: int, sign: bool, written: str) -> None:
    assert formats.points(minor, scale, sign=sign) == written


@pytest.mark.parametrize(
    ("minutes", "chinese", "english"),
    [
        (17200, "286 小时 40 分", "286 h 40 min"),
        (120, "2 小时", "2 h"),
        (40, "40 分钟", "40 min"),
        (0, "0 分钟", "0 min"),
        (-75, "\u22121 小时 15 分", "\u22121 h 15 min"),
    ],
)
def test_minutes_read_as_a_clerk_says_them(minutes: int, chinese: str, english: str) -> None:
    assert formats.minutes_words(minutes, locale="zh_Hans") == chinese
    assert formats.minutes_words(minutes, locale="en") == english


def test_a_day_is_the_readers_day() -> None:
    late = datetime(2026, 6, 2, 16, 30, tzinfo=UTC)  # already the 3rd in Shanghai
    assert formats.local_date(late, zone=SHANGHAI, weekday=True) == "2026年6月3日 星期三"
    assert formats.local_date(late, locale="en", zone=SHANGHAI, year=False, weekday=True) == "Wednesday 3 June"
    assert formats.local_date(date(2026, 6, 2), zone=SHANGHAI, year=False) == "6月2日"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        formats.local_time(datetime(2026, 6, 3), zone=SHANGHAI)  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize(
    ("end", "written"),
    [
        (datetime(2026, 6, 3, 3, 0, tzinfo=UTC), "08:52\u201311:00"),
        (datetime(2026, 6, 3, 18, 0, tzinfo=UTC), "08:52\u2013次日 02:00"),
        (datetime(2026, 6, 5, 3, 0, tzinfo=UTC), "2026年6月3日 08:52 \u2013 2026年6月5日 11:00"),
    ],
)
def test_a_shift_says_when_it_ends_on_another_day(end: datetime, written: str) -> None:
    assert formats.time_range(MORNING, end, zone=SHANGHAI) == written


@pytest.mark.parametrize(
    ("now", "written"),
    [
        (datetime(2026, 6, 3, 0, 52, 59, tzinfo=UTC), "刚刚"),
        (datetime(2026, 6, 3, 0, 57, tzinfo=UTC), "5 分钟前"),
        (datetime(2026, 6, 3, 3, 52, tzinfo=UTC), "3 小时前"),
        (datetime(2026, 6, 4, 0, 52, tzinfo=UTC), "2026年6月3日 08:52"),
        (datetime(2026, 6, 3, 0, 51, tzinfo=UTC), "2026年6月3日 08:52"),
    ],
)
def test_how_long_ago_is_said_up_to_a_day(now: datetime, written: str) -> None:
    assert formats.time_ago(MORNING, now, zone=SHANGHAI) == written


def test_a_month_is_written_by_one_of_its_days() -> None:
    day = date(2026, 6, 3)
    assert [formats.local_month(day), formats.local_month(day, year=False)] == ["2026年6月", "6月"]
    english = [formats.local_month(day, locale="en"), formats.local_month(day, locale="en", year=False)]
    assert english == ["June 2026", "June"]
