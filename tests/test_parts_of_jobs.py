"""A run of a job: each center is served whatever happens to the others, in slots of the machine's clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.jobs import AtOnce, EachCenter, Job, Outside
from ledger.kernel import clock, runtime
from ledger.kernel.clocks import SystemClock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.kernel.job_runs import JobRun
from ledger.points.raw import releasing
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from tests.world import World

SLOT = datetime(2020, 6, 3, tzinfo=UTC)


@pytest.fixture
def two(database: Database) -> list[int]:
    """Two centers."""
    return sorted(World(database).center_id for _ in range(2))


def failing(seen: list[int], fault: Exception) -> Callable[[int], int]:
    """Work that notes the center and fails in the first."""

    def note(center_id: int) -> int:
        seen.append(center_id)
        if len(seen) == 1:
            raise fault
        return 3

    return note


@pytest.mark.parametrize("fault", [OSError("the disk is gone"), Unavailable("service.busy")], ids=["fault", "busy"])
@pytest.mark.parametrize("kind", [EachCenter, Outside])
def test_a_fault_in_one_center_leaves_the_others_alone(
    two: list[int], kind: type, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []
    work = failing(seen, fault)
    does = EachCenter(lambda _session, center_id: work(center_id))
    if kind is Outside:
        does = Outside(lambda center_id, _at: work(center_id))

    assert jobs.run(runtime.current(), Job(f"fail-{kind.__name__}-{fault}", 60, does), at=SLOT) == 3
    assert sorted(seen) == two
    assert len(caplog.records) == 1


def test_every_center_has_slots_of_its_own(two: list[int]) -> None:
    seen: list[int] = []
    see = Job("see-each", 60, EachCenter(lambda _session, center_id: seen.append(center_id) or 1))

    assert [jobs.run(runtime.current(), see, at=SLOT) for _ in range(2)] == [2, 0]
    assert sorted(seen) == two


def test_what_is_done_counts_although_the_rest_fails(own_database: Database) -> None:
    done: list[int] = []

    def take(_session: Session) -> int:
        done.append(1)
        if len(done) == 3:
            raise OSError("the disk is gone")
        return 2

    World(own_database)
    assert jobs.run(runtime.current(), Job("take", 60, AtOnce(take, full=2)), at=SLOT) == 4


def test_slots_go_by_the_machine_whatever_a_rehearsal_says(own_database: Database) -> None:
    World(own_database)
    before = SystemClock().now()
    with clock.at(SLOT):
        jobs.run(runtime.current(), Job("tick", 1, AtOnce(lambda _session: 0)))

    slot = in_snapshot(lambda session: session.scalars(sa.select(JobRun.ran_at)).one())
    assert before - timedelta(seconds=1) <= slot <= SystemClock().now()


def test_all_that_hold_something_are_looked_at_up_to_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "_ACCOUNTS_PER_QUERY", 2)
    for number in range(5):
        debit, credit = (in_transaction(raw.open_account, "minute", overdraft=True, actor=world.builder) for _ in "ab")
        hold = WantedTransfer(str(number), debit, credit, amount=5, unit="minute", kind="pending", timeout_seconds=1)
        in_transaction(raw.transfer_all, [hold], actor=world.builder)

    with clock.at(clock.now() + timedelta(seconds=2)):
        done = [in_transaction(releasing.release_expired, world.center_id, limit=3) for _ in range(3)]
    assert done == [3, 2, 0]
