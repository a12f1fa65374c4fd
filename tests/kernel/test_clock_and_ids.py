"""Time has one source; keys are ordered and distinct, and don't use that source."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from ledger.kernel import clock, runtime
from ledger.kernel.clocks import FileClock, parse_instant
from ledger.kernel.ids import _Maker, new_id, parse_public_id, public_id
from ledger.kernel.runtime import within
from ledger.kernel.types import UtcDateTime
from tests.at_once import at_once

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
CHINA = ZoneInfo("Asia/Shanghai")


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC
    with clock.at(datetime(2026, 6, 3, 20, tzinfo=CHINA)):
        assert clock.now() == NOON
        assert clock.now().tzinfo is UTC


def test_instant_of_a_context_is_its_own() -> None:
    with clock.at(NOON):
        with clock.at(NOON + timedelta(days=1)):
            assert clock.now() == NOON + timedelta(days=1)
        assert clock.now() == NOON
    assert clock.now() != NOON


def test_file_clock_follows_its_file(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_text("2026-06-03T20:00:00+08:00\n", encoding="utf-8")
    file_clock = FileClock(path)
    assert file_clock.now() == NOON
    path.write_text("2026-06-04T20:00:00.5+08:00\n", encoding="utf-8")
    os.utime(path, (1, 1))
    assert file_clock.now() == NOON + timedelta(days=1, milliseconds=500)


def test_clock_of_the_application_may_be_another() -> None:
    class Still:
        def now(self) -> datetime:
            return NOON

    with within(replace(runtime.current(), clock=Still())):
        assert clock.now() == NOON
        assert at_once([clock.now]) == [NOON]
    assert clock.now() != NOON


@pytest.mark.parametrize(
    "text", ["2026-06-03T12:00:00", "2026-06-03", "noon", "", "0001-01-01T00:00:00+08:00", "9999-12-31T23:00:00-08:00"]
)
def test_wall_time_alone_or_none_at_all_names_no_instant(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


eastern = st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(timezone(timedelta(hours=8))))  # noqa: DTZ001


@given(eastern)
def test_instant_is_read_back(instant: datetime) -> None:
    assert parse_instant(instant.isoformat()) == instant


@given(st.lists(eastern, min_size=2, max_size=5))
def test_instants_in_sqlite_are_in_order_of_time_and_read_back(instants: list[datetime]) -> None:
    dialect = sqlite.dialect()
    column = UtcDateTime()
    written = [column.process_bind_param(instant, dialect) for instant in instants]
    assert [column.process_result_value(text, dialect) for text in written] == instants
    assert sorted(written) == [column.process_bind_param(instant, dialect) for instant in sorted(instants)]


def test_instant_without_an_offset_is_not_written() -> None:
    with pytest.raises(ValueError):
        UtcDateTime().process_bind_param(datetime(2026, 6, 3), sqlite.dialect())  # noqa: DTZ001


def test_day_is_that_of_the_people() -> None:
    assert clock.local_day(datetime(2026, 6, 3, 15, 59, tzinfo=UTC), CHINA) == date(2026, 6, 3)
    assert clock.local_day(datetime(2026, 6, 3, 16, tzinfo=UTC), CHINA) == date(2026, 6, 4)


def test_keys_rise_and_differ_from_many_threads() -> None:
    made = at_once([lambda: [new_id() for _ in range(2000)] for _ in range(8)])
    for keys in made:
        assert keys == sorted(keys)
    assert len({key for keys in made for key in keys}) == 16_000
    assert all(0 < key < 1 << 63 for keys in made for key in keys)


def test_keys_do_not_use_the_injected_clock() -> None:
    before = new_id()
    with clock.at(datetime(2025, 1, 1, tzinfo=UTC)):
        assert new_id() > before


def test_keys_rise_even_when_the_machine_s_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = _Maker()
    first = maker.next()
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    ahead = maker.next()
    monkeypatch.setattr("time.time", lambda: 1_799_999_000.0)
    back = maker.next()
    assert first < ahead < back


def test_more_keys_than_the_counter_holds_in_one_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    maker = _Maker()
    keys = [maker.next() for _ in range(10_000)]
    assert keys == sorted(set(keys))


def test_keys_of_a_forked_child_go_on_by_another_number() -> None:
    reading, writing = os.pipe()
    drawn = set()
    for _ in range(6):
        child = os.fork()
        if child == 0:
            os.write(writing, str(new_id()).encode())
            os._exit(0)
        os.waitpid(child, 0)
        drawn.add((int(os.read(reading, 100)) >> 12) & 0x3FF)
    os.close(reading)
    os.close(writing)
    assert len(drawn) > 1


@given(st.integers(0, (1 << 63) - 1))
def test_public_form_goes_there_and_back(key: int) -> None:
    text = public_id(key)
    assert len(text) == 13
    assert parse_public_id(text) == key


@given(st.text(max_size=20))
def test_public_form_is_one_text_only(text: str) -> None:
    try:
        key = parse_public_id(text)
    except ValueError:
        return
    assert public_id(key) == text


@pytest.mark.parametrize("text", ["", "0" * 12, "0" * 14, "z" * 13, "0" * 12 + "l", "0" * 12 + "A", "０" * 13])
def test_what_is_no_public_form(text: str) -> None:
    with pytest.raises(ValueError):
        parse_public_id(text)
