"""Waiting units on SQLite share one COMMIT; whatever happens to a unit, the disk or the leader, each caller gets a
true answer and nobody is left asleep.
"""

import sqlite3
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import group_commit
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import NotFound, Rejected, Unavailable
from ledger.kernel.idempotency import Once
from ledger.kernel.ids import new_id
from ledger.kernel.job_runs import JobRun
from ledger.organisations.service import create_center
from tests.at_once import LONGEST_SECONDS, at_once, failures
from tests.kernel.groups import JOB, Groups, adding, failing
from tests.kernel.rows import add, slots


def test_waiting_units_share_one_commit(groups: Groups) -> None:
    outcomes = groups.run(*[adding(f"{number:02}") for number in range(20)])
    assert outcomes == [f"{number:02}" for number in range(20)]
    assert slots(JOB) == outcomes
    assert (groups.count("BEGIN IMMEDIATE"), groups.count("COMMIT")) == (1, 1)


def test_group_has_an_end(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_PER_GROUP", 4)
    groups.run(*[adding(str(number)) for number in range(10)])
    assert len(slots(JOB)) == 10
    assert groups.count("COMMIT") == 3


def test_group_that_took_long_takes_nobody_more(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "GROUP_SECONDS", 0.0)
    groups.run(*[adding(str(number)) for number in range(3)])
    assert len(slots(JOB)) == 3
    assert groups.count("COMMIT") == 3


def test_many_threads_are_grouped(groups: Groups) -> None:
    threads, units = 32, 20

    def many(thread: int) -> None:
        for number in range(units):
            in_transaction(add, JOB, f"{thread}-{number}")

    assert failures(at_once([lambda thread=thread: many(thread) for thread in range(threads)])) == []
    assert len(slots(JOB)) == threads * units
    assert groups.count("COMMIT") < threads * units / 2


def test_unit_sees_those_before_it_in_the_group(groups: Groups) -> None:
    count = sa.select(sa.func.count()).select_from(JobRun)
    assert groups.run(adding("a"), lambda session: session.scalar(count))[1] == 1


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("error", [ValueError("x"), NotFound("service.failed"), Rejected("service.conflict")])
def test_failed_unit_fails_alone(groups: Groups, position: int, error: Exception) -> None:
    works = [adding("a"), adding("b"), adding("c")]
    works[position] = failing(error)
    outcomes = groups.run(*works)
    assert outcomes[position] is error
    left = [slot for number, slot in enumerate("abc") if number != position]
    assert slots(JOB) == left
    assert [outcome for outcome in outcomes if outcome is not error] == left
    assert groups.count("COMMIT") == 1


def test_append_only_trigger_fails_its_unit_alone(groups: Groups) -> None:
    center_id = in_transaction(create_center, name="演示区")
    in_transaction(_insert_batch, center_id)
    outcomes = groups.run(
        adding("a"), lambda session: session.execute(sa.text("UPDATE batch SET reason = 'other'")), adding("b")
    )
    assert (outcomes[0], outcomes[2]) == ("a", "b")
    assert isinstance(outcomes[1], sa.exc.IntegrityError)
    assert "batch is append only" in str(outcomes[1])
    assert slots(JOB) == ["a", "b"]


def _insert_batch(session: Session, center_id: int) -> None:
    columns = "center_id, id, source_type, source_ref, step, effective_at, recorded_at, actor_id, reason, evidence_hash"
    statement = sa.text(f"INSERT INTO batch ({columns}) VALUES (:c, :i, 't', 'r', 's', 'e', 'r', 1, 'why', 'h')")
    session.execute(statement, {"c": center_id, "i": new_id()})


def test_trigger_that_rolls_back_the_whole_transaction_loses_nobody_else(groups: Groups) -> None:
    """Our triggers don't use RAISE(ROLLBACK), but it wouldn't lose a unit either: the others are run again."""
    groups.driver.execute(
        "CREATE TRIGGER harsh BEFORE INSERT ON job_run WHEN new.slot = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
    )
    outcomes = groups.run(adding("a"), adding("bad"), adding("b"))
    assert (outcomes[0], outcomes[2]) == ("a", "b")
    assert isinstance(outcomes[1], sa.exc.IntegrityError | Unavailable | sa.exc.OperationalError)
    assert slots(JOB) == ["a", "b"]


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_full_disk_in_the_middle_of_a_group(groups: Groups, position: int) -> None:
    """Answered units are stored once; the one that doesn't fit is answered that the storage failed."""
    pages = groups.driver.execute("PRAGMA page_count").fetchone()[0]
    groups.driver.execute(f"PRAGMA max_page_count = {pages + 10}")
    works = [adding(slot) for slot in "abcd"]
    works[position] = adding("too large " * 100_000)
    outcomes = groups.run(*works)
    assert isinstance(outcomes[position], Unavailable)
    assert outcomes[position].code == "service.storage_failed"
    left = [slot for number, slot in enumerate("abcd") if number != position]
    assert [outcome for outcome in outcomes if isinstance(outcome, str)] == left
    assert slots(JOB) == left
    groups.driver.execute("PRAGMA max_page_count = 1000000")
    assert len(in_transaction(adding("too large " * 100_000))) == 1_000_000
    assert len(slots(JOB)) == 4


def test_disk_that_fills_up_tells_each_caller_the_truth(groups: Groups) -> None:
    """Many threads write until nothing fits: exactly the answered units are stored, once each."""
    pages = groups.driver.execute("PRAGMA page_count").fetchone()[0]
    groups.driver.execute(f"PRAGMA max_page_count = {pages + 40}")
    codes: set[str] = set()

    def many(thread: int) -> list[str]:
        answered = []
        for number in range(10):
            try:
                answered.append(in_transaction(add, JOB, f"{thread}-{number}-{'x' * 3000}"))
            except Unavailable as error:
                codes.add(error.code)
        return answered

    outcomes = at_once([lambda thread=thread: many(thread) for thread in range(8)])
    assert failures(outcomes) == []
    answered = sorted(slot for outcome in outcomes for slot in outcome)
    assert 0 < len(answered) < 80
    assert codes == {"service.storage_failed"}
    assert slots(JOB) == answered


def test_interrupt_in_a_group_loses_nothing(groups: Groups) -> None:
    endless = sa.text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO job_run "
        "SELECT 'endless', i, 'now' FROM n"
    )
    runs: list[int] = []
    driver = groups.driver

    def interrupted(session: Session) -> str:
        runs.append(len(runs))
        if len(runs) == 1:
            _interrupt_while(driver, lambda: session.execute(endless))
        return add(session, JOB, "b")

    assert groups.run(adding("a"), interrupted, adding("c")) == ["a", "b", "c"]
    assert slots(JOB) == ["a", "b", "c"]
    assert slots("endless") == []


