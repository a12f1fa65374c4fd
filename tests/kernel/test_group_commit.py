"""Units that wait on SQLite share one COMMIT; whatever happens to one of them, to the disk or to the leader, each
caller is told the truth and nobody is left asleep.
"""

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

from ledger.kernel import db, group_commit
from ledger.kernel.db import Database, in_snapshot, in_transaction
from ledger.kernel.errors import NotFound, Rejected, Unavailable
from ledger.kernel.idempotency import Once
from ledger.kernel.ids import new_id
from ledger.kernel.job_runs import JobRun
from ledger.organisations.service import create_center
from tests.at_once import LONGEST_SECONDS, at_once, failures
from tests.kernel.groups import Groups, ThreadStop, Work
from tests.kernel.rows import add, slots

JOB = "job"


def adding(slot: str) -> Work:
    """A unit that writes one row."""
    return lambda session: add(session, JOB, slot)


def failing(error: BaseException) -> Work:
    """A unit that writes and then fails."""

    def work(session: Session) -> None:
        add(session, JOB, "of the failed")
        session.flush()
        raise error

    return work


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
    """RAISE(ROLLBACK) is not used here, and would not lose a unit either: the others are run again."""
    groups.driver.execute(
        "CREATE TRIGGER harsh BEFORE INSERT ON job_run WHEN new.slot = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
    )
    outcomes = groups.run(adding("a"), adding("bad"), adding("b"))
    assert (outcomes[0], outcomes[2]) == ("a", "b")
    assert isinstance(outcomes[1], sa.exc.IntegrityError | Unavailable | sa.exc.OperationalError)
    assert slots(JOB) == ["a", "b"]


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_full_disk_in_the_middle_of_a_group(groups: Groups, position: int) -> None:
    """Those answered are there, once; the one that does not fit is told that the storage failed."""
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
    """From many threads until nothing fits any more: what was answered is there, once, and nothing else."""
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
    runs = []
    driver = groups.driver

    def interrupted(session: Session) -> str:
        runs.append(len(runs))
        if len(runs) == 1:
            threading.Thread(target=interrupt, daemon=True).start()
            session.execute(endless)
        return add(session, JOB, "b")

    def interrupt() -> None:
        # An interrupt before the statement runs has no effect, so it is repeated until the unit was run again.
        while len(runs) == 1:
            driver.interrupt()
            time.sleep(0.001)

    assert groups.run(adding("a"), interrupted, adding("c")) == ["a", "b", "c"]
    assert slots(JOB) == ["a", "b", "c"]
    assert slots("endless") == []


def test_commit_that_fails_is_told_to_every_caller(groups: Groups) -> None:
    """With COMMIT denied nothing is stored, alone neither, and nobody is answered with a value."""
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
    """Even a unit that ends the transaction itself does not get the others lost."""

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
    """Both ask under one key in a group that is lost; run again alone, the first fails and the second does the work."""
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


class TestWaiting:
    """A caller waits so long and no longer."""

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
        """The leader dies with a unit in its group whose caller no longer waits; the next one must not wait for it."""
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

        db.use(database)
        self._thread = threading.Thread(target=copy_context().run, args=(call,), daemon=True)
        self._thread.start()
        assert leading.wait(LONGEST_SECONDS)

    def outcome(self) -> object:
        """What the caller got in the end."""
        self._thread.join(LONGEST_SECONDS)
        return self._outcome[0]


def _hurried(database: Database, work: Work) -> object:
    """Run a unit as a caller who waits a fifth of a second only."""
    group = database._group
    assert group is not None
    usual, group._wait_seconds = group._wait_seconds, 0.2
    try:
        return in_transaction(work)
    finally:
        group._wait_seconds = usual


class TestDyingLeader:
    """A thread that is stopped while it leads leaves the others neither asleep nor lost nor doubled."""

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_stopped_in_a_unit(self, groups: Groups, position: int) -> None:
        """The leader alone is stopped, whoever's unit it was running; the others are run by an heir."""
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
            # The key is made inside, so that a unit that ran twice would be seen twice.
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
    """Go on after a stop that hit outside of any unit."""
    try:
        work(thread)  # type: ignore[operator]
    except ThreadStop:
        return


def _throw(thread: int, error: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
