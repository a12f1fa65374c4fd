"""The nightly verification runs once, in whichever process comes first; a mismatch stops the center until two agree."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.app import APPROVALS
from ledger.audit.checks.scope import Scope
from ledger.audit.verifying import queries, runs, service
from ledger.audit.verifying.models import VerificationRun
from ledger.audit.verifying.queries import RunView
from ledger.audit.verifying.verify import differences, verify
from ledger.kernel import clock, runtime
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.points.closing import freezing
from ledger.points.models import Account
from tests.audit.small_book import SmallBook, give_points, make_small_book, seal
from tests.test_jobs import job
from tests.world import World

# Three in the morning, local time.
NIGHT = datetime.now(UTC).replace(hour=19, minute=0, second=0, microsecond=0) + timedelta(days=1)
DAY = NIGHT + timedelta(hours=9)


@pytest.fixture
def book(world: World) -> SmallBook:
    """A sealed small book."""
    return make_small_book(world)


def night_of(book: SmallBook, at: datetime) -> RunView | None:
    """Run the job at that time; returns the last run."""
    jobs.run(runtime.current(), job("verify"), at=at)
    return in_snapshot(queries.find_last_run, book.world.center_id)


def runs_of(session: Session, center_id: int) -> list[str]:
    """Outcome of each run, oldest first."""
    query = sa.select(VerificationRun.status).where(VerificationRun.center_id == center_id)
    return list(session.scalars(query.order_by(VerificationRun.started_at)))


def raise_points(session: Session, book: SmallBook) -> None:
    """Raise a counter by hand; no trigger guards counters."""
    own = (Account.center_id == book.world.center_id, Account.owner_id == book.other.volunteer_id)
    session.execute(sa.update(Account).where(*own).values(credits_posted=Account.credits_posted + 100))


def test_a_night_is_done_once(book: SmallBook) -> None:
    for hours in (0, 1, 2):
        night_of(book, NIGHT + timedelta(hours=hours))

    assert in_snapshot(runs_of, book.world.center_id) == ["clean"]


def test_by_day_nothing_is_done_unless_the_night_was_missed(book: SmallBook) -> None:
    assert night_of(book, DAY) is None
    night_of(book, NIGHT)
    night_of(book, DAY)
    assert in_snapshot(runs_of, book.world.center_id) == ["clean"]

    night_of(book, DAY + timedelta(days=2))

    assert in_snapshot(runs_of, book.world.center_id) == ["clean", "clean"]


def test_one_under_way_is_left_alone(book: SmallBook) -> None:
    in_transaction(service.begin, actor=book.world.builder)

    night_of(book, datetime.now(UTC).replace(hour=19) - timedelta(days=1))

    assert in_snapshot(runs_of, book.world.center_id) == ["running"]


def test_the_whole_book_first_then_what_is_new_and_after_a_week_the_whole_again(book: SmallBook) -> None:
    first = night_of(book, NIGHT)
    second = night_of(book, NIGHT + timedelta(days=1))
    with clock.at(clock.now() + timedelta(days=8)):
        third = night_of(book, NIGHT + timedelta(days=2))

    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.since_size, second.since_size, third.since_size) == (None, first.log_size, None)


def test_a_mismatch_stops_the_center_with_the_row_named_until_two_release_it(book: SmallBook) -> None:
    world = book.world
    in_transaction(raise_points, book)

    run = night_of(book, NIGHT)

    assert run is not None
    (freeze,) = in_snapshot(freezing.freezes, world.center_id)
    assert (run.status, freeze.run_id) == ("different", run.id)
    assert freeze.reason.startswith("账户 ")
    with pytest.raises(Unavailable):
        give_points(world, book.volunteer, 5)
    for role in ("admin", "auditor"):
        signer = world.add_staff(role, place_id=world.top_id)
        in_transaction(freezing.release, freeze.id, "查过了", actor=signer.actor, desk=APPROVALS)
    again = night_of(book, NIGHT + timedelta(days=1))
    assert again is not None
    assert again.status == "different"
    assert in_snapshot(freezing.find_freeze, world.center_id) is None


def test_another_difference_stops_it_again(book: SmallBook) -> None:
    world = book.world
    in_transaction(raise_points, book)
    night_of(book, NIGHT)
    (freeze,) = in_snapshot(freezing.freezes, world.center_id)
    for role in ("admin", "auditor"):
        signer = world.add_staff(role, place_id=world.top_id)
        in_transaction(freezing.release, freeze.id, "查过了", actor=signer.actor, desk=APPROVALS)
    in_transaction(raise_points, book)

    night_of(book, NIGHT + timedelta(days=1))

    assert in_snapshot(freezing.find_freeze, world.center_id) is not None


def test_a_clean_night_stops_nothing(book: SmallBook) -> None:
    night_of(book, NIGHT)

    assert in_snapshot(freezing.freezes, book.world.center_id) == []


def test_since_the_last_time_finds_what_is_new_and_nothing_else(book: SmallBook) -> None:
    world = book.world
    runs.start(actor=world.builder, wait_seconds=20)
    base = in_snapshot(queries.find_base, world.center_id)
    assert base is not None
    give_points(world, book.volunteer, 500)
    seal(world)

    with world.database.snapshot() as session:
        since = list(differences(session, Scope(world.center_id, clock.now(), since=base)))
        everything = list(differences(session, Scope(world.center_id, clock.now())))

    assert [each.check for each in since] == ["source_missing"]
    assert since == everything


def test_after_a_difference_the_whole_book_is_looked_at(book: SmallBook) -> None:
    world = book.world
    runs.start(actor=world.builder, wait_seconds=20)
    give_points(world, book.volunteer, 500)
    runs.start(actor=world.builder, wait_seconds=20)

    assert in_snapshot(queries.find_base, world.center_id) is None


def test_a_beginning_that_the_log_no_longer_has_is_named(book: SmallBook) -> None:
    world = book.world
    runs.start(actor=world.builder, wait_seconds=20)
    in_transaction(_forget_root, world.center_id)
    base = in_snapshot(queries.find_base, world.center_id)

    found = in_snapshot(verify, world.center_id, since=base)

    assert found.difference is not None
    assert found.difference.check == "log_differs"


def _forget_root(session: Session, center_id: int) -> None:
    own = VerificationRun.center_id == center_id
    session.execute(sa.update(VerificationRun).where(own).values(log_root=bytes(32)))
