"""A frozen book refuses every posting but stays readable, until an admin and an auditor have both released it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from ledger.app import APPROVALS
from ledger.checkin import service as checkin
from ledger.checkin.commands import ScanCommand
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError, Unavailable
from ledger.kernel.ids import new_id, public_id
from ledger.points.closing import freezing
from ledger.points.closing.freezing import FreezeView
from ledger.points.policy import Balance
from ledger.points.raw import releasing as expiring
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from tests.approvals.office import Office
from tests.points.books import Books
from tests.runtimes import ZONE
from tests.world import Person, World


@pytest.fixture
def office(world: World) -> Office:
    """An office with an auditor."""
    return Office(world)


def freeze(world: World, *, run_id: int | None = 77) -> int:
    """Freeze the book after a failed verification."""
    return in_transaction(freezing.freeze, world.center_id, reason="debits_posted", run_id=run_id)


def release(freeze_id: int, by: Person, note: str = "查清了，改正了") -> dict[str, Any]:
    """Sign the release."""
    return in_transaction(freezing.release, freeze_id, note, actor=by.actor, desk=APPROVALS)


def seen(world: World, freeze_id: int) -> FreezeView:
    """The current state of a freeze."""
    return in_snapshot(freezing.get_freeze, freeze_id, world.center_id)


def code_of(work: Callable[[], Any]) -> str:
    """The code of the refusal that `work` raises."""
    with pytest.raises(LedgerError) as caught:
        work()
    return caught.value.code


def test_a_frozen_book_takes_no_posting_and_is_read(office: Office) -> None:
    books = Books(office.world.center_id)
    books.award(500)
    [hold] = books.hold(100)
    freeze(office.world)
    before = books.transfers()

    for work in (
        lambda: books.award(1),
        lambda: books.spend(1),
        lambda: books.hold(1),
        lambda: books.resolve([hold], "post"),
        lambda: books.resolve([hold], "void"),
    ):
        assert code_of(work) == "points.ledger_frozen"

    assert books.transfers() == before
    assert books.balance() == Balance(500, 100)


def test_the_raw_ledger_is_frozen_too(world: World) -> None:
    accounts = [in_transaction(raw.open_account, "minute", overdraft=True, actor=world.builder) for _ in range(2)]
    wanted = [WantedTransfer("one", *accounts, amount=5, unit="minute")]
    freeze_id = freeze(world)

    assert code_of(lambda: in_transaction(raw.transfer_all, wanted, actor=world.builder)) == "points.ledger_frozen"

    office = Office(world)
    release(freeze_id, office.first)
    release(freeze_id, office.auditor)
    [result] = in_transaction(raw.transfer_all, wanted, actor=world.builder)["results"]
    assert result["status"] == "created"


def test_holds_that_are_over_stay_until_the_book_is_released(office: Office) -> None:
    world = office.world
    accounts = [in_transaction(raw.open_account, "minute", overdraft=True, actor=world.builder) for _ in range(2)]
    held = WantedTransfer("hold", *accounts, amount=5, unit="minute", kind="pending", timeout_seconds=1)
    in_transaction(raw.transfer_all, [held], actor=world.builder)
    freeze(world)
    with clock.at(clock.now() + timedelta(minutes=1)), pytest.raises(Unavailable):
        in_transaction(expiring.release_expired, world.center_id)


def test_another_center_goes_on(office: Office) -> None:
    neighbour = Books(World(office.world.database).center_id)
    freeze(office.world)
    neighbour.award(5)
    assert neighbour.balance() == Balance(5, 0)


def test_it_takes_an_admin_and_an_auditor(office: Office) -> None:
    books, freeze_id = Books(office.world.center_id), freeze(office.world)

    assert release(freeze_id, office.first) == {"freeze_id": freeze_id, "part": "admin", "released": False}
    assert code_of(lambda: books.award(1)) == "points.ledger_frozen"
    assert release(freeze_id, office.auditor)["released"]

    books.award(1)
    view = seen(office.world, freeze_id)
    assert view.released_at is not None
    assert [(each.part, each.signed_by, each.note) for each in view.signatures] == [
        ("admin", office.first.identity_id, "查清了，改正了"),
        ("auditor", office.auditor.identity_id, "查清了，改正了"),
    ]


def test_two_of_one_side_are_not_enough(office: Office) -> None:
    freeze_id = freeze(office.world)
    release(freeze_id, office.first)
    assert code_of(lambda: release(freeze_id, office.second)) == "points.release_signed"
    assert code_of(lambda: release(freeze_id, office.first)) == "points.release_signed"
    assert seen(office.world, freeze_id).released_at is None


def test_somebody_with_both_roles_signs_for_one_side(office: Office) -> None:
    office.world.employ(office.first, "auditor", place_id=office.world.top_id)
    freeze_id = freeze(office.world)

    assert release(freeze_id, office.first)["part"] == "admin"
    assert code_of(lambda: release(freeze_id, office.first)) == "points.release_needs_another"
    assert release(freeze_id, office.auditor)["released"]


def test_two_of_one_household_do_not_release_it(office: Office) -> None:
    office.world.house("柳荫017", office.first, office.auditor)
    freeze_id = freeze(office.world)
    release(freeze_id, office.first)

    assert code_of(lambda: release(freeze_id, office.auditor)) == "points.release_same_household"
    assert seen(office.world, freeze_id).released_at is None
    other = office.world.add_staff("auditor", place_id=office.world.top_id)
    assert release(freeze_id, other)["released"]


def test_somebody_with_both_roles_signs_for_the_side_that_is_missing(office: Office) -> None:
    office.world.employ(office.first, "auditor", place_id=office.world.top_id)
    freeze_id = freeze(office.world)
    release(freeze_id, office.second)

    assert release(freeze_id, office.first) == {"freeze_id": freeze_id, "part": "auditor", "released": True}


@pytest.mark.parametrize("role", ["clerk", "station_manager"])
def test_others_do_not_release(office: Office, role: str) -> None:
    freeze_id, person = freeze(office.world), office.world.add_staff(role, place_id=office.world.top_id)
    assert code_of(lambda: release(freeze_id, person)) == "access.denied"


def test_a_signature_says_what_was_found(office: Office) -> None:
    freeze_id = freeze(office.world)
    assert code_of(lambda: release(freeze_id, office.first, " ")) == "points.release_note_needed"


def test_a_released_freeze_is_not_signed_again(office: Office) -> None:
    freeze_id = freeze(office.world)
    release(freeze_id, office.first)
    release(freeze_id, office.auditor)
    assert code_of(lambda: release(freeze_id, office.second)) == "points.freeze_released"
    assert code_of(lambda: release(new_id(), office.second)) == "points.freeze_not_found"


def test_a_center_is_frozen_once_at_a_time(office: Office) -> None:
    first = freeze(office.world)
    assert freeze(office.world, run_id=78) == first
    release(first, office.first)
    release(first, office.auditor)

    second = freeze(office.world, run_id=None)
    assert second != first
    assert [view.id for view in in_snapshot(freezing.freezes, office.world.center_id)] == [second, first]
    assert code_of(lambda: Books(office.world.center_id).award(1)) == "points.ledger_frozen"


def test_no_month_is_closed_in_a_frozen_book(office: Office) -> None:
    with clock.at(clock.now() - timedelta(days=40)):
        Books(office.world.center_id).award(5)
        month = clock.now().astimezone(ZONE).strftime("%Y-%m")
    proposal_id = office.propose("points.period_close", {"month": month})
    freeze(office.world)
    assert code_of(lambda: office.approve(proposal_id)) == "points.ledger_frozen"
    assert office.see(proposal_id).status == "proposed"


def test_what_is_sent_to_a_frozen_book_is_booked_after_the_release(office: Office, client: FlaskClient) -> None:
    """The answer is 503 with Retry-After, and the same key succeeds later: no refusal is stored."""
    proposal = client.post(
        "/api/v1/approvals",
        json={"kind": "points.adjustment", "payload": office.payload(100), "reason": "漏记"},
        headers=office.first.headers,
    ).json["id"]
    path, headers = f"/api/v1/approvals/{proposal}/approve", office.second.headers | {"Idempotency-Key": "approve-it-1"}
    freeze_id = freeze(office.world)

    answer = client.post(path, json={"note": ""}, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (503, "points.ledger_frozen")
    assert answer.headers["Retry-After"] == "60"
    release(freeze_id, office.first)
    release(freeze_id, office.auditor)
    assert client.post(path, json={"note": ""}, headers=headers).status_code == 200
    assert office.balance() == Balance(100, 0)


def test_a_check_out_waits_in_the_phone(office: Office) -> None:
    """A scan on a frozen book is not stored as refused: the phone's retry is accepted later."""
    world, clerk = office.world, office.world.add_staff("clerk")
    starts = clock.now()
    world.sign_up(world.add_shift(starts + timedelta(minutes=1)), office.volunteer)
    scans = [
        ScanCommand(f"frozen-scan-{way}", card=office.volunteer.card, station_id=world.station_id)
        for way in ("in", "out")
    ]
    with clock.at(starts + timedelta(minutes=1)):
        in_transaction(checkin.scan, scans[0], actor=clerk.actor)
    freeze_id = freeze(world)
    with clock.at(starts + timedelta(minutes=61)):
        with pytest.raises(Unavailable):
            in_transaction(checkin.scan, scans[1], actor=clerk.actor)
        release(freeze_id, office.first)
        release(freeze_id, office.auditor)
        answer = in_transaction(checkin.scan, scans[1], actor=clerk.actor)
    assert (answer.reason, answer.replayed, answer.attendance["minutes"]) == ("OK_OUT", False, 60)


