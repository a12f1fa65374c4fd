"""An account as of any time: by time of recording, by effective time, and with the open holds."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book import queries, service
from ledger.points.policy import POINT, AccountKey, Movement, Source
from tests.world import Person, World

MAY = datetime(2026, 5, 10, 8, tzinfo=UTC)
JUNE = datetime(2026, 6, 10, 8, tzinfo=UTC)
ISSUANCE, REDEEMED = AccountKey(POINT, "issuance"), AccountKey(POINT, "redeemed", 9)
MEMBER = AccountKey(POINT, "member", 7)


def post(world: World, *movements: Movement, ref: str, at: datetime, effective_at: datetime | None = None) -> list[int]:
    """Post a batch at a time."""
    with clock.at(at):
        return in_transaction(
            service.post,
            movements,
            source=Source("test", ref, "post"),
            actor=world.builder,
            reason="test",
            effective_at=effective_at,
        ).transfer_ids


def written(world: World) -> tuple[str, int]:
    """100 in May; 50 recorded in June but effective in May; 30 held in June for half an hour."""
    post(world, Movement(ISSUANCE, MEMBER, 100, "award"), ref="1", at=MAY)
    post(world, Movement(ISSUANCE, MEMBER, 50, "award"), ref="2", at=JUNE, effective_at=MAY)
    until = JUNE + timedelta(minutes=30)
    held = post(
        world, Movement(MEMBER, REDEEMED, 30, "redemption", expires_at=until), ref="3", at=JUNE + timedelta(minutes=1)
    )
    account = in_snapshot(lambda session: queries.accounts_by_key(session, [MEMBER], world.center_id)[MEMBER].id)
    return public_id(account), held[0]


def auditor(world: World) -> Person:
    """Somebody who may read all books."""
    return world.add_staff("auditor", place_id=world.top_id)


def test_balance_and_open_holds_come_in_one_answer(client: FlaskClient, world: World) -> None:
    account, held = written(world)
    found = client.get(f"/api/v1/accounts/{account}", headers=auditor(world).headers).json
    assert (found["balance"], found["held"], found["available"]) == (150, 30, 120)
    (hold,) = found["holds"]
    assert (hold["transfer_id"], hold["side"], hold["amount"]) == (public_id(held), "debit", 30)


def test_a_hold_stands_as_of_a_time_before_it_was_resolved_and_not_after(client: FlaskClient, world: World) -> None:
    account, held = written(world)
    with clock.at(JUNE + timedelta(minutes=2)):
        in_transaction(
            service.resolve,
            [held],
            "post",
            source=Source("test", "3", "end"),
            actor=world.builder,
            reason="test",
            amounts={held: 20},
        )
    headers = auditor(world).headers
    before = client.get(f"/api/v1/accounts/{account}?as_of=2026-06-10T08:01:30Z", headers=headers).json
    after = client.get(f"/api/v1/accounts/{account}", headers=headers).json
    assert (before["balance"], before["held"], len(before["holds"])) == (150, 30, 1)
    assert (after["balance"], after["held"], after["holds"]) == (130, 0, [])


def test_what_happened_earlier_than_it_was_recorded_counts_by_either_time(client: FlaskClient, world: World) -> None:
    account, _ = written(world)
    headers = auditor(world).headers
    recorded = client.get(f"/api/v1/accounts/{account}?as_of=2026-05-31T00:00:00Z", headers=headers).json
    happened = client.get(f"/api/v1/accounts/{account}?effective_until=2026-05-31T00:00:00Z", headers=headers).json
    assert (recorded["balance"], happened["balance"]) == (100, 150)


def test_the_trial_balance_by_effective_time_adds_up(client: FlaskClient, world: World) -> None:
    written(world)
    headers = auditor(world).headers
    found = client.get("/api/v1/audit/trial-balance?effective_until=2026-05-31T00:00:00Z", headers=headers).json
    lines = {line["kind"]: (line["debits"], line["credits"]) for line in found["units"][0]["lines"]}
    assert found["balanced"]
    assert lines == {"issuance": (150, 0), "member": (0, 150)}


def test_only_one_of_the_two_times_is_asked_for(client: FlaskClient, world: World) -> None:
    account, _ = written(world)
    both = "as_of=2026-05-31T00:00:00Z&effective_until=2026-05-31T00:00:00Z"
    answer = client.get(f"/api/v1/accounts/{account}?{both}", headers=auditor(world).headers)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "effective_until")
