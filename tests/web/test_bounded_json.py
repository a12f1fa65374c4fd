"""Bounds of JSON: nesting, members and digits, and what is no JSON."""

import pytest

from ledger.kernel.errors import LedgerError
from ledger.points.schemas import MOST_TRANSFERS
from ledger.web import bounded_json


def test_bounds_leave_room_for_the_longest_request() -> None:
    transfer = {f"f{number}": 1 for number in range(11)}

    bounded_json.check(repr([transfer] * MOST_TRANSFERS).replace("'", '"').encode())
    assert bounded_json.MOST_IN_LIST > MOST_TRANSFERS  # one too many is told in words of its own


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ("[" * 16 + "]" * 16, "[" * 17 + "]" * 17),
        ("[" * 15 + "1" + "]" * 15, "[" * 16 + "1" + "]" * 16),
        (f"[{'1,' * 1_999}1]", f"[{'1,' * 2_000}1]"),
        ("{" + ",".join(f'"{n}":1' for n in range(200)) + "}", "{" + ",".join(f'"{n}":1' for n in range(201)) + "}"),
        (f"[{','.join(['[' + '1,' * 1_998 + '1]'] * 15)}]", f"[{','.join(['[' + '1,' * 1_999 + '1]'] * 15)}]"),
    ],
    ids=["deep", "deep-value", "list", "object", "all"],
)
def test_json_is_bounded(within: str, beyond: str) -> None:
    bounded_json.check(within.encode())
    with pytest.raises(LedgerError) as refused:
        bounded_json.check(beyond.encode())
    assert refused.value.code == "request.too_complex"


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1] 2", "nul", "'x'", "\ufeff1", "NaN", "[Infinity]", "-Infinity", "1e999", "-1e400"),
        *('{"a": 1, "a": 1}', '[{"a": {"b": 1, "b": 2}}]', '{"\\ud800": 1}', "1" * 101, f"0.{'1' * 101}"),
    ],
)
def test_what_is_no_json_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        bounded_json.check(text.encode())


@pytest.mark.parametrize("text", ["1" * 100, "-0.5e-10", '{"a": "\\ud800", "A": 1}', '"\\u0000"', " [ ] ", "1e300"])
def test_what_is_json_within_bounds_is_left_to_its_readers(text: str) -> None:
    bounded_json.check(text.encode())