FORGERIES = {
    "book_freeze": "UPDATE book_freeze SET reason = '' WHERE center_id = :c",
    "the freeze": "DELETE FROM book_freeze WHERE center_id = :c",
    "freeze_release": "UPDATE freeze_release SET signed_by = 5 WHERE center_id = :c",
    "the signature": "DELETE FROM freeze_release WHERE center_id = :c",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_sql_can_not_change_who_released(office: Office, forgery: str) -> None:
    release(freeze(office.world), office.first)

    def forge(session: Session) -> None:
        session.execute(sa.text(FORGERIES[forgery]), {"c": office.world.center_id})

    with pytest.raises(sa.exc.DBAPIError, match="is append only"):
        in_transaction(forge)


def test_a_signature_over_http(office: Office, client: FlaskClient) -> None:
    freeze_id = public_id(freeze(office.world))
    path = f"/api/v1/freezes/{freeze_id}/release"

    first = client.post(path, json={"note": "查清了"}, headers=office.first.headers)
    assert (first.status_code, first.json["released_at"]) == (200, None)
    second = client.post(path, json={"note": "核过了"}, headers=office.auditor.headers)
    assert second.json["released_at"] is not None
    listed = client.get("/api/v1/freezes", headers=office.auditor.headers).json["items"]
    assert [each["id"] for each in listed] == [freeze_id]
    assert [each["part"] for each in listed[0]["signatures"]] == ["admin", "auditor"]
    assert listed[0]["run_id"] == public_id(77)
    clerk = office.world.add_staff("clerk")
    assert client.get("/api/v1/freezes", headers=clerk.headers).status_code == 403
    assert client.post(path, json={"note": "x"}, headers=clerk.headers).status_code == 403
