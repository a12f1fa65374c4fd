"""Units are atomic, on both databases."""

from contextvars import Context, copy_context
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock, runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Forbidden, LedgerError, NotFound, Rejected, TooMany
from ledger.kernel.job_runs import JobRun
from tests.at_once import at_once, failures
from tests.kernel.rows import add, new_job, slots
from tests.runtimes import NO_DATABASE, use_database

pytestmark = pytest.mark.usefixtures("database")


def test_value_is_returned_after_commit() -> None:
    job = new_job()
    assert in_transaction(add, job, slot="a") == "a"
    assert slots(job) == ["a"]


def test_nobody_sees_a_unit_before_commit() -> None:
    job = new_job()
    seen = []
    outside = copy_context()

    def work(session: Session) -> None:
        add(session, job, "a")
        session.flush()
        seen.extend(at_once([lambda: outside.run(slots, job)]))

    in_transaction(work)
    assert seen == [[]]
    assert slots(job) == ["a"]


@pytest.mark.parametrize("refusal", [Rejected, Conflict])
def test_refusal_rolls_back_the_work_and_keeps_its_rows(refusal: type[Rejected] | type[Conflict]) -> None:
    job = new_job()

    def work(session: Session) -> None:
        add(session, job, "work")
        session.flush()
        raise refusal("service.conflict", keep=lambda session: add(session, job, "failed scan"), seen=1)

    with pytest.raises(refusal) as caught:
        in_transaction(work)
    assert (caught.value.code, caught.value.context) == ("service.conflict", {"seen": 1})
    assert slots(job) == ["failed scan"]


@pytest.mark.parametrize(
    "error",
    [NotFound("service.failed"), Forbidden("access.denied"), TooMany("service.busy"), LedgerError("service.failed")],
)
def test_any_other_refusal_leaves_nothing(error: LedgerError) -> None:
    _assert_leaves_nothing(error)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RecursionError(), MemoryError()])
def test_fault_leaves_nothing(error: Exception) -> None:
    _assert_leaves_nothing(error)


def _assert_leaves_nothing(error: Exception) -> None:
    job = new_job()

    def work(session: Session) -> None:
        add(session, job, "work")
        session.flush()
        raise error

    with pytest.raises(type(error)) as caught:
        in_transaction(work)
    assert caught.value is error
    assert slots(job) == []
    in_transaction(add, job, "next")
    assert slots(job) == ["next"]


def test_fault_while_keeping_leaves_nothing() -> None:
    job = new_job()

    def keep(session: Session) -> None:
        add(session, job, "kept")
        session.flush()
        raise ValueError("the card is torn")

    def work(session: Session) -> None:
        add(session, job, "work")
        raise Rejected("service.conflict", keep=keep)

    with pytest.raises(ValueError, match="torn"):
        in_transaction(work)
    assert slots(job) == []


def test_broken_sql_fails_its_unit_alone() -> None:
    job = new_job()

    def work(session: Session) -> None:
        add(session, job, "work")
        session.execute(sa.text("SELECT nothing FROM nowhere"))

    with pytest.raises(sa.exc.DBAPIError):
        in_transaction(work)
    in_transaction(add, job, "next")
    assert slots(job) == ["next"]


def test_unit_inside_a_unit_is_refused() -> None:
    job = new_job()

    def nested(session: Session) -> None:
        add(session, job, "outer")
        in_transaction(add, job, "inner")

    with pytest.raises(RuntimeError, match="a unit inside a unit"):
        in_transaction(nested)
    assert slots(job) == []


def test_snapshot_inside_a_unit_is_refused() -> None:
    with pytest.raises(RuntimeError, match="a unit inside a unit"):
        in_transaction(lambda _session: slots("none"))


@dataclass(frozen=True)
class _Answer:
    rows: list[dict[str, object]]


