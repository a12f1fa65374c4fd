"""Lots and expiry over HTTP: own lots, the notice list, and a run from preparation to result."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book.queries import accounts_by_key
from ledger.points.expiry import service as expiry
from ledger.points.policy import POINT, AccountKey
from tests.shop.counter import give_points
from tests.world import Person, World

API = "/api/v1"
DAY = date(2026, 12, 31)
BEFORE = datetime(2026, 6, 3, 8, tzinfo=UTC)
OVER = datetime(2027, 1, 31, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    """The grace of 2026 is over."""
    with clock.at(OVER):
        yield


@pytest.fixture
def member(world: World) -> Person:
    """A member with points that end in 2026, in 2027 and never."""
    member = world.add_volunteer()
    with clock.at(BEFORE):
        give_points(world, member, 100)
        give_points(world, member, 200, good_until=date(2027, 12, 31))
        give_points(world, member, 300, good_until=DAY)
    return member


def lots_address(world: World, member: Person) -> str:
    """The address of a member's lots."""
    key = AccountKey(POINT, "member", member.volunteer_id)
    return f"{API}/accounts/{public_id(in_snapshot(accounts_by_key, [key], world.center_id)[key].id)}/lots"


def test_a_member_reads_their_own_lots_as_they_are_used_up(client: FlaskClient, world: World, member: Person) -> None:
    address = lots_address(world, member)
    answer = client.get(address, headers=member.headers)
    first = client.get(address, query_string={"limit": 1}, headers=member.headers).json
    second = client.get(address, query_string={"limit": 1, "after": first["next"]}, headers=member.headers).json

    assert answer.status_code == 200
    found = [(lot["expires_on"], lot["remaining"], lot["held"]) for lot in answer.json["items"]]
    assert found == [("2026-12-31", 300, 0), ("2027-12-31", 200, 0), (None, 100, 0)]
    assert [lot["expires_on"] for lot in (*first["items"], *second["items"])] == ["2026-12-31", "2027-12-31"]


def test_nobody_reads_somebody_elses_lots_but_auditors(client: FlaskClient, world: World, member: Person) -> None:
    address, other = lots_address(world, member), world.add_volunteer("李秀英")
    auditor = world.add_staff("auditor", place_id=world.top_id)

    assert client.get(address, headers=other.headers).json["code"] == "points.account_not_found"
    assert len(client.get(address, headers=auditor.headers).json["items"]) == 3


def test_the_notice_list_is_for_staff(client: FlaskClient, world: World, member: Person) -> None:
    auditor = world.add_staff("auditor", place_id=world.top_id)
    address = f"{API}/points-ending?until=2026-12-31"

    assert client.get(address, headers=member.headers).status_code == 403
    (row,) = client.get(address, headers=auditor.headers).json["items"]
    assert row == {
        "volunteer_id": public_id(member.volunteer_id), "lots": 1, "amount": 300, "held": 0,
        "first_ends_on": "2026-12-31",
    }  # fmt: skip


def test_a_run_is_prepared_proposed_released_by_another_and_carried_out(
    client: FlaskClient, world: World, member: Person
) -> None:
    admin, other = (world.add_staff("admin", place_id=world.top_id) for _ in range(2))
    run = client.post(f"{API}/expiry-runs", json={"ends_on": "2026-12-31"}, headers=admin.headers).json
    wanted = {"kind": "points.expiry_release", "payload": {"run_id": run["id"]}, "reason": "公告贴了"}
    proposal = client.post(f"{API}/approvals", json=wanted, headers=admin.headers).json
    own = client.post(f"{API}/approvals/{proposal['id']}/approve", json={}, headers=admin.headers)
    client.post(f"{API}/approvals/{proposal['id']}/approve", json={}, headers=other.headers)
    while in_transaction(expiry.carry_out, world.center_id):
        pass

    done = client.get(f"{API}/expiry-runs/{run['id']}", headers=admin.headers).json
    listed = client.get(f"{API}/expiry-runs", headers=admin.headers).json["items"]

    assert (run["status"], run["expected_lots"], run["expected_amount"]) == ("prepared", 1, 300)
    assert own.json["code"] == "approvals.two_people_needed"
    assert (done["status"], done["expired_lots"], done["expired_amount"]) == ("done", 1, 300)
    assert done["released_by"] == public_id(other.identity_id)
    assert listed == [done]


def test_a_prepared_run_is_dropped_once(client: FlaskClient, world: World, member: Person) -> None:
    admin = world.add_staff("admin", place_id=world.top_id)
    run = client.post(f"{API}/expiry-runs", json={"ends_on": "2026-12-31"}, headers=admin.headers).json
    address = f"{API}/expiry-runs/{run['id']}/drop"

    assert client.post(address, headers=admin.headers).json["status"] == "dropped"
    assert client.post(address, headers=admin.headers).json["code"] == "points.expiry_wrong_state"


@pytest.mark.parametrize(("language", "said"), [("zh", "还在宽限期里"), ("en", "Still within the grace")])
def test_a_day_within_the_grace_is_refused_in_words(
    client: FlaskClient, world: World, member: Person, language: str, said: str
) -> None:
    admin = world.add_staff("admin", place_id=world.top_id)
    headers = admin.headers | {"Accept-Language": language}
    answer = client.post(f"{API}/expiry-runs", json={"ends_on": "2027-01-30"}, headers=headers)

    assert answer.status_code == 422
    assert said in answer.json["title"]
