"""Failures of units on PostgreSQL only: deadlocks, lost connections, a missing server."""

import socket
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.kernel.job_runs import JobRun
from tests.at_once import LONGEST_SECONDS, at_once
from tests.kernel.rows import add, slots
from tests.runtimes import use_database

pytestmark = pytest.mark.postgres
JOB = "job"


@pytest.mark.usefixtures("postgres_database")
def test_deadlock_is_run_again_and_never_shown() -> None:
    """Two units lock two rows in opposite order; PostgreSQL aborts one, which then succeeds."""
    for slot in "ab":
        in_transaction(add, JOB, slot)
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def touch(session: Session, slot: str) -> None:
        session.execute(sa.update(JobRun).where(JobRun.slot == slot).values(ran_at=datetime(2026, 1, 1, tzinfo=UTC)))

    def crosswise(session: Session, first: str, second: str) -> str:
        runs.append(first)
        touch(session, first)
        if runs.count(first) == 1:
            both_hold_one.wait(LONGEST_SECONDS)
        touch(session, second)
        return add(session, JOB, f"{first} then {second}")

    outcomes = at_once([lambda: in_transaction(crosswise, "a", "b"), lambda: in_transaction(crosswise, "b", "a")])
    assert outcomes == ["a then b", "b then a"]
    assert len(runs) == 3
    assert slots(JOB) == ["a", "a then b", "b", "b then a"]


def _raise_state(session: Session, state: str) -> None:
    session.execute(sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '{state}'; END $$"))


@pytest.mark.usefixtures("postgres_database")
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_serialization_failure_is_run_again(state: str) -> None:
    runs = []

    def work(session: Session) -> str:
        runs.append(len(runs))
        slot = add(session, JOB, f"run {len(runs)}")
        session.flush()
        if len(runs) < 4:
            _raise_state(session, state)
        return slot

    assert in_transaction(work) == "run 4"
    assert slots(JOB) == ["run 4"]


@pytest.mark.usefixtures("postgres_database")
def test_unit_that_loses_again_and_again_is_told_to_come_back() -> None:
    runs = []

    def work(session: Session) -> None:
        runs.append(add(session, JOB, "never"))
        session.flush()
        _raise_state(session, "40001")

    with pytest.raises(Unavailable) as caught:
        in_transaction(work)
    assert caught.value.code == "service.busy"
    assert len(runs) == 6
    assert slots(JOB) == []


@pytest.mark.usefixtures("postgres_database")
@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("55P03", "service.busy"),
        ("57P03", "service.busy"),
        ("25006", "service.busy"),
        ("53300", "service.busy"),
        ("08006", "service.busy"),
        ("53100", "service.storage_failed"),
        ("58030", "service.storage_failed"),
    ],
)
def test_trouble_of_the_server_is_told_as_what_it_is(state: str, code: str) -> None:
    with pytest.raises(Unavailable) as caught:
        in_transaction(_raise_state, state)
    assert caught.value.code == code
    if state != "25006":
        with pytest.raises(Unavailable) as caught:
            in_snapshot(_raise_state, state)
        assert caught.value.code == code


@pytest.mark.usefixtures("postgres_database")
def test_fault_of_ours_stays_a_fault() -> None:
    with pytest.raises(sa.exc.DBAPIError):
        in_transaction(_raise_state, "22012")


@pytest.mark.parametrize("run", [in_transaction, in_snapshot])
def test_lost_connection_is_busy_and_the_next_one_is_fine(postgres_database: Database, run: Any) -> None:
    kill = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")
    for _ in range(3):
        with pytest.raises(Unavailable) as caught:
            run(lambda session: session.execute(kill))
        assert caught.value.code == "service.busy"
    assert in_transaction(add, JOB, "next") == "next"
    assert slots(JOB) == ["next"]
    assert postgres_database.writer.pool.checkedout() == 0


def test_connections_that_died_while_idle_are_not_noticed(postgres_database: Database) -> None:
    in_transaction(add, JOB, "a")
    others = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    engine = sa.create_engine(postgres_database.url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(others)
    assert in_transaction(add, JOB, "b") == "b"
    assert slots(JOB) == ["a", "b"]


def test_server_that_is_not_there_is_busy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Database(f"postgresql+psycopg://ledger@127.0.0.1:{taken.getsockname()[1]}/nothing")
        use_database(nobody)
        for run in (in_transaction, in_snapshot):
            with pytest.raises(Unavailable) as caught:
                run(lambda session: session.scalar(sa.text("SELECT 1")))
            assert caught.value.code == "service.busy"
    nobody.close()


def test_no_connection_to_be_had_is_busy(postgres_database: Database) -> None:
    pool = postgres_database.writer.pool
    assert isinstance(pool, sa.pool.QueuePool)
    pool._timeout = 0.1
    taken = [postgres_database.writer.connect() for _ in range(40)]
    with pytest.raises(Unavailable) as caught:
        in_transaction(add, JOB, "a")
    assert caught.value.code == "service.busy"
    for connection in taken:
        connection.close()
    assert in_transaction(add, JOB, "b") == "b"


def test_reader_and_writer_share_a_pool_but_no_switch(postgres_database: Database) -> None:
    """A connection used for reading can write after its return to the pool, and vice versa."""
    isolation = sa.text(
        "SELECT current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only')"
    )
    for _ in range(3):
        assert in_snapshot(lambda session: session.scalar(isolation)) == "repeatable read on"
        assert in_transaction(lambda session: session.scalar(isolation)) == "read committed off"
    assert postgres_database.writer.pool is postgres_database.reader.pool


@pytest.mark.usefixtures("postgres_database")
def test_snapshot_does_not_see_what_is_committed_meanwhile() -> None:
    def twice(session: Session) -> list[int]:
        count = sa.select(sa.func.count()).select_from(JobRun)
        before = session.scalar(count) or 0
        at_once([lambda: in_transaction(add, JOB, "meanwhile")])
        return [before, session.scalar(count) or 0]

    assert in_snapshot(twice) == [0, 0]
    assert slots(JOB) == ["meanwhile"]
