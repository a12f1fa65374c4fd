"""Input has one meaning in forms, page addresses, API queries and JSON, and all of it is bounded."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError, fields

from ledger.kernel.errors import Rejected
from ledger.kernel.ids import public_id
from ledger.shop.schemas import MOST_PRICE
from ledger.web import asked, reading
from ledger.web.fields import AskedDegrees, AskedWhole, Day, Degrees, Instant, PublicId, Request, Text, Whole
from ledger.web.forms import Form
from ledger.web.problem import InvalidFields
from ledger.web.reading import Unreadable, read_points, read_time
from tests.databases import on_sqlite

REFUSED = "refused"
MOST, KEY = 100_000, 0x0ABC_DEF0_1234_5678
FIRST, END_OF_MINUTE = datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 6, 3, 0, 52, 59, 999_999, tzinfo=UTC)
# JSON's parser drops the sign.
JSON_ALONE = {("whole", "-0"): 0}

Outcome = Any
Reader = Callable[[Flask, str], Outcome]


def by_form(read: Callable[[Form], Any]) -> Reader:
    """Read a value as a form does."""

    def taken(app: Flask, typed: str) -> Outcome:
        with app.test_request_context(method="POST", data={"x": typed}):
            try:
                with Form() as form:
                    return read(form)
            except InvalidFields as error:
                faults = error.context["errors"]
                return REFUSED if [each["field"] for each in faults] == ["x"] and faults[0]["message"] else faults

    return taken


def by_address(read: Callable[[], Any]) -> Reader:
    """Read a value as a page's address does; values that the page reports as unreadable count as refused."""

    def taken(app: Flask, typed: str) -> Outcome:
        with app.test_request_context(query_string={"x": typed}):
            try:
                value = read()
                return REFUSED if asked.unread() else value
            except Rejected:
                return REFUSED

    return taken


def by_query(field: fields.Field[Any]) -> Reader:
    """Read a value as an API query does."""
    return by_schema(field, lambda typed: {"x": typed})


def by_json(field: fields.Field[Any], *, quoted: bool = True) -> Reader:
    """Read a value as a JSON body does: as a literal, or as a string."""
    return by_schema(field, lambda typed: json.loads('{"x": %s}' % (json.dumps(typed) if quoted else typed)))


def by_schema(field: fields.Field[Any], carried: Callable[[str], Any]) -> Reader:
    """Load a request's data with a schema of this field."""
    schema = Request.from_dict({"x": field})()

    def taken(app: Flask, typed: str) -> Outcome:
        with app.test_request_context():
            try:
                return schema.load(carried(typed))["x"]
            except (ValidationError, json.JSONDecodeError):
                return REFUSED

    return taken


