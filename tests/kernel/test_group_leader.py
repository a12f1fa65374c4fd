"""Callers on SQLite are answered in time, and a stopped leader leaves no unit asleep, lost or run twice."""

import ctypes
import random
import sqlite3
import threading
import time
from collections import Counter
from contextvars import copy_context
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.kernel.job_runs import JobRun
from tests.at_once import LONGEST_SECONDS, at_once, failures
from tests.kernel.groups import JOB, Groups, ThreadStop, Work, adding, failing
from tests.kernel.rows import add, slots
from tests.runtimes import use_database


class TestWaiting:
    """A caller waits no longer than the limit."""

    def test_behind_a_slow_unit(self, groups: Groups) -> None:
        release = threading.Event()
        slow = _Blocked(groups.database, release)
        with pytest.raises(Unavailable) as caught:
            _hurried(groups.database, adding("late"))
        assert caught.value.code == "service.busy"
        release.set()
        assert slow.outcome() == "slow"
        assert slots(JOB) == ["slow"]
        assert in_transaction(adding("next")) == "next"

    def test_behind_another_process(self, groups: Groups) -> None:
        path = groups.database.url.removeprefix("sqlite:///")
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable) as caught:
                _hurried(groups.database, adding("late"))
            other.execute("ROLLBACK")
        other.close()
        assert caught.value.code == "service.busy"
        assert slots(JOB) == []
        assert in_transaction(adding("next")) == "next"

    def test_another_process_that_is_soon_done_is_waited_for(self, groups: Groups) -> None:
        path = groups.database.url.removeprefix("sqlite:///")
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        timer.start()
        assert in_transaction(adding("a")) == "a"
        timer.join()
        other.close()

    def test_who_gave_up_is_not_made_leader(self, groups: Groups) -> None:
        """The leader dies with a unit in its group whose caller gave up; the next caller must not wait for it."""
        gave_up = threading.Event()

        def stop(_session: Session) -> None:
            assert gave_up.wait(LONGEST_SECONDS)
            raise ThreadStop

        def hurried() -> None:
            with pytest.raises(Unavailable):
                _hurried(groups.database, stop)
            gave_up.set()

        release = threading.Event()
        leader = _Blocked(groups.database, release)
        follower = threading.Thread(target=copy_context().run, args=(hurried,), daemon=True)
        follower.start()
        groups.await_queue(1)
        release.set()
        assert isinstance(leader.outcome(), ThreadStop)
        follower.join(LONGEST_SECONDS)
        assert in_transaction(adding("next")) == "next"
        assert slots(JOB) == ["next"]


class _Blocked:
    """A caller whose unit leads and waits for `release`."""

    def __init__(self, database: Database, release: threading.Event) -> None:
        leading = threading.Event()
        self._outcome: list[object] = []

        def slow(session: Session) -> str:
            leading.set()
            assert release.wait(LONGEST_SECONDS)
            return add(session, JOB, "slow")

        def call() -> None:
            try:
                self._outcome.append(in_transaction(slow))
            except BaseException as error:  # a test looks at it
                self._outcome.append(error)

        use_database(database)
        self._thread = threading.Thread(target=copy_context().run, args=(call,), daemon=True)
        self._thread.start()
        assert leading.wait(LONGEST_SECONDS)

    def outcome(self) -> object:
        """The caller's final result."""
        self._thread.join(LONGEST_SECONDS)
        return self._outcome[0]


def _hurried(database: Database, work: Work) -> object:
    """Run a unit as a caller who waits only a fifth of a second."""
    group = database._group
    assert group is not None
    usual, group._wait_seconds = group._wait_seconds, 0.2
    try:
        return in_transaction(work)
    finally:
        group._wait_seconds = usual


class TestDyingLeader:
    """A thread that is stopped while it leads leaves no unit asleep, lost or run twice."""

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_stopped_in_a_unit(self, groups: Groups, position: int) -> None:
        """Only the leader is stopped, in any caller's unit; a new leader runs the others."""
        stopped = []

        def stop_once(session: Session) -> str:
            slot = add(session, JOB, "abc"[position])
            session.flush()
            if not stopped:
                stopped.append(1)
                raise ThreadStop
            return slot

        works = [adding(slot) for slot in "abc"]
        works[position] = stop_once
        outcomes = groups.run(*works)
        assert isinstance(outcomes[0], ThreadStop)
        assert outcomes[1:] == ["b", "c"]
        assert slots(JOB) == ["b", "c"]
        assert in_transaction(adding("next")) == "next"

    def test_unit_that_always_stops_its_thread(self, groups: Groups) -> None:
        outcomes = groups.run(adding("a"), failing(ThreadStop()), adding("c"))
        assert isinstance(outcomes[1], ThreadStop)
        assert outcomes[2] == "c"
        assert slots(JOB) == ["c"]

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a stop that hit a destructor
    def test_stopped_at_any_moment(self, groups: Groups) -> None:
        """Threads are stopped again and again wherever they are: in a unit, in COMMIT, asleep, handing over."""
        answered: list[str] = []
        tried: list[str] = []
        working: dict[int, int] = {}
        over = threading.Event()

        def one(session: Session, name: str) -> str:
            # The key is made inside, so that a unit that ran twice would show twice.
            return add(session, name, str(uuid4()))

        def many(thread: int) -> None:
            for number in range(60):
                name = f"{thread}-{number}"
                tried.append(name)
                try:
                    working[thread] = threading.get_ident()
                    in_transaction(one, name)
                    del working[thread]
                    answered.append(name)
                except ThreadStop:
                    working.pop(thread, None)

        def stopper() -> None:
            dice = random.Random(7)
            while not over.is_set():
                time.sleep(dice.uniform(0, 0.004))
                threads = list(working.values())
                if threads:
                    _throw(dice.choice(threads), ThreadStop)

        killer = threading.Thread(target=stopper, daemon=True)
        killer.start()
        outcomes = at_once([lambda thread=thread: _until_done(many, thread) for thread in range(8)])
        over.set()
        killer.join(LONGEST_SECONDS)
        assert [error for error in failures(outcomes) if not isinstance(error, ThreadStop)] == []
        stored = Counter(in_snapshot(lambda session: list(session.scalars(sa.select(JobRun.job)))))
        assert set(answered) <= set(stored)
        assert set(stored) <= set(tried)
        assert set(stored.values()) == {1}
        assert in_transaction(adding("next")) == "next"


def _until_done(work: object, thread: int) -> None:
    """Retry after a stop that hit outside any unit."""
    try:
        work(thread)  # type: ignore[operator]
    except ThreadStop:
        return


def _throw(thread: int, error: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
