"""Shared by all tests: hypothesis profiles, the two databases, and a report of the tests that could not run."""

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy.orm import Session

from ledger.app import create_app
from ledger.kernel import clock
from ledger.kernel.clock import MAY_DIFFER
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import new_id
from ledger.kernel.migrations import upgrade
from ledger.kernel.settings import Settings
from ledger.organisations.service import create_center
from ledger.people.access import passwords
from ledger.places import queries as places
from tests.databases import (
    PostgresServer,
    drop_postgres_database,
    fast_folder,
    fresh_postgres_database,
    postgres_server,
    sqlite_url,
)
from tests.runtimes import CLOCK, HOST, NO_DATABASE, TEST_SECRET, ZONE, use_database
from tests.world import World
from tools.test_system import BROWSER_PACKAGES, missing
from tools.translations import compile_catalogue

# `make test` is deterministic for the same code; `make test-long` looks for new examples.
slow_is_fine = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("quick", deadline=None, max_examples=60, derandomize=True, suppress_health_check=slow_is_fine)
settings.register_profile(
    "long", deadline=None, max_examples=1500, stateful_step_count=100, suppress_health_check=slow_is_fine
)
settings.load_profile("quick")

pytest_plugins = ["tests.browser", "tests.order", "tests.reporting"]
BOTH_DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test process."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """The folder of databases whose durability isn't under test."""
    with fast_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def migrated_sqlite(memory: Path) -> Path:
    """A migrated SQLite file, for copying only."""
    path = memory / "migrated.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> str:
    """The name of a migrated PostgreSQL database, for copying only: nobody may connect to it."""
    url = fresh_postgres_database(postgres)
    upgrade(url)
    return url.rpartition("/")[2]


@contextmanager
def made_database(request: pytest.FixtureRequest, *, migrated: bool) -> Iterator[str]:
    """A new database of the kind in the request's parameter, removed at the end."""
    if request.param == "sqlite":
        # Tests that kill processes check what is on a real disk.
        folder = "tmp_path" if request.node.get_closest_marker("crash") else "memory"
        url = sqlite_url(request.getfixturevalue(folder))
        path = Path(url.removeprefix("sqlite:///"))
        if migrated:
            shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        yield url
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    template = request.getfixturevalue("migrated_postgres") if migrated else "template0"
    url = fresh_postgres_database(server, template=template)
    yield url
    drop_postgres_database(server, url)


@pytest.fixture(scope="session", params=BOTH_DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the migrated database shared by this process's tests, of each kind."""
    with made_database(request, migrated=True) as url:
        yield url


@pytest.fixture(params=BOTH_DATABASES)
def own_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated database for one test alone (races, crashes), of each kind."""
    with made_database(request, migrated=True) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def _runtime() -> None:
    """Set keys, clock and zone for tests without a database."""
    use_database(NO_DATABASE)


@pytest.fixture(scope="session", autouse=True)
def _proved_ahead() -> Iterator[None]:
    """Let what `world` makes be of a clock that is put back, because tests move the clock by days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "MAY_DIFFER", timedelta(days=36_500))
        yield


@pytest.fixture
def put_right(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on take what is dated later for what it is: of a clock that was fast. `world` logs in so."""
    return lambda: monkeypatch.setattr(clock, "MAY_DIFFER", MAY_DIFFER)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords at the least cost: they are of tests, and the true one took a third of a test of log-ins."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", cheap)
        patch.setattr(passwords, "NOBODY", cheap.hash("nobody has this password"))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_translations() -> None:
    """Compile the catalogue, so that English pages use its current words."""
    compile_catalogue()


@pytest.fixture(scope="session")
def shared_database(database_url: str) -> Iterator[Database]:
    """The database shared by this process's tests, opened once."""
    shared = Database(database_url)
    yield shared
    shared.close()


@pytest.fixture
def database(shared_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The shared database, in use: tests really commit, and their centers keep them apart.

    Code that visits all centers, mainly jobs, sees only those of this test, not those left by earlier tests.
    """
    use_database(shared_database)
    begun, of_everybody = new_id(), places.centers

    def of_this_test(session: Session) -> list[places.CenterView]:
        return [center for center in of_everybody(session) if center.id > begun]

    monkeypatch.setattr(places, "centers", of_this_test)
    return shared_database


@pytest.fixture
def own_database(own_database_url: str) -> Iterator[Database]:
    """A database for one test alone, in use."""
    own = Database(own_database_url)
    use_database(own)
    yield own
    own.close()


@pytest.fixture
def center(database: Database) -> int:
    """The id of a new center in the shared database."""
    return in_transaction(create_center, name="演示中心")


@pytest.fixture(params=BOTH_DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without tables for one test alone, of each kind."""
    with made_database(request, migrated=False) as url:
        yield url


def pytest_configure() -> None:
    """Look for no garbage until the tests begin, because their collection leaves little."""
    gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Exempt the code and the list of tests from garbage collection, which took a fifth of a run."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose system package is missing; the report at the end names them."""
    lacking = missing()
    needs = {
        "browser": [package for package in lacking if package in BROWSER_PACKAGES],
        "hledger": [package for package in lacking if package == "hledger"],
        "postgres": [package for package in lacking if package == "postgresql"],
    }
    for item in items:
        for marker, packages in needs.items():
            if packages and item.get_closest_marker(marker):
                reason = f"no {' and no '.join(packages)} on this machine (make test-setup)"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def world(database: Database) -> World:
    """A small center for this test."""
    return World(database)


@pytest.fixture(scope="session")
def shared_app(shared_database: Database, memory: Path) -> Flask:
    """The application on the shared database, made once; tests that need other settings make their own."""
    return create_app(settings_on(shared_database.url, memory), database=shared_database, clock=CLOCK)


def settings_on(database_url: str, data_folder: Path) -> Settings:
    """The settings of the tests' installation."""
    return Settings(
        environment="development",
        database_url=database_url,
        secret_key=TEST_SECRET,
        base_url=f"https://{HOST}",
        host="127.0.0.1",
        port=8000,
        timezone=ZONE,
        data_folder=data_folder,
    )


@pytest.fixture
def app(shared_app: Flask, database: Database) -> Flask:
    """The application on the shared database."""
    return shared_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An HTTP client of the application."""
    return app.test_client()
