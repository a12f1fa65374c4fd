"""A sender's name for a transfer is booked at most once: a retry exists, a different transfer learns what differs."""

from typing import Any

import pytest

from tests.databases import on_sqlite
from tests.points.raw_bench import Bench, codes


@on_sqlite
def test_a_name_is_booked_once_for_ever(bench: Bench) -> None:
    first = bench.send(bench.move(bench.source, bench.a, 5, id="mine"), bench.move(bench.source, bench.a, 5, id="mine"))
    second = bench.send(bench.move(bench.source, bench.a, 5, id="mine"))

    assert (codes(first), codes(second)) == (["created", "points.exists"], ["points.exists"])
    assert [each["status"] for each in (*first, *second)] == ["created", "exists", "exists"]
    assert {each["transfer_id"] for each in (*first, *second)} == {first[0]["transfer_id"]}
    assert bench.balance(bench.a) == (5, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "posted", "amount": 6, "code": "other"}, "points.exists_with_different_kind"),
        ({"timeout_seconds": 61, "amount": 6}, "points.exists_with_different_timeout_seconds"),
        ({"debit_account_id": "b", "amount": 6}, "points.exists_with_different_debit_account_id"),
        ({"credit_account_id": "b", "code": "other"}, "points.exists_with_different_credit_account_id"),
        ({"amount": 6, "unit": "minute"}, "points.exists_with_different_amount"),
        ({"unit": "minute", "code": "other"}, "points.exists_with_different_unit"),
        ({"code": "other"}, "points.exists_with_different_code"),
    ],
)
@on_sqlite
def test_another_transfer_under_a_name_that_is_booked_is_told_what_differs_first(
    bench: Bench, change: dict[str, Any], code: str
) -> None:
    move = bench.move(bench.source, bench.a, 5, id="mine", kind="pending", timeout_seconds=60)
    bench.send(move)
    other = {name: bench.b if value == "b" else value for name, value in change.items()}

    assert codes(bench.send(move | other)) == [code]
    assert bench.balance(bench.source) == (0, 5)


@on_sqlite
def test_a_resolution_sent_again_exists_and_another_hold_under_its_name_differs(bench: Bench) -> None:
    bench.send(bench.move(bench.source, bench.a, 5, id="one", kind="pending"))
    bench.send(bench.move(bench.source, bench.a, 5, id="two", kind="pending"))
    post = {"id": "end", "kind": "post", "pending_id": "one", "code": "x", "reason": ""}

    results = bench.send(post, post, post | {"pending_id": "two"}, post | {"kind": "void"})

    assert codes(results) == [
        "created", "points.exists", "points.exists_with_different_pending_id", "points.exists_with_different_kind",
    ]  # fmt: skip


@on_sqlite
def test_a_chain_sent_again_is_not_booked_again(bench: Bench) -> None:
    chain = (bench.move(bench.source, bench.a, 5, id="1", linked=True), bench.move(bench.a, bench.b, 5, id="2"))
    bench.send(*chain)

    assert codes(bench.send(*chain)) == ["points.exists", "points.linked_event_failed"]
    assert bench.balance(bench.b) == (5, 0)


@on_sqlite
def test_a_name_of_a_refused_chain_is_free_again(bench: Bench) -> None:
    refused = bench.send(bench.move(bench.source, bench.a, 5, id="n", linked=True), bench.move(bench.b, bench.a, 5))
    taken = bench.send(bench.move(bench.source, bench.a, 5, id="n"))

    assert codes(refused)[0] == "points.linked_event_failed"
    assert codes(taken) == ["created"]
