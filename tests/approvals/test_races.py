"""Two people at the same moment, each on their own connection: one decision stands, no posting slips into a month."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approvals import service
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import LedgerError
from ledger.points.closing import freezing
from ledger.points.closing.months import following, month_end, month_start
from ledger.points.models import Batch
from ledger.points.policy import Balance, Movement
from tests.approvals.office import Office
from tests.at_once import at_once
from tests.points.books import ISSUANCE, Books, member
from tests.runtimes import ZONE, use_database
from tests.world import World

ROUNDS = 30
BEGINNING, NOW = datetime(2022, 1, 10, 4, tzinfo=UTC), datetime(2026, 6, 10, 4, tzinfo=UTC)


@pytest.fixture
def office(own_database: Database) -> Office:
    """An office in its own database."""
    with clock.at(BEGINNING):
        return Office(World(own_database))


@pytest.fixture
def elsewhere(office: Office) -> Iterator[Database]:
    """The same database, opened by another service."""
    other = Database(office.world.database.url)
    yield other
    other.close()


def race(elsewhere: Database, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """Result of each, the second on the other service: "won", or the code of its refusal."""

    def outcome(work: Callable[[], Any], database: Database | None) -> str:
        if database is not None:
            use_database(database)
        try:
            work()
        except LedgerError as error:
            return error.code
        return "won"

    got = at_once([lambda: outcome(first, None), lambda: outcome(second, elsewhere)])
    assert all(isinstance(each, str) for each in got), got
    return got[0], got[1]


def test_two_who_approve_at_once(office: Office, elsewhere: Database) -> None:
    third = office.world.add_staff("admin", place_id=office.world.top_id)
    proposals = [office.adjustment(100) for _ in range(ROUNDS)]

    outcomes = [
        race(elsewhere, lambda p=each: office.approve(p), lambda p=each: office.approve(p, third)) for each in proposals
    ]

    assert {frozenset(outcome) for outcome in outcomes} == {frozenset({"won", "approvals.already_decided"})}
    assert office.balance() == Balance(100 * ROUNDS, 0)


def test_approved_while_it_is_withdrawn(office: Office, elsewhere: Database) -> None:
    proposals = [office.adjustment(100) for _ in range(ROUNDS)]

    outcomes = [
        race(elsewhere, lambda p=each: office.approve(p), lambda p=each: office.withdraw(p)) for each in proposals
    ]

    approved = Counter(outcomes)["won", "approvals.already_decided"]
    assert approved + Counter(outcomes)["approvals.already_decided", "won"] == ROUNDS
    assert Counter(office.see(each).status for each in proposals)["approved"] == approved
    assert office.balance() == Balance(100 * approved, 0)


def test_both_sides_sign_at_once(office: Office, elsewhere: Database) -> None:
    """Neither overlooks the other's signature, which would leave the book frozen although both have signed."""
    center_id = office.world.center_id
    for _ in range(ROUNDS):
        freeze_id = in_transaction(freezing.freeze, center_id, reason="test", run_id=None)

        def sign(person: Any, freeze_id: int = freeze_id) -> Callable[[], Any]:
            return lambda: in_transaction(freezing.release, freeze_id, "查清了", actor=person.actor, desk=office.desk)

        assert race(elsewhere, sign(office.first), sign(office.auditor)) == ("won", "won")
        assert in_snapshot(freezing.get_freeze, freeze_id, center_id).released_at is not None


def posted_in(session: Session, center_id: int, month: str) -> int:
    """Number of batches dated into a month."""
    dated = (Batch.effective_at >= month_start(month, ZONE), Batch.effective_at < month_end(month, ZONE))
    return int(session.scalar(sa.select(sa.func.count()).where(Batch.center_id == center_id, *dated)) or 0)


def test_nothing_is_posted_into_a_month_while_it_is_closed(office: Office, elsewhere: Database) -> None:
    """The closing sees everything that the month will ever contain."""
    books, month = Books(office.world.center_id), "2022-01"
    with clock.at(BEGINNING):
        books.award(1)
    outcomes = []
    with clock.at(NOW):
        for _ in range(ROUNDS):
            proposal_id = office.propose("points.period_close", {"month": month})
            seen: list[int] = []

            def close(session: Session, month: str = month, proposal: int = proposal_id) -> int:
                service.approve(session, proposal, "", actor=office.second.actor, desk=office.desk)
                return posted_in(session, books.center_id, month)

            def post(month: str = month) -> None:
                move = Movement(ISSUANCE, member(), 100, "award")
                books.post(move, effective_at=month_start(month, ZONE))

            won, closed = race(elsewhere, post, lambda seen=seen, close=close: seen.append(in_transaction(close)))
            outcomes.append(won)
            assert closed == "won"
            assert seen == [in_snapshot(posted_in, books.center_id, month)]
            month = following(month)
    assert set(outcomes) <= {"won", "points.period_locked"}
