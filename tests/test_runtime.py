"""Two applications in one process, neither of which sees the other's secret, clock, host, zone, database or routes."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from flask import Flask
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.app import create_app
from ledger.audit.verifying import queries as run_queries
from ledger.audit.verifying import runs
from ledger.jobs import SCHEDULE, AtOnce, Job
from ledger.kernel import clock, runtime
from ledger.kernel.crypto import keyring
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.runtime import Runtime, within
from ledger.kernel.settings import Deliveries
from ledger.web.guard import public
from tests.at_once import LONGEST_SECONDS, at_once, failures
from tests.commands import invoke
from tests.conftest import settings_on
from tests.databases import sqlite_url
from tests.world import World

Seen = dict[str, str]
PROBE = "/what-it-runs-with"


class Standing:
    """A clock that stands still."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant


@dataclass
class Installation:
    """An application with its own world."""

    app: Flask
    world: World
    folder: Path

    @property
    def runtime(self) -> Runtime:
        """The application's runtime."""
        found: Runtime = self.app.extensions["runtime"]
        return found

    @property
    def own(self) -> Seen:
        """What all work for this application must see."""
        with within(self.runtime):
            return seen()


def seen() -> Seen:
    """The runtime of this context as its units see it, whichever thread runs them."""
    return in_transaction(_seen)


def _seen(session: Session) -> Seen:
    database = session.get_bind().engine.url.database
    return {
        "database": str(database),
        "now": clock.now().isoformat(),
        "today": clock.local_day(clock.now(), runtime.current().zone).isoformat(),
        "zone": runtime.current().zone.key,
        "host": runtime.current().host,
        "key": keyring().index("13800000000", purpose="test"),
        "routes": repr(runtime.current().routes),
    }


def install(folder: Path, number: int, zone: str, database: Database) -> Installation:
    """Install an application that shares nothing with others."""
    settings = replace(
        settings_on(database.url, folder),
        secret_key=f"the secret of installation {number}, of no use anywhere",
        base_url=f"https://jf{number}.example.org",
        timezone=ZoneInfo(zone),
        checkpoints=Deliveries(folder=folder / "checkpoints"),
    )
    instant = datetime(2026, 6, 3, 4 + number, tzinfo=UTC) + timedelta(days=400 * number)
    app = create_app(settings, database=database, clock=Standing(instant))
    app.add_url_rule(PROBE, "probe", public(seen))
    with within(app.extensions["runtime"]):
        world = World(database)
        world.add_staff("clerk", name=f"店员{number}")
    return Installation(app, world, folder)


@pytest.fixture
def two(tmp_path: Path, migrated_sqlite: Path) -> Iterator[list[Installation]]:
    """Two installations, each on its own database."""
    found = []
    for number, zone in enumerate(("Asia/Urumqi", "America/Los_Angeles")):
        folder = tmp_path / str(number)
        folder.mkdir()
        url = sqlite_url(folder)
        shutil.copyfile(migrated_sqlite, url.removeprefix("sqlite:///"))
        found.append(install(folder, number, zone, Database(url)))
    yield found
    for each in found:
        each.runtime.database.close()


def test_what_two_run_with_differs_in_everything(two: list[Installation]) -> None:
    one, other = (each.own for each in two)
    assert [name for name in one if one[name] == other[name]] == []


def test_requests_in_turn_see_their_own_and_leave_nothing_behind(two: list[Installation]) -> None:
    here = runtime.current()
    for each in two * 3:
        assert each.app.test_client().get(PROBE).get_json() == each.own
        assert runtime.current() is here


def test_a_request_within_a_request_does_not_change_the_one_around_it(two: list[Installation]) -> None:
    one, other = two

    def ask_the_other() -> list[Seen]:
        return [seen(), other.app.test_client().get(PROBE).get_json(), seen()]

    one.app.add_url_rule("/around", "around", public(ask_the_other))
    assert one.app.test_client().get("/around").get_json() == [one.own, other.own, one.own]


def test_requests_in_threads_see_their_own(two: list[Installation]) -> None:
    def ask(each: Installation) -> None:
        for _ in range(10):
            assert each.app.test_client().get(PROBE).get_json() == each.own

    outcomes = at_once([lambda each=each: ask(each) for each in two * 4])
    assert failures(outcomes) == []


def test_a_unit_run_by_the_thread_of_another_application_sees_its_own(two: list[Installation]) -> None:
    """Two that write to one file through one writer: the leader runs the units of both."""
    one, other = (each.runtime for each in two)
    beside = replace(other, database=one.database)

    def ask(own: Runtime) -> list[Seen]:
        with within(own):
            return [seen() for _ in range(25)]

    outcomes = at_once([lambda own=own: ask(own) for own in (one, beside) * 4])

    for own, told in zip((one, beside) * 4, outcomes, strict=True):
        assert {(each["zone"], each["host"], each["now"]) for each in told} == {
            (own.zone.key, own.host, own.clock.now().isoformat())
        }


def test_the_threads_of_a_schedule_see_their_own(two: list[Installation]) -> None:
    told: dict[str, set[str]] = {}

    def note(_session: Session) -> int:
        told.setdefault(runtime.current().host, set()).add(f"{clock.now()} {runtime.current().zone.key}")
        return 1

    running = [jobs.start(each.runtime, (Job("note", 1, AtOnce(note)),)) for each in two]
    try:
        _wait_for(told, 2)
    finally:
        for scheduler in running:
            scheduler.shutdown()

    assert told == {each.runtime.host: {f"{each.runtime.clock.now()} {each.runtime.zone.key}"} for each in two}


def _wait_for(told: dict[str, set[str]], number: int) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS / 2
    while len(told) < number:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_jobs_in_turn_seal_and_send_by_their_own(two: list[Installation]) -> None:
    for each in two:
        with within(each.runtime):
            each.world.add_item(each.world.add_shop())
    by_name = {job.name: job for job in SCHEDULE}
    for name in ("seal", "send-outbox"):
        for each in two:
            jobs.run(each.runtime, by_name[name])

    for each, other in (two, two[::-1]):
        (note,) = (each.folder / "checkpoints").iterdir()
        assert note.read_text(encoding="utf-8").startswith(f"{each.runtime.host}/")
        (stored,) = in_snapshot_of(each, "SELECT private_key FROM seal_key")
        assert each.runtime.keyring.open(stored, label="seal_key.private_key")
        with pytest.raises(InvalidTag):
            other.runtime.keyring.open(stored, label="seal_key.private_key")


def in_snapshot_of(each: Installation, query: str) -> list[bytes]:
    """The result of a query on the installation's database."""
    with each.runtime.database.snapshot() as session:
        return list(session.execute(sa.text(query)).scalars())


def test_a_verification_in_its_thread_sees_its_own(two: list[Installation]) -> None:
    for each in two:
        with within(each.runtime):
            run_id = runs.start(actor=each.world.builder, wait_seconds=LONGEST_SECONDS)
            run = in_snapshot(run_queries.get_run, run_id, each.world.center_id)
        assert run.finished_at == each.runtime.clock.now()


def test_commands_see_their_own(two: list[Installation]) -> None:
    here = runtime.current()
    for number, each in enumerate(two * 2):
        answer = invoke(each.app, "user", "list")
        assert (answer.exit_code, f"店员{number % 2}" in answer.output) == (0, True)
        assert f"店员{1 - number % 2}" not in answer.output
        assert runtime.current() is here