def _interrupt_while(driver: sqlite3.Connection, work: Callable[[], object]) -> None:
    """Interrupt repeatedly until the work ends: an interrupt before its statement runs has no effect."""
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(0.001):
            driver.interrupt()

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        work()
    finally:
        over.set()
        thread.join(LONGEST_SECONDS)


def test_commit_that_fails_is_told_to_every_caller(groups: Groups) -> None:
    """If COMMIT is denied, nothing is stored, not even alone, and nobody gets a value."""
    groups.driver.set_authorizer(_deny_commit)
    outcomes = groups.run(adding("a"), adding("b"))
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    groups.driver.set_authorizer(None)
    assert slots(JOB) == []
    assert in_transaction(adding("c")) == "c"


def _deny_commit(action: int, argument: str | None, *_rest: object) -> int:
    denied = action == sqlite3.SQLITE_TRANSACTION and argument == "COMMIT"
    return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK


def test_statement_that_ends_the_transaction_behind_our_back(groups: Groups) -> None:
    """Even a unit that ends the transaction itself doesn't lose the others."""

    def ending(session: Session) -> str:
        slot = add(session, JOB, "b")
        session.flush()
        session.connection().exec_driver_sql("ROLLBACK")
        return slot

    outcomes = groups.run(adding("a"), ending, adding("c"))
    assert (outcomes[0], outcomes[2]) == ("a", "c")
    assert isinstance(outcomes[1], Exception)
    assert slots(JOB) == ["a", "c"]


def test_replay_of_what_was_lost_is_no_replay(groups: Groups) -> None:
    """Two requests under one key are in a lost group; run again alone, the first fails and the second does the work."""
    center_id = in_transaction(create_center, name="演示区")
    requests = [Once(center_id, "scope", "key", "hash") for _ in range(2)]
    runs: list[str] = []

    def first(session: Session) -> str:
        runs.append("first")
        if len(runs) > 1:
            raise ValueError("the second time it breaks")
        return add(session, JOB, "first")

    def third(session: Session) -> str:
        runs.append("third")
        if runs.count("third") == 1:
            session.connection().exec_driver_sql("ROLLBACK")
            raise RuntimeError("the transaction is gone")
        return add(session, JOB, "third")

    outcomes = groups.run(first, adding("second"), third, keys=[*requests, None])
    assert isinstance(outcomes[0], ValueError)
    assert outcomes[1:] == ["second", "third"]
    assert [request.replayed for request in requests] == [False, False]
    assert slots(JOB) == ["second", "third"]
