"""The books over HTTP: trial balance, balances as of any time, traces, verification, and who may see what."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.ids import new_id, parse_public_id, public_id
from ledger.kernel.types import table_of
from ledger.points.book import queries as points
from ledger.points.models import Transfer
from tests.audit.small_book import SmallBook, give_points, make_small_book
from tests.world import Person, World


@pytest.fixture
def book(world: World) -> SmallBook:
    """A small book of the test's own."""
    return make_small_book(world)


@pytest.fixture
def auditor(world: World) -> Person:
    """Somebody who reads everything and writes nothing."""
    return world.add_staff("auditor", place_id=world.top_id, name="周敏")


def account_of(client: FlaskClient, person: Person, **wanted: str) -> dict[str, object]:
    """The one account that a person sees for this filter."""
    (found,) = client.get("/api/v1/accounts", query_string=wanted, headers=person.headers).json["items"]
    return dict(found)


def test_the_trial_balance_has_no_difference(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    answer = client.get("/api/v1/audit/trial-balance", headers=auditor.headers)

    assert answer.status_code == 200
    assert answer.json["balanced"] is True
    assert [unit["unit"] for unit in answer.json["units"]][:2] == ["point", "minute"]
    for unit in answer.json["units"]:
        assert unit["difference"] == 0
        assert unit["debits"] == sum(line["debits"] for line in unit["lines"]) > 0
        assert sum(line["balance"] for line in unit["lines"]) == 0


def test_the_trial_balance_as_of_a_time_before_everything_is_empty(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    query = {"as_of": (book.day - timedelta(days=1)).isoformat()}
    answer = client.get("/api/v1/audit/trial-balance", query_string=query, headers=auditor.headers)

    assert answer.json["units"] == []
    assert answer.json["balanced"] is True


def rows_of(database: Database, center_id: int) -> list[sa.Row[Any]]:
    """All transfers, holds before their resolutions."""
    t = table_of(Transfer).c
    columns = (t.id, t.kind, t.amount, t.pending_id, t.debit_account_id, t.credit_account_id, t.recorded_at)
    with database.snapshot() as session:
        return list(session.execute(sa.select(*columns).where(t.center_id == center_id).order_by(t.kind != "pending")))


def replayed(rows: list[sa.Row[Any]], account_id: int, until: datetime) -> tuple[int, int]:
    """Derived balance and hold as of a time, computed transfer by transfer."""
    balance = held = 0
    holds = {row.id: row.amount for row in rows if row.kind == "pending"}
    for row in (row for row in rows if row.recorded_at <= until):
        posted = row.amount if row.kind in ("posted", "post") else 0
        if row.debit_account_id == account_id:
            balance -= posted
            held += row.amount if row.kind == "pending" else -holds.get(row.pending_id, 0)
        if row.credit_account_id == account_id:
            balance += posted
    return balance, held


def test_a_balance_as_of_any_time_is_what_a_replay_gives(
    client: FlaskClient, book: SmallBook, auditor: Person, database: Database
) -> None:
    rows = rows_of(database, book.world.center_id)
    moments = {row.recorded_at + timedelta(microseconds=step) for row in rows for step in (-1, 0)}
    accounts = client.get("/api/v1/accounts", headers=auditor.headers).json["items"]
    counted = {"member", "stock"}

    for account in accounts:
        account_id = parse_public_id(account["id"])
        for at in sorted(moments):
            balance, held = replayed(rows, account_id, at)
            found = in_snapshot(points.get_account, account_id, book.world.center_id, as_of=at)
            assert (found.balance, found.held) == (balance, held if account["kind"] in counted else 0)


def test_a_balance_is_asked_as_of_a_time_over_http(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    account = account_of(client, auditor, kind="member", unit="point", owner_id=public_id(book.volunteer.volunteer_id))
    path = f"/api/v1/accounts/{account['id']}"
    before, after = (
        client.get(path, query_string={"as_of": at.isoformat()}, headers=auditor.headers).json
        for at in (book.day, book.day + timedelta(hours=6))
    )

    assert (before["balance"], after["balance"], account["balance"], account["held"]) == (0, 208, 158, 50)
    assert client.get(path, query_string={"as_of": "yesterday"}, headers=auditor.headers).status_code == 422


def test_a_statement_adds_up_to_the_balance(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    owner = public_id(book.other.volunteer_id)
    account = account_of(client, auditor, kind="member", unit="point", owner_id=owner)
    entries, after = [], ""
    while after is not None:
        page = client.get(
            f"/api/v1/accounts/{account['id']}/entries",
            query_string={"limit": "2", "after": after} if after else {"limit": "2"},
            headers=auditor.headers,
        ).json
        entries += page["items"]
        after = page["next"]

    assert sum(entry["amount"] for entry in entries) == account["balance"]
    assert entries[0]["balance_after"] == account["balance"]
    assert len({entry["transfer_id"] for entry in entries}) == len(entries) == 8


def test_an_award_is_traced_to_its_scans_its_rule_and_its_people(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    entry = entry_of(client, auditor, book.volunteer, "award")

    found = client.get(f"/api/v1/audit/trace/{entry}", headers=auditor.headers).json

    attendance = found["attendance"]
    assert attendance["id"] == public_id(book.attendance_id)
    assert (attendance["minutes"], attendance["minutes_present"], attendance["points"]) == (125, 133, 208)
    assert attendance["rule"]["sum"] == "125 ÷ 60 × 1.00 = 2.08"
    assert [scan["reason"] for scan in attendance["scans"]] == ["OK_IN", "OK_OUT"]
    assert {step["code"] for step in found["batch"]["transfers"]} == {"hours", "award"}
    people = {person["part"]: person["masked_name"] for person in found["people"]}
    assert people == {"member": "王*兰", "scanned_in": "陈*燕", "scanned_out": "陈*燕", "recorded_by": "陈*燕"}
    assert (found["debit"]["kind"], found["credit"]["kind"]) == ("issuance", "member")
    assert found["credit"]["name"].startswith("王*兰 ")
    assert (found["redemption"], found["goods_in"]) == (None, None)


def test_a_reviewed_attendance_is_traced_to_the_decision(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    account = account_of(client, auditor, kind="member", unit="minute", owner_id=public_id(book.volunteer.volunteer_id))
    entries = client.get(f"/api/v1/accounts/{account['id']}/entries", headers=auditor.headers).json["items"]
    reviewed = next(entry for entry in entries if entry["reason"] == "review")

    found = client.get(f"/api/v1/audit/trace/{reviewed['transfer_id']}", headers=auditor.headers).json

    assert found["attendance"]["decision"]["note"] == "看了签名表"
    assert {"part": "decided_by", "masked_name": "李*国", "number": ""} in found["people"]


def test_a_redemption_is_traced_to_its_lines_its_hold_and_its_clerk(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    entry = entry_of(client, auditor, book.volunteer, "redemption", kind="post")

    found = client.get(f"/api/v1/audit/trace/{entry}", headers=auditor.headers).json

    assert found["redemption"]["id"] == public_id(book.sold_id)
    assert [(line["name"], line["quantity"], line["points"]) for line in found["redemption"]["lines"]] == [
        ("东北大米", 1, 50),
    ]  # fmt: skip
    assert found["redemption"]["receipt"].endswith("-000001")
    assert found["redemption"]["code_issued_at"] <= found["redemption"]["created_at"]
    assert found["neighbours"]["pending_id"] == found["redemption"]["lines"][0]["points_transfer_id"]
    assert {person["part"] for person in found["people"]} == {"member", "clerk", "recorded_by"}
    held = client.get(f"/api/v1/audit/trace/{found['neighbours']['pending_id']}", headers=auditor.headers).json
    assert held["neighbours"]["resolution_id"] == entry


def test_a_void_is_traced_to_what_it_takes_back(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    account = account_of(client, auditor, kind="member", unit="point", owner_id=public_id(book.other.volunteer_id))
    entries = client.get(f"/api/v1/accounts/{account['id']}/entries", headers=auditor.headers).json["items"]
    void = next(entry for entry in entries if entry["reason"] == "void")

    found = client.get(f"/api/v1/audit/trace/{void['transfer_id']}", headers=auditor.headers).json
    first = client.get(f"/api/v1/audit/trace/{found['neighbours']['reverses_id']}", headers=auditor.headers).json

    assert first["neighbours"]["reversed_by_id"] == void["transfer_id"]
    assert found["redemption"]["void_reason"] == "拿错了"


def test_stock_is_traced_to_the_delivery(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    account = account_of(client, auditor, kind="stock")
    entries = client.get(f"/api/v1/accounts/{account['id']}/entries", headers=auditor.headers).json["items"]

    found = client.get(f"/api/v1/audit/trace/{entries[-1]['transfer_id']}", headers=auditor.headers).json

    assert (found["goods_in"]["supplier"], found["goods_in"]["lines"][0]["quantity"]) == ("供销社", 20)


def test_the_verification_says_that_the_book_is_clean(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    answer = client.post("/api/v1/audit/verify", headers=auditor.headers)

    assert (answer.status_code, answer.json["status"], answer.json["clean"]) == (200, "clean", True), answer.json
    again = client.get(f"/api/v1/audit/verifications/{answer.json['id']}", headers=auditor.headers)
    assert again.json == answer.json


def test_the_verification_names_what_differs_in_the_reader_s_language(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    give_points(book.world, book.volunteer, 500)

    answer = client.post("/api/v1/audit/verify", headers=auditor.headers)

    assert (answer.json["status"], answer.json["clean"]) == ("different", False)
    assert answer.json["difference"]["check"] == "source_missing"
    assert answer.json["difference"]["text"].startswith("批次 ")


def entry_of(client: FlaskClient, reader: Person, person: Person, code: str, kind: str = "posted") -> str:
    """The first entry of this code and kind in a person's points."""
    owner = public_id(person.volunteer_id)
    account = account_of(client, reader, kind="member", unit="point", owner_id=owner)
    entries = client.get(f"/api/v1/accounts/{account['id']}/entries", headers=reader.headers).json["items"]
    return next(str(entry["transfer_id"]) for entry in entries if (entry["code"], entry["kind"]) == (code, kind))


def test_a_volunteer_sees_the_own_accounts_and_nobody_else_s(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    mine = client.get("/api/v1/accounts", headers=book.volunteer.headers).json["items"]
    theirs = account_of(client, auditor, kind="member", unit="point", owner_id=public_id(book.other.volunteer_id))

    assert {account["owner_id"] for account in mine} == {public_id(book.volunteer.volunteer_id)}
    assert {account["unit"] for account in mine} == {"point", "minute"}
    for path in ("", "/entries"):
        answer = client.get(f"/api/v1/accounts/{theirs['id']}{path}", headers=book.volunteer.headers)
        assert (answer.status_code, answer.json["code"]) == (404, "points.account_not_found")


def test_a_volunteer_traces_the_own_transfers_and_nobody_else_s(
    client: FlaskClient, book: SmallBook, auditor: Person
) -> None:
    own, other = (entry_of(client, auditor, person, "award") for person in (book.volunteer, book.other))

    assert client.get(f"/api/v1/audit/trace/{own}", headers=book.volunteer.headers).status_code == 200
    for path in ("/audit/trace", "/transfers"):
        answer = client.get(f"/api/v1{path}/{other}", headers=book.volunteer.headers)
        assert (answer.status_code, answer.json["code"]) == (404, "points.transfer_not_found")
    batch = client.get(f"/api/v1/transfers/{other}", headers=auditor.headers).json["batch_id"]
    answer = client.get(f"/api/v1/batches/{batch}", headers=book.volunteer.headers)
    assert (answer.status_code, answer.json["code"]) == (404, "points.batch_not_found")


@pytest.mark.parametrize("role", ["clerk", "station_manager"])
def test_staff_without_the_books_are_refused(client: FlaskClient, world: World, role: str) -> None:
    headers = world.add_staff(role, place_id=world.top_id).headers
    paths = ["/accounts", f"/accounts/{public_id(5)}", f"/transfers/{public_id(5)}", "/audit/trial-balance"]

    assert {client.get(f"/api/v1{path}", headers=headers).status_code for path in paths} == {403}
    assert client.post("/api/v1/audit/verify", headers=headers).status_code == 403


def test_a_volunteer_does_not_verify(client: FlaskClient, world: World) -> None:
    headers = world.add_volunteer().headers

    assert client.get("/api/v1/audit/trial-balance", headers=headers).status_code == 403
    assert client.post("/api/v1/audit/verify", headers=headers).status_code == 403


def test_an_auditor_writes_nothing(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    headers = auditor.headers | {"Idempotency-Key": f"key-{new_id()}"}
    writes = [
        ("/accounts", {"unit": "point", "kind": "free"}),
        ("/transfers", []),
        ("/rules", {"effective_from": clock.now().isoformat(), "points_per_hour": 100}),
        ("/checkins", {"client_scan_id": "scan-12345", "code": "X"}),
        ("/redemptions", {"shop_id": public_id(book.shop_id), "payer_code": "8" * 19}),
        (f"/reviews/{public_id(book.reviewed_id)}/approve", {}),
        (f"/redemptions/{public_id(book.sold_id)}/void", {"reason": "x"}),
    ]

    answers = {path: client.post(f"/api/v1{path}", json=body, headers=headers).status_code for path, body in writes}

    assert set(answers.values()) == {403}, answers


def test_another_center_s_books_do_not_exist(client: FlaskClient, book: SmallBook, auditor: Person) -> None:
    stranger = World(book.world.database)
    reader = stranger.add_staff("auditor", place_id=stranger.top_id)
    entry = entry_of(client, auditor, book.volunteer, "award")

    assert client.get("/api/v1/accounts", headers=reader.headers).json["items"] == []
    assert client.get(f"/api/v1/audit/trace/{entry}", headers=reader.headers).status_code == 404


def test_a_stranger_is_asked_to_log_in(client: FlaskClient, world: World) -> None:
    for path in ("/accounts", "/audit/trial-balance", f"/audit/trace/{public_id(5)}"):
        assert client.get(f"/api/v1{path}").status_code == 401