def _mapped() -> JobRun:
    return JobRun(job="x", slot="y", ran_at=datetime(2026, 6, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [_mapped(), [_mapped()], (1, (_mapped(),)), {"a": [_mapped()]}, _Answer([{"a": _mapped()}])],
    ids=["bare", "list", "tuple", "dict", "dataclass"],
)
def test_mapped_object_does_not_leave_its_unit(value: object) -> None:
    job = new_job()

    def work(session: Session) -> object:
        add(session, job, "work")
        return value

    with pytest.raises(TypeError, match="JobRun is a mapped object"):
        in_transaction(work)
    with pytest.raises(TypeError, match="JobRun is a mapped object"):
        in_snapshot(lambda _session: value)
    assert slots(job) == []


def test_unit_sees_the_context_of_its_caller_whoever_runs_it() -> None:
    """On SQLite, other threads run most of many concurrent units; each still sees its own clock."""
    job = new_job()
    instants = [datetime(2026, 1, 1 + number, tzinfo=UTC) for number in range(16)]

    def call(instant: datetime) -> tuple[datetime, datetime]:
        with clock.at(instant):
            slot = in_transaction(add, job, slot=instant.isoformat())
            return datetime.fromisoformat(slot), in_transaction(lambda _session: clock.now())

    outcomes = at_once([lambda instant=instant: call(instant) for instant in instants])
    assert outcomes == [(instant, instant) for instant in instants]
    ran = in_snapshot(lambda session: dict(list(session.execute(_ran_at(job)))))
    assert ran == {instant.isoformat(): instant for instant in instants}


def _ran_at(job: str) -> sa.Select[tuple[str, datetime]]:
    return sa.select(JobRun.slot, JobRun.ran_at).where(JobRun.job == job)


def test_what_a_unit_sets_in_its_context_stays_inside() -> None:
    here = runtime.current()

    in_transaction(lambda _session: use_database(NO_DATABASE))

    assert runtime.current() is here


def test_unit_that_loses_a_unique_key_runs_again_and_may_go_another_way() -> None:
    job = new_job()
    in_transaction(add, job, "taken")
    runs = []

    def work(session: Session) -> str:
        runs.append(len(runs))
        return add(session, job, "taken" if len(runs) == 1 else "free")

    assert in_transaction(work) == "free"
    assert len(runs) == 2
    assert slots(job) == ["free", "taken"]


def test_unit_that_always_loses_is_told_so() -> None:
    job = new_job()
    in_transaction(add, job, "taken")
    runs = []

    def work(session: Session) -> str:
        runs.append(len(runs))
        add(session, job, f"other {len(runs)}")
        return add(session, job, "taken")

    with pytest.raises(Conflict) as caught:
        in_transaction(work)
    assert caught.value.code == "service.conflict"
    assert len(runs) == 3
    assert slots(job) == ["taken"]


def test_refusal_of_the_first_run_does_not_outlive_the_second() -> None:
    """The kept row clashed; the second run succeeded, and its answer must be a success."""
    job = new_job()
    in_transaction(add, job, "taken")
    runs = []

    def work(session: Session) -> str:
        runs.append(len(runs))
        if len(runs) == 1:
            raise Rejected("service.conflict", keep=lambda session: add(session, job, "taken"))
        return add(session, job, "fine")

    assert in_transaction(work) == "fine"


def test_many_threads_with_many_units_all_there_once() -> None:
    job = new_job()

    def many(thread: int) -> list[str]:
        return [in_transaction(add, job, f"{thread:02}-{number}") for number in range(10)]

    outcomes = at_once([lambda thread=thread: many(thread) for thread in range(32)])
    assert failures(outcomes) == []
    assert slots(job) == sorted(slot for answered in outcomes for slot in answered)
    assert len(slots(job)) == 320


def test_no_connection_is_kept_by_whatever_went_wrong(database: Database) -> None:
    job = new_job()
    in_transaction(add, job, "taken")
    for error in (Rejected("service.conflict"), NotFound("service.failed"), ValueError("x")):
        for _ in range(3):
            with pytest.raises(type(error)):
                in_transaction(_raise, error)
            with pytest.raises(type(error)):
                in_snapshot(_raise, error)
    assert (database.writer.pool.checkedout(), database.reader.pool.checkedout()) == (0, 0)


def _raise(_session: Session, error: Exception) -> None:
    raise error


def test_without_a_runtime_in_the_context_the_message_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"ledger\.kernel\.runtime\.use"):
        Context().run(in_transaction, add, "job", "slot")
