"""Pure decisions of the shop: codes, states, the deadline for a void, amounts as typed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.errors import Conflict, Rejected
from ledger.shop import policy
from ledger.shop.policy import (
    TRANSITIONS,
    Wanted,
    new_payer_code,
    read_payer_code,
    read_receipt_text,
    receipt_text,
    step,
    stock_state,
    summed,
    void_until,
)
from tests.runtimes import ZONE


def test_a_new_code_is_read_again_and_never_looks_like_money() -> None:
    codes = {new_payer_code() for _ in range(500)}

    assert len(codes) == 500
    for code in codes:
        assert read_payer_code(code) == code
        assert read_payer_code(f" {code[:4]} {code[4:]}\n") == code


@given(place=st.integers(0, 18), change=st.integers(1, 9))
def test_a_digit_read_wrongly_is_noticed(place: int, change: int) -> None:
    code = new_payer_code()
    wrong = code[:place] + str((int(code[place]) + change) % 10) + code[place + 1 :]

    with pytest.raises(Rejected):
        read_payer_code(wrong)


def read(scanned: str) -> str:
    """The code, or the reason for its refusal."""
    try:
        return read_payer_code(scanned)
    except Rejected as refusal:
        return refusal.code


@given(st.text())
def test_any_text_is_a_code_or_refused(scanned: str) -> None:
    assert len(read(scanned)) == 19 or read(scanned).startswith("shop.code_")


@pytest.mark.parametrize(
    ("digits", "money"),
    [
        ("10" + "0" * 16, True),
        ("15" + "9" * 16, True),
        ("16" + "9" * 16, False),
        ("09" + "9" * 16, False),
        ("13" + "0" * 17, False),
        ("25" + "0" * 14, True),
        ("30" + "0" * 22, True),
        ("30" + "0" * 23, False),
        ("25" + "0" * 13, False),
        ("31" + "0" * 14, False),
    ],
)
def test_the_numbers_of_the_payment_codes_are_known(digits: str, money: bool) -> None:
    with pytest.raises(Rejected) as refusal:
        read_payer_code(digits)

    assert refusal.value.code == ("shop.code_other_system" if money else "shop.code_malformed")


@pytest.mark.parametrize("now", TRANSITIONS)
@pytest.mark.parametrize("wanted", TRANSITIONS)
def test_every_step_is_allowed_or_refused_with_a_reason(now: str, wanted: policy.Status) -> None:
    if wanted in TRANSITIONS[now]:
        assert step(now, wanted) == wanted
        return
    with pytest.raises(Conflict) as refusal:
        step(now, wanted)
    confirmed = now in ("CONFIRMED", "VOIDED") and wanted != "VOIDED"
    other = "already_released" if now == "RELEASED" else "wrong_state"
    assert refusal.value.code == f"shop.{'already_confirmed' if confirmed else other}"


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 100)), max_size=20))
def test_lines_of_one_item_are_added_up(lines: list[tuple[int, int]]) -> None:
    added = summed([Wanted(*line) for line in lines])

    assert len({line.item_id for line in added}) == len(added)
    assert sum(line.quantity for line in added) == sum(quantity for _, quantity in lines)


@pytest.mark.parametrize(
    ("confirmed", "until"),
    [
        ("2026-06-02T16:00:00", "2026-06-03T16:15:00"),
        ("2026-06-03T04:00:00", "2026-06-03T16:15:00"),
        ("2026-06-03T15:59:59", "2026-06-03T16:15:00"),
        ("2026-06-03T16:00:00", "2026-06-04T16:15:00"),
    ],
)
def test_a_void_goes_until_a_quarter_past_the_next_local_midnight(confirmed: str, until: str) -> None:
    sold = datetime.fromisoformat(confirmed).replace(tzinfo=UTC)

    assert void_until(sold, ZONE) == datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert timedelta(minutes=15) < void_until(sold, ZONE) - sold <= timedelta(days=1, minutes=15)


@given(st.integers(2000, 2999), st.integers(1, 999_999_999))
def test_a_receipt_number_is_read_as_it_is_written(year: int, number: int) -> None:
    assert read_receipt_text(f" {receipt_text('LY', year, number)} ") == ("LY", year, number)
    assert read_receipt_text(f"{year}-{number}") == ("", year, number)


@pytest.mark.parametrize("text", ["", "2026", "2026-", "-1", "2026-1-1", "2026-9999999999", "２０２６-000001"])
def test_what_is_no_receipt_number_is_none(text: str) -> None:
    assert read_receipt_text(text) is None


@pytest.mark.parametrize(("left", "state"), [(-1, "out"), (0, "out"), (1, "low"), (5, "low"), (6, "in")])
def test_stock_is_in_low_or_out(left: int, state: str) -> None:
    assert stock_state(left, 5) == state