READERS: dict[str, dict[str, Reader]] = {
    "whole": {
        "form": by_form(lambda form: form.whole("x", most=MOST)),
        "optional form": by_form(lambda form: form.optional_whole("x", most=MOST)),
        "query": by_query(AskedWhole(0, MOST)),
        "json": by_json(Whole(0, MOST), quoted=False),
        "json string": by_json(Whole(0, MOST)),
    },
    "points": {"form": by_form(lambda form: form.points("x", most=MOST))},
    "degrees": {
        "form": by_form(lambda form: form.optional_degrees("x", most=90)),
        "query": by_query(AskedDegrees(90)),
        "json": by_json(Degrees(90), quoted=False),
        "json string": by_json(Degrees(90)),
    },
    "day": {
        "form": by_form(lambda form: form.day("x")),
        "optional form": by_form(lambda form: form.optional_day("x")),
        "address": by_address(lambda: asked.day("x")),
        "query": by_query(Day()),
        "json": by_json(Day()),
    },
    "minute": {"address": by_address(lambda: asked.end_of_minute("x"))},
    "key": {
        "form": by_form(lambda form: form.key("x")),
        "optional form": by_form(lambda form: form.optional_key("x")),
        "address": by_address(lambda: asked.key("x")),
        "pointer": by_address(lambda: asked.pointer("x")),
        "query": by_query(PublicId()),
        "json": by_json(PublicId()),
    },
    "text": {
        "form": by_form(lambda form: form.needed_text("x", longest=20)),
        "optional form": by_form(lambda form: form.text("x", longest=20)),
        "address": by_address(lambda: asked.text("x", longest=20)),
        "query": by_query(Text(longest=20)),
        "json": by_json(Text(longest=20)),
    },
    "instant": {"query": by_query(Instant()), "json": by_json(Instant())},
}
# Meaning of each value; values not listed are refused.
MEANS: dict[str, dict[str, Any]] = {
    "whole": {"5": 5, "0": 0, " 5 ": 5, "5\n": 5, "１０": 10, "\u3000７ ": 7, "007": 7, "1000": 1_000, str(MOST): MOST},
    "points": {"5": 500, "0": 0, " 5 ": 500, "5\n": 500, "１０": 1_000, "\u3000７ ": 700, "007": 700, "1.5": 150}
    | {"１．０５": 105, "1.50": 150, "1000": 100_000},
    "degrees": {"5": 5.0, "0": 0.0, " 5 ": 5.0, "5\n": 5.0, "１０": 10.0, "\u3000７ ": 7.0, "007": 7.0, "1.5": 1.5}
    | {"１．０５": 1.05, "1.50": 1.5, "1.005": 1.005, "-0": 0.0, "-5": -5.0, "－5": -5.0},
    "day": {"2026-06-03": date(2026, 6, 3), " 2026-06-03 ": date(2026, 6, 3), "２０２６－０６－０３": date(2026, 6, 3)}
    | {"2000-01-01": reading.EARLIEST, "2199-12-31": reading.LATEST, "2028-02-29": date(2028, 2, 29)},
    "minute": dict.fromkeys(
        ("2026-06-03T08:52", "2026-06-03 08:52", "2026-06-03T08:52:00", "2026-06-03T08:52:41.5"), END_OF_MINUTE
    )
    | {"2000-01-01T00:00": datetime(1999, 12, 31, 16, 0, 59, 999_999, tzinfo=UTC)}
    | {"2199-12-31T23:59": datetime(2199, 12, 31, 15, 59, 59, 999_999, tzinfo=UTC)},
    "key": {public_id(KEY): KEY, public_id((1 << 63) - 1): (1 << 63) - 1},
    "instant": {"2026-06-03T08:52:00+08:00": datetime(2026, 6, 3, 0, 52, tzinfo=UTC)}
    | {"2026-06-03T00:52:00Z": datetime(2026, 6, 3, 0, 52, tzinfo=UTC)}
    | {"2026-06-03T08:52Z": datetime(2026, 6, 3, 8, 52, tzinfo=UTC), "2000-01-01T00:00:00Z": FIRST}
    | {"2199-12-31T22:00:00+14:00": datetime(2199, 12, 31, 8, tzinfo=UTC), "1999-12-31T23:00:00-01:00": FIRST}
    | {"2199-12-31T23:59:59Z": datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)},
}
UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
TYPED = (
    *("5", "0", " 5 ", "5\n", "１０", "\u3000７ ", "007", str(MOST), str(MOST + 1), "1.5", "１．０５", "1.50", "1000"),
    *("1,000", "1，000", "1e3", "1_000", "+5", "＋5", "-0", "-5", "－5", "5.", ".5", "1.005", "1 000"),
    *("5\x00", "\x00", "5\n5", "9" * 30, "0x10", "٣", "5²", "½", "inf", "nan", "NaN"),
    *("Infinity", "-Infinity", "True", "abc", "十", "\ud800"),
    *("2026-06-03", " 2026-06-03 ", "２０２６－０６－０３", "2000-01-01", "2199-12-31", "2028-02-29"),
    *("0001-01-01", "9999-12-31", "2026-02-29", "20260603", "2026-W23-3", "2026-6-3", "10000-01-01", "0000-00-00"),
    *("2026-06-03T08:52:00+08:00", "2026-06-03T00:52:00Z", "2026-06-03T08:52:00", "0001-01-01T00:00:00+14:00"),
    *("2000-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z"),
    *("2026-06-03T08:52", "2026-06-03T08:52:41.5", "2026-06-03 08:52", "2026-06-03T24:00", "2026-06-03T08:52Z"),
    *("2000-01-01T00:00", "2199-12-31T23:59", "1999-12-31T23:59", "2200-01-01T00:00", "1999-12-31", "2200-01-01"),
    *("9999-12-31T23:59:59-14:00", public_id((1 << 63) - 1), public_id(KEY)[1:]),
    *(public_id(KEY), public_id(KEY).upper(), f" {public_id(KEY)} "),
    *("z" * 13, "a" * 20, "a" * 21, " a\r\nb ", "a\tb", "a\x1bb", "a\x7fb", "a\x9bb"),
    *("2199-12-31T22:00-14:00", "2000-01-01T00:00:00+14:00", "2199-12-31T22:00:00+14:00", "1999-12-31T23:00:00-01:00"),
    *("2026-W23-3T08:52:00Z", "20260603T085200Z", "2026-06-03T08:52:00,5Z", "2026-06-03T08:52:00+08:00:01"),
    *("2026-06-03 08:52:00Z", "2026-06-03\ud80008:52:00Z", "2026-06-03T08Z", "2026-06-03T08:52:00+0800"),
    *(f"a{sign}b" for sign in (*UNSEEN, "\ufffe", "\uffff", "\ufdd0", "\U0001ffff", "\U0001f600", "\ue000")),
    *("\u00e9", "名字，字", "a\rb", "a\vb", "a\fb", "a\x85b", "a\u2028b", "a\u2029b"),
)


