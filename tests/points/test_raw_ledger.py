"""The raw ledger over HTTP: bulk transfers between free accounts, in all-or-nothing chains."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.kernel import clock
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import new_id, public_id
from ledger.points.raw import releasing as expiring
from tests.audit.small_book import verified
from tests.points.raw_bench import Bench, codes
from tests.world import World


def test_a_transfer_moves_and_tells_the_balances(bench: Bench) -> None:
    (result,) = bench.send(bench.move(bench.source, bench.a, 500))

    assert result["status"] == "created"
    assert [(each["account_id"], each["balance"]) for each in result["balances"]] == [
        (bench.source, -500), (bench.a, 500),
    ]  # fmt: skip
    assert bench.balance(bench.a) == (500, 0)


def test_a_refused_transfer_does_not_hinder_the_others(bench: Bench) -> None:
    results = bench.send(
        bench.move(bench.a, bench.b, 1),
        bench.move(bench.source, bench.a, 10),
        bench.move(bench.a, bench.b, 11),
        bench.move(bench.a, bench.b, 10),
    )

    assert codes(results) == ["points.exceeds_credits", "created", "points.exceeds_credits", "created"]
    assert results[2]["available"] == 10
    assert bench.balance(bench.b) == (10, 0)


def test_a_chain_is_all_or_nothing_and_its_first_failure_has_its_own_code(bench: Bench) -> None:
    results = bench.send(
        bench.move(bench.source, bench.a, 10, linked=True),
        bench.move(bench.a, bench.b, 99, linked=True),
        bench.move(bench.source, bench.b, 5),
        bench.move(bench.source, bench.b, 7),
    )

    assert codes(results) == [
        "points.linked_event_failed", "points.exceeds_credits", "points.linked_event_failed", "created",
    ]  # fmt: skip
    assert (bench.balance(bench.a), bench.balance(bench.b)) == ((0, 0), (7, 0))


def test_a_chain_left_open_is_refused(bench: Bench) -> None:
    results = bench.send(
        bench.move(bench.source, bench.a, 1, linked=True), bench.move(bench.source, bench.a, 1, linked=True)
    )

    assert codes(results) == ["points.linked_event_failed", "points.linked_event_chain_open"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 0}, "points.amount_must_be_positive"),
        ({"amount": -5}, "points.amount_must_be_positive"),
        ({"unit": "minute"}, "points.accounts_must_have_the_same_unit"),
        ({"credit_account_id": public_id(77)}, "points.account_not_found"),
        ({"amount": None}, "points.amount_must_be_positive"),
        ({"unit": None}, "points.accounts_must_have_the_same_unit"),
        ({"debit_account_id": None}, "points.account_not_found"),
        ({"kind": "post"}, "points.pending_transfer_not_found"),
    ],
)
def test_each_refusal_has_its_code(bench: Bench, change: dict[str, Any], code: str) -> None:
    assert codes(bench.send(bench.move(bench.source, bench.a, 5) | change)) == [code]


def test_debit_and_credit_must_differ(bench: Bench) -> None:
    assert codes(bench.send(bench.move(bench.source, bench.source, 5))) == ["points.accounts_must_be_different"]


def test_units_must_be_the_same(bench: Bench) -> None:
    body = {"unit": "minute", "kind": "free"}
    minutes = bench.client.post("/api/v1/accounts", json=body, headers=bench.headers).json["id"]

    assert codes(bench.send(bench.move(bench.source, minutes, 5))) == ["points.accounts_must_have_the_same_unit"]


def test_members_accounts_take_no_transfer_by_hand(bench: Bench, world: World) -> None:
    volunteer = world.add_volunteer()
    accounts = bench.client.get("/api/v1/accounts?kind=member", headers=bench.headers).json["items"]
    assert accounts == []
    start = clock.now()
    world.add_shift(start)
    scan = {"card": volunteer.card, "station_id": public_id(world.station_id), "confirmed": ["WALK_IN"]}
    for number, at in enumerate((start, start + timedelta(hours=1))):
        with clock.at(at):
            body = scan | {"client_scan_id": f"scan-{number}{new_id()}"}
            bench.client.post("/api/v1/checkins", json=body, headers=bench.headers)
    (member,) = bench.client.get("/api/v1/accounts?kind=member&unit=point", headers=bench.headers).json["items"]
    (issuance,) = bench.client.get("/api/v1/accounts?kind=issuance", headers=bench.headers).json["items"]

    results = bench.send(
        bench.move(bench.source, member["id"], 100),
        bench.move(member["id"], bench.a, 1),
        bench.move(issuance["id"], bench.a, 1),
    )

    assert codes(results) == ["points.approval_needed"] * 3
    assert bench.balance(bench.a) == (0, 0)


def test_a_hold_is_posted_in_part_and_the_rest_is_free_again(bench: Bench) -> None:
    bench.send(bench.move(bench.source, bench.a, 100))
    (held,) = bench.send(bench.move(bench.a, bench.b, 60, kind="pending", id="h-1", timeout_seconds=60))
    assert bench.balance(bench.a) == (100, 60)

    results = bench.send({"kind": "post", "pending_id": held["transfer_id"], "amount": 45, "code": "x", "reason": ""})

    assert codes(results) == ["created"]
    assert (bench.balance(bench.a), bench.balance(bench.b)) == ((55, 0), (45, 0))
    again = bench.send({"kind": "void", "pending_id": "h-1", "code": "x", "reason": ""})
    assert codes(again) == ["points.pending_transfer_already_posted"]


def test_what_is_held_can_not_be_spent(bench: Bench) -> None:
    bench.send(bench.move(bench.source, bench.a, 100), bench.move(bench.a, bench.b, 60, kind="pending"))

    assert codes(bench.send(bench.move(bench.a, bench.b, 41))) == ["points.exceeds_credits"]


def test_a_hold_and_what_resolves_it_may_come_in_one_request(bench: Bench) -> None:
    results = bench.send(
        bench.move(bench.source, bench.a, 10, kind="pending", id="one", linked=True),
        {"kind": "post", "pending_id": "one", "code": "x", "reason": ""},
        {"kind": "void", "pending_id": "one", "code": "x", "reason": ""},
    )

    assert codes(results) == ["created", "created", "points.pending_transfer_already_posted"]
    assert bench.balance(bench.a) == (10, 0)


def test_a_hold_whose_time_is_over_is_not_posted(bench: Bench, world: World) -> None:
    bench.send(bench.move(bench.source, bench.a, 10, kind="pending", id="late", timeout_seconds=5))

    with clock.at(clock.now() + timedelta(seconds=6)):
        late = bench.send({"kind": "post", "pending_id": "late", "code": "x", "reason": ""})
        in_transaction(expiring.release_expired, world.center_id)
        later = bench.send({"kind": "void", "pending_id": "late", "code": "x", "reason": ""})

    assert codes(late) == ["points.pending_transfer_expired"]
    assert codes(later) == ["points.pending_transfer_expired"]
    assert bench.balance(bench.source) == (0, 0)


def test_other_refusals_of_a_resolution(bench: Bench) -> None:
    (plain,) = bench.send(bench.move(bench.source, bench.a, 10))
    bench.send(bench.move(bench.a, bench.b, 5, kind="pending", id="held"))
    wanted = {"kind": "post", "code": "x", "reason": ""}

    results = bench.send(
        wanted | {"pending_id": plain["transfer_id"]},
        wanted | {"pending_id": "nobody"},
        wanted | {"pending_id": "held", "amount": 6},
        wanted | {"pending_id": "held", "debit_account_id": bench.source},
        wanted | {"pending_id": "held", "credit_account_id": bench.source},
        wanted | {"pending_id": "held", "unit": "minute"},
    )

    assert codes(results) == [
        "points.pending_transfer_not_pending",
        "points.pending_transfer_not_found",
        "points.exceeds_pending_transfer_amount",
        "points.pending_transfer_has_different_debit_account_id",
        "points.pending_transfer_has_different_credit_account_id",
        "points.accounts_must_have_the_same_unit",
    ]


def test_the_same_key_is_answered_the_same(bench: Bench) -> None:
    move = bench.move(bench.source, bench.a, 5)
    first, second = bench.send(move, key="same-key-1"), bench.send(move, key="same-key-1")

    assert first == second
    assert bench.balance(bench.a) == (5, 0)


def test_the_key_must_be_there(bench: Bench) -> None:
    answer = bench.client.post("/api/v1/transfers", json=[bench.move(bench.source, bench.a, 5)], headers=bench.headers)

    assert (answer.status_code, answer.json["code"]) == (400, "idempotency.key_missing")


@pytest.mark.parametrize(
    "body",
    [
        {"not": "a list"},
        [{"kind": "expire", "pending_id": "x", "code": "x", "reason": ""}],
        [{"amount": "5", "code": "x", "reason": "", "unit": "point"}],
        [7],
        [{}] * 1001,
    ],
)
def test_what_can_not_be_read_is_refused_as_a_whole(bench: Bench, body: Any) -> None:
    headers = bench.headers | {"Idempotency-Key": f"key-{new_id()}"}
    answer = bench.client.post("/api/v1/transfers", json=body, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (422, "request.invalid")


def test_a_thousand_transfers_are_booked_at_once(bench: Bench, world: World) -> None:
    results = bench.send(*(bench.move(bench.source, bench.a, 1) for _ in range(1000)))

    assert set(codes(results)) == {"created"}
    assert bench.balance(bench.a) == (1000, 0)
    assert verified(world).clean


@pytest.mark.parametrize("role", ["auditor", "station_manager", "clerk"])
def test_only_admins_use_the_raw_ledger(bench: Bench, world: World, role: str) -> None:
    headers = world.add_staff(role, place_id=world.top_id).headers | {"Idempotency-Key": f"key-{new_id()}"}

    opened = bench.client.post("/api/v1/accounts", json={"unit": "point", "kind": "free"}, headers=headers)
    moved = bench.client.post("/api/v1/transfers", json=[bench.move(bench.source, bench.a, 1)], headers=headers)

    assert (opened.status_code, moved.status_code) == (403, 403)
    assert bench.balance(bench.a) == (0, 0)


def test_an_account_needs_a_unit_that_exists(bench: Bench) -> None:
    body = {"unit": "pebble", "kind": "free"}
    answer = bench.client.post("/api/v1/accounts", json=body, headers=bench.headers)

    assert (answer.status_code, answer.json["code"]) == (422, "points.unit_unknown")
