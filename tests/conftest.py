"""What all tests share: hypothesis profiles, the two databases, and the names of the tests that could not be run."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.databases import (
    PostgresServer,
    drop_postgres_database,
    fresh_postgres_database,
    postgres_server,
    sqlite_url,
)
from tools.test_system import BROWSER_PACKAGES, missing

# `make test` gives the same answer for the same code; `make test-long` looks for examples never seen before.
slow_is_fine = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("quick", deadline=None, max_examples=60, derandomize=True, suppress_health_check=slow_is_fine)
settings.register_profile(
    "long", deadline=None, max_examples=1500, stateful_step_count=100, suppress_health_check=slow_is_fine
)
settings.load_profile("quick")

BOTH_DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=BOTH_DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of one's own without any table, on each of the two."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = fresh_postgres_database(server)
    yield url
    drop_postgres_database(server, url)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, and so name at the end, what this machine lacks a system package for."""
    lacking = missing()
    needs = {
        "browser": [package for package in lacking if package in BROWSER_PACKAGES],
        "postgres": [package for package in lacking if package == "postgresql"],
    }
    for item in items:
        for marker, packages in needs.items():
            if packages and item.get_closest_marker(marker):
                reason = f"no {' and no '.join(packages)} on this machine (make test-setup)"
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not run, so that a green run is never taken for a whole one."""
    reasons = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
    )
    if not reasons:
        return
    terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
    for reason, number in reasons.most_common():
        terminalreporter.write_line(f"NOT RUN: {number} tests: {reason}", red=True)
