"""Jobs: what each does, and that no slot runs twice, whichever process runs it."""

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.checkin import service as checkin
from ledger.checkin.commands import ScanCommand
from ledger.checkin.models import Attendance
from ledger.jobs import SCHEDULE, AtOnce, EachCenter, Job, Outside
from ledger.kernel import clock, runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.job_runs import JobRun
from ledger.kernel.rate_limit import RateLimit
from ledger.organisations import service as organisations
from ledger.people.access import credentials
from ledger.people.models import ActivationCode
from ledger.points.book import service as points
from ledger.points.book.queries import balance
from ledger.points.closing import freezing
from ledger.points.models import Account
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from ledger.shop import redemption_queries
from ledger.shop import service as till
from ledger.shop.models import PayerCode
from ledger.shop.policy import Wanted
from tests.processes import in_processes
from tests.runtimes import use_database
from tests.world import Person, World

SLOTS = [datetime(2026, 6, 3, 0, minute, tzinfo=UTC) for minute in range(20)]
PRICE = 500
_hours = count(1)


def new_slot() -> datetime:
    """A slot that no other test on the shared database uses."""
    return datetime(2021, 1, 1, tzinfo=UTC) + timedelta(hours=next(_hours))


def job(name: str) -> Job:
    """The job with this name."""
    return next(each for each in SCHEDULE if each.name == name)


def count_slot(session: Session) -> int:
    """Countable work: each run raises a counter by one."""
    done = session.connection().execute(sa.update(RateLimit).values(hits=RateLimit.hits + 1))
    return int(done.rowcount)


TICK = Job("tick", 60, AtOnce(count_slot))


def run_all_slots(_process: int) -> int:
    """Run every slot, like a scheduler that is never late. Returns how many this process ran."""
    return sum(jobs.run(runtime.current(), TICK, at=slot) for slot in SLOTS)


def start_counting(session: Session) -> None:
    """Set a counter to zero."""
    session.add(RateLimit(key="ticks", hits=0, expires_at=1 << 40))


def ticks(session: Session) -> int:
    """How often the work ran."""
    return int(session.scalars(sa.select(RateLimit.hits).where(RateLimit.key == "ticks")).one())


def test_two_processes_never_do_a_slot_twice(own_database: Database) -> None:
    in_transaction(start_counting)

    shares = in_processes(run_all_slots, own_database.url)

    assert sum(shares) == len(SLOTS)
    assert in_snapshot(ticks) == len(SLOTS)


def test_a_slot_whose_work_failed_is_done_by_the_next_who_comes(own_database: Database) -> None:
    in_transaction(start_counting)

    def fail(session: Session) -> int:
        count_slot(session)
        raise OSError("the disk is gone")

    assert jobs.run(runtime.current(), Job("tick", 60, AtOnce(fail)), at=SLOTS[0]) == 0
    assert in_snapshot(ticks) == 0
    assert jobs.run(runtime.current(), TICK, at=SLOTS[0]) == 1


def test_a_job_that_took_exactly_what_is_full_is_asked_again(own_database: Database) -> None:
    left, full = [6], 3

    def take(session: Session) -> int:
        taken = min(left[0], full)
        left[0] -= taken
        return taken

    assert jobs.run(runtime.current(), Job("tick", 60, AtOnce(take, full=full)), at=SLOTS[0]) == 6
    assert left == [0]


def test_the_schedule_fires_by_itself_and_stops(own_database: Database) -> None:
    in_transaction(start_counting)
    before = threading.enumerate()
    scheduler = jobs.start(runtime.current(), (Job("tick", 1, AtOnce(count_slot)),))
    deadline = time.monotonic() + 20
    while in_snapshot(ticks) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    scheduler.shutdown()

    assert in_snapshot(ticks) >= 2
    assert not scheduler.running
    assert [thread for thread in threading.enumerate() if thread not in before] == [], "somebody could still fire"


@pytest.mark.parametrize("each", SCHEDULE, ids=lambda each: each.name)
def test_every_job_runs_with_nothing_to_do(world: World, each: Job) -> None:
    assert 86_400 % each.seconds == 0
    assert jobs.run(runtime.current(), each, at=datetime(2020, 1, 1, tzinfo=UTC)) >= 0


@pytest.fixture(scope="module")
def left_behind(shared_database: Database) -> int:
    """A center older than the test."""
    use_database(shared_database)
    return in_transaction(organisations.create_center, name="演示中心", is_demonstration=True)


def test_a_job_in_a_test_works_for_the_centers_of_that_test_alone(left_behind: int, world: World) -> None:
    """Otherwise each job would visit the centers of all earlier tests."""
    seen: list[int] = []

    jobs.run(runtime.current(), Job("see", 60, EachCenter(lambda _session, center: seen.append(center) or 0)))
    jobs.run(runtime.current(), Job("see", 60, Outside(lambda center, _at: seen.append(center) or 0)))

    assert seen == [world.center_id] * 2


def held(world: World, clerk: Person, member: Person) -> int:
    """Make a redemption that holds one bag."""
    shop_id = world.add_shop()
    rice = world.add_item(shop_id, points=PRICE)
    give = Movement(AccountKey(POINT, "issuance"), AccountKey(POINT, "member", member.volunteer_id), PRICE, "award")
    in_transaction(points.post, [give], source=Source("test", "1", "post"), actor=world.builder, reason="test")
    code = in_transaction(till.issue_payer_code, actor=member.actor)["code"]
    redemption: dict[str, int] = in_transaction(till.open_and_hold, shop_id, code, [Wanted(rice, 1)], actor=clerk.actor)
    return redemption["id"]