def text_means(typed: str) -> Outcome:
    """The rule for text, implemented independently of the reader."""
    text = typed.strip(" \n\t\r\v\f\x85\u2028\u2029\u3000" + UNSEEN).replace("\r\n", "\n")
    for line_end in "\r\v\f\x85\u2028\u2029":
        text = text.replace(line_end, "\n")
    stored = all(letter in "\n\t" or 31 < ord(letter) < 127 or ord(letter) > 159 for letter in text)
    stored = stored and not any(letter in text for letter in "\ud800\ufffe\uffff\ufdd0\U0001ffff" + UNSEEN[-9:])
    return text if stored and len(text) <= 20 else REFUSED


def expected(kind: str, typed: str) -> Outcome:
    """The expected meaning of a value as a kind."""
    return text_means(typed) if kind == "text" else MEANS[kind].get(typed, REFUSED)


@on_sqlite
@pytest.mark.parametrize("kind", READERS)
def test_a_value_means_the_same_wherever_it_is_read(app: Flask, kind: str) -> None:
    found = {
        (name, typed): taken(app, typed)
        for name, taken in READERS[kind].items()
        for typed in TYPED
        # Only JSON can contain lone surrogates: forms and addresses are UTF-8.
        if not ("\ud800" in typed and "json" not in name)
    }
    wrong = {
        where: value
        for where, value in found.items()
        if not where[0].startswith("json") and value != expected(kind, where[1])
    }
    in_json = {
        where: value
        for where, value in found.items()
        if where[0].startswith("json")
        and value not in (REFUSED, expected(kind, where[1]), JSON_ALONE.get((kind, where[1])))
    }

    assert (wrong, in_json) == ({}, {})


@on_sqlite
def test_json_takes_numbers_and_nothing_that_only_looks_like_one(app: Flask) -> None:
    number = READERS["whole"]["json"]

    assert [number(app, typed) for typed in ("5", "0", "-0", " 5 ", str(MOST))] == [5, 0, 0, 5, MOST]
    assert {READERS["whole"]["json string"](app, typed) for typed in TYPED} == {REFUSED}
    assert {number(app, typed) for typed in ("5.0", "1e3", "true", "null", "[5]", "１０", "+5", "1_000")} == {REFUSED}


@on_sqlite
def test_text_of_json_is_the_text_of_forms(app: Flask) -> None:
    for typed in TYPED:
        assert READERS["text"]["json"](app, typed) == text_means(typed), typed


@on_sqlite
@pytest.mark.parametrize("typed", ["", " ", "\u3000", "\n"])
def test_nothing_typed_is_nothing(app: Flask, typed: str) -> None:
    for kind, readers in READERS.items():
        for name, taken in readers.items():
            optional = name in ("optional form", "address", "pointer") or (kind, name) == ("degrees", "form")
            empty = "" if kind == "text" else None
            assert taken(app, typed) == (empty if optional else REFUSED), (kind, name)


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("30", 3_000),
        ("30.5", 3_050),
        (" 6.05 ", 605),
        ("0.01", 1),
        ("３０．５", 3_050),
        ("10000000", MOST_PRICE),
        ("10000000.01", None),
        ("0", None),
        ("0.00", None),
        ("-3", None),
        ("1.234", None),
        ("1,000", None),
        ("", None),
        ("abc", None),
        (".5", None),
        ("1e3", None),
    ],
)
def test_points_are_read_as_people_type_them(typed: str, minor: int | None) -> None:
    try:
        found = read_points(typed, least=1, most=MOST_PRICE)
    except Unreadable:
        found = None
    assert found == minor


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("09:30", time(9, 30)),
        ("０９：３０", time(9, 30)),
        ("09:30:15", time(9, 30, 15)),
        *((typed, None) for typed in ("24:00", "9:30", "0930", "09", "T09", "09:30+08:00", "09:30:15.5", "")),
    ],
)
def test_a_time_of_day_has_no_zone_of_its_own(typed: str, at: time | None) -> None:
    try:
        found = read_time(typed)
    except Unreadable:
        found = None
    assert found == at


@on_sqlite
def test_a_refused_comma_is_named_and_no_bound_is_written_with_one(app: Flask) -> None:
    with app.test_request_context():
        for read in (reading.read_whole, lambda typed: reading.read_points(typed, most=100_000_00)):
            for typed, said in (("1,000", "不要逗号"), ("1，000", "不要逗号"), ("1e3", "请填")):
                with pytest.raises(Unreadable) as refused:
                    read(typed)
                assert said in refused.value.words
                assert "," not in refused.value.words
