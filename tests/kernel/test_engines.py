"""Options that safety depends on, on every connection; and processes that fork."""

import os
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.engines import writer_engine
from ledger.kernel.errors import Unavailable
from ledger.kernel.job_runs import JobRun
from tests.at_once import at_once
from tests.kernel.groups import Groups
from tests.kernel.rows import add, new_job, slots
from tests.runtimes import use_database


@pytest.mark.parametrize("of", ["writer", "reader"])
def test_switches_of_sqlite(groups: Groups, of: str) -> None:
    with getattr(groups.database, of).connect() as connection:
        answers = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "query_only")
        }
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
    assert answers == {**expected, "query_only": int(of == "reader")}


def test_database_that_can_not_have_the_switches_is_not_opened() -> None:
    """A database in memory has no write-ahead log; opening it must fail early."""
    with pytest.raises(sa.exc.OperationalError, match="journal_mode"):
        writer_engine("sqlite:///:memory:").connect()


@pytest.mark.usefixtures("database")
def test_snapshot_can_not_write() -> None:
    job = new_job()

    def write(session: Session) -> None:
        add(session, job, "a")
        session.flush()

    with pytest.raises(sa.exc.DBAPIError):
        in_snapshot(write)
    assert slots(job) == []


@pytest.mark.usefixtures("database")
def test_snapshot_sees_one_state() -> None:
    job = new_job()
    in_transaction(add, job, "before")

    def twice(session: Session) -> list[list[str]]:
        query = sa.select(JobRun.slot).where(JobRun.job == job)
        first = list(session.scalars(query))
        at_once([lambda: in_transaction(add, job, "meanwhile")])
        return [first, list(session.scalars(query))]

    assert in_snapshot(twice) == [["before"], ["before"]]
    assert slots(job) == ["before", "meanwhile"]


@pytest.mark.usefixtures("database")
def test_errors_do_not_show_the_values_of_a_statement() -> None:
    """Errors end up in logs, and values may be personal."""

    def broken(session: Session) -> None:
        session.execute(sa.text("SELECT :name FROM nowhere"), {"name": "陈晓燕"})

    for run in (in_transaction, in_snapshot):
        with pytest.raises(sa.exc.DBAPIError) as caught:
            run(broken)
        assert "陈晓燕" not in str(caught.value)


def test_forked_child_uses_connections_of_its_own(own_database: Database) -> None:
    """A server loads the application and then forks; parent and child both go on writing."""
    in_transaction(add, "parent", "before")
    in_snapshot(lambda session: session.scalar(sa.select(JobRun.slot)))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for number in range(20):
                in_transaction(add, "child", f"{number:02}")
            status = 0 if len(slots("child")) == 20 else 2
        finally:
            os._exit(status)
    for number in range(20):
        in_transaction(add, "parent", f"{number:02}")
    assert os.waitpid(child, 0)[1] == 0
    in_transaction(add, "parent", "last")
    assert len(slots("parent")) == 22
    assert len(slots("child")) == 20
    assert own_database is runtime.current().database


def test_child_forked_while_a_unit_runs_is_not_stuck(groups: Groups) -> None:
    """The leading thread exists only in the parent; the child must not wait for it."""
    leading, release = threading.Event(), threading.Event()

    def slow(session: Session) -> str:
        leading.set()
        assert release.wait(60)
        return add(session, "parent", "slow")

    def fork() -> int:
        assert leading.wait(60)
        child = os.fork()
        if child == 0:
            group = groups.database._group
            os._exit(0 if group is not None and not group._led and not group._waiting else 1)
        status = os.waitpid(child, 0)[1]
        release.set()
        return status

    assert at_once([lambda: in_transaction(slow), fork]) == ["slow", 0]


def test_file_that_can_not_be_opened_is_told_as_failed_storage(tmp_path: Path) -> None:
    folder = tmp_path / "nothing here"
    database = Database(f"sqlite:///{folder / 'ledger.sqlite3'}")
    use_database(database)
    with pytest.raises(Unavailable) as caught:
        in_transaction(add, "job", "slot")
    assert caught.value.code == "service.storage_failed"
