"""A verification beside the requests: one at a time, with its progress, and never stuck as running."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.verifying import queries, runs, service
from ledger.audit.verifying.models import VerificationRun
from ledger.audit.verifying.queries import RunView
from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Forbidden, NotFound
from tests.audit.small_book import give_points, make_small_book
from tests.world import World


def run_of(world: World, run_id: int) -> RunView:
    """The run as stored."""
    return in_snapshot(queries.get_run, run_id, world.center_id)


def test_a_second_one_joins_the_one_under_way(world: World) -> None:
    first = in_transaction(service.begin, actor=world.builder)
    second = in_transaction(service.begin, actor=world.builder)

    assert (first["begun"], second) == (True, {"id": first["id"], "begun": False})


def test_one_that_was_stopped_with_its_process_is_given_up(world: World) -> None:
    first = in_transaction(service.begin, actor=world.builder)
    in_transaction(_fall_silent, first["id"])

    second = in_transaction(service.begin, actor=world.builder)

    assert second["begun"]
    assert run_of(world, first["id"]).status == "failed"


def _fall_silent(session: Session, run_id: int) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    session.execute(sa.update(VerificationRun).where(VerificationRun.id == run_id).values(beat_at=long_ago))


def test_a_fault_is_kept_as_one_and_says_nothing_of_the_book(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(runs, "verify", broken)
    run_id = runs.start(actor=world.builder, wait_seconds=20)

    assert run_of(world, run_id).status == "failed"
    assert in_snapshot(queries.find_last_run, world.center_id) is None


def test_how_far_it_is_can_be_read_while_it_runs(world: World) -> None:
    run_id = in_transaction(service.begin, actor=world.builder)["id"]
    in_transaction(service.note_progress, run_id, world.center_id, step="chains", done=5, total=9)

    run = run_of(world, run_id)

    assert (run.status, run.step, run.done, run.total) == ("running", "chains", 5, 9)


def test_what_it_found_is_kept_with_its_times(world: World) -> None:
    book = make_small_book(world)
    clean = runs.start(actor=world.builder, wait_seconds=20)
    give_points(world, book.volunteer, 500)
    different = runs.start(actor=world.builder, wait_seconds=20)

    found = run_of(world, different)
    assert (run_of(world, clean).status, found.status) == ("clean", "different")
    assert found.difference is not None
    assert found.difference.check == "source_missing"
    assert found.finished_at is not None
    assert found.started_at <= found.finished_at


def test_the_book_is_clean_since_the_first_check_after_the_last_difference(world: World) -> None:
    book = make_small_book(world)
    now = clock.now()
    with clock.at(now + timedelta(hours=1)):
        runs.start(actor=world.builder, wait_seconds=20)
    assert in_snapshot(queries.find_clean_since, world.center_id) == now + timedelta(hours=1)
    give_points(world, book.volunteer, 500)
    with clock.at(now + timedelta(hours=2)):
        runs.start(actor=world.builder, wait_seconds=20)
    assert in_snapshot(queries.find_clean_since, world.center_id) is None


def test_who_may_not_read_the_books_does_not_verify(world: World) -> None:
    with pytest.raises(Forbidden):
        runs.start(actor=world.add_staff("clerk").actor)


def test_another_center_s_run_does_not_exist(world: World) -> None:
    run_id = in_transaction(service.begin, actor=world.builder)["id"]

    with pytest.raises(NotFound):
        in_snapshot(queries.get_run, run_id, World(world.database).center_id)
