"""The village of the demonstration, loaded once for the tests that look at it."""

from collections.abc import Iterator

import pytest

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.organisations import queries as organisations
from tests.conftest import made_database
from tests.demo.loaded import Village, filled_tables, load, settings_for
from tests.plans import sent_to
from tests.runtimes import use_database

# A village takes long to load, so one process runs all tests of it.
VILLAGES = [
    pytest.param("sqlite", marks=pytest.mark.xdist_group("village on sqlite")),
    pytest.param(
        "postgresql", marks=[pytest.mark.postgres, pytest.mark.long, pytest.mark.xdist_group("village on postgresql")]
    ),
]


@pytest.fixture(scope="session", params=VILLAGES)
def village(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A village in a database of its own; tests that change it leave alone what the others look at."""
    with made_database(request, migrated=True) as url:
        database = Database(url)
        use_database(database)
        settings = settings_for(url, tmp_path_factory.mktemp("village"))
        with sent_to(database.writer) as sent:
            said = tuple(load(settings))
        center_id = in_snapshot(organisations.only_center).id
        yield Village(database, settings, center_id, filled_tables(database), said, sent)
        database.close()


@pytest.fixture(autouse=True)
def _in_use(request: pytest.FixtureRequest) -> None:
    if "village" in request.fixturenames:
        use_database(request.getfixturevalue("village").database)