def test_holds_whose_time_is_over_are_released(world: World) -> None:
    clerk, member = world.add_staff("clerk"), world.add_volunteer()
    redemption_id = held(world, clerk, member)
    key = AccountKey(POINT, "member", member.volunteer_id)
    assert in_snapshot(balance, key, world.center_id).available == 0

    with clock.at(clock.now() + timedelta(minutes=4)):
        assert jobs.run(runtime.current(), job("release-holds"), at=new_slot()) >= 1

    assert in_snapshot(balance, key, world.center_id).available == PRICE
    assert in_snapshot(redemption_queries.get_redemption, redemption_id, world.center_id).status == "RELEASED"


def test_holds_of_the_raw_ledger_expire(world: World) -> None:
    one, other = (AccountKey(POINT, "free", owner) for owner in (1, 2))
    fill = Movement(AccountKey(POINT, "issuance"), one, 900, "test")
    in_transaction(points.post, [fill], source=Source("test", "1", "post"), actor=world.builder, reason="test")
    hold = Movement(one, other, 900, "test", expires_at=clock.now() + timedelta(seconds=60))
    in_transaction(points.post, [hold], source=Source("test", "2", "hold"), actor=world.builder, reason="test")
    assert in_snapshot(balance, one, world.center_id).available == 0
    jobs.run(runtime.current(), job("release-raw-holds"), at=new_slot())
    assert in_snapshot(balance, one, world.center_id).available == 0

    with clock.at(clock.now() + timedelta(seconds=61)):
        assert jobs.run(runtime.current(), job("release-raw-holds"), at=new_slot()) >= 1

    assert in_snapshot(balance, one, world.center_id).available == 900


def test_forgotten_sessions_are_closed(world: World) -> None:
    from_now = clock.now()
    world.add_shift(from_now)
    attendance_id = scan_in(world)

    with clock.at(from_now + timedelta(hours=2, minutes=36)):
        assert jobs.run(runtime.current(), job("close-forgotten"), at=new_slot()) >= 1

    assert in_snapshot(_status, attendance_id, world.center_id) == ("PENDING", "AUTO_CLOSED")


def test_a_center_without_a_rule_is_no_fault_of_the_jobs(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    use_database(database)
    in_transaction(organisations.create_center, name="演示中心", is_demonstration=True)

    jobs.run(runtime.current(), job("close-forgotten"), at=new_slot())

    assert caplog.records == []


def scan_in(world: World) -> int:
    """Check somebody in by card."""
    clerk, member = world.add_staff("clerk"), world.add_volunteer()
    command = ScanCommand(
        client_scan_id="scan-0001", card=member.card, station_id=world.station_id, confirmed=("WALK_IN",)
    )
    attendance: int = in_transaction(checkin.scan, command, actor=clerk.actor).attendance["id"]
    return attendance


def _status(session: Session, attendance_id: int, center_id: int) -> tuple[str, str | None]:
    attendance = session.get_one(Attendance, (center_id, attendance_id))
    return attendance.status, attendance.review_reason


def test_codes_that_are_over_are_swept(world: World) -> None:
    member = world.add_volunteer()
    in_transaction(till.issue_payer_code, actor=member.actor)
    in_transaction(credentials.make_activation_code, member.identity_id, actor=world.builder)

    with clock.at(clock.now() + timedelta(days=8)):
        jobs.run(runtime.current(), job("sweep-payer-codes"), at=new_slot())
        jobs.run(runtime.current(), job("sweep-activation-codes"), at=new_slot())

    assert in_snapshot(_codes, member) == (0, 0)


def _codes(session: Session, member: Person) -> tuple[int, int]:
    payers = sa.select(sa.func.count()).where(PayerCode.volunteer_id == member.volunteer_id)
    activations = sa.select(sa.func.count()).where(ActivationCode.identity_id == member.identity_id)
    return session.scalars(payers).one(), session.scalars(activations).one()


def test_slots_of_the_past_are_forgotten(own_database: Database) -> None:
    in_transaction(start_counting)
    jobs.run(runtime.current(), TICK, at=SLOTS[0])

    assert jobs.run(runtime.current(), job("sweep-job-runs")) == 1
    assert in_snapshot(_runs) == ["sweep-job-runs"]


def _runs(session: Session) -> list[str]:
    return list(session.scalars(sa.select(JobRun.job)))


def test_a_frozen_book_is_put_off_and_the_others_are_not(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """A frozen center is not a failure of the job, and no other center waits for it."""
    worlds = [World(database), World(database)]
    for world in worlds:
        accounts = [in_transaction(raw.open_account, "minute", overdraft=True, actor=world.builder) for _ in range(2)]
        hold = WantedTransfer("hold", *accounts, amount=5, unit="minute", kind="pending", timeout_seconds=1)
        with clock.at(clock.now() - timedelta(hours=1)):
            in_transaction(raw.transfer_all, [hold], actor=world.builder)
    in_transaction(freezing.freeze, worlds[0].center_id, reason="test", run_id=None)

    jobs.run(runtime.current(), job("release-raw-holds"), at=new_slot())

    held = [in_snapshot(_held, world.center_id) for world in worlds]
    assert held == [5, 0]
    assert "put off: points.ledger_frozen" in caplog.text


def _held(session: Session, center_id: int) -> int:
    return int(
        session.scalar(sa.select(sa.func.sum(Account.debits_pending)).where(Account.center_id == center_id)) or 0
    )
