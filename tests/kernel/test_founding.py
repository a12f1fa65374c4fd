"""A database knows whose it is: the first center founds it, and whoever comes with other settings is refused."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.jobs import AtOnce, Job
from ledger.kernel import clock, founding, runtime
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Unavailable
from ledger.kernel.founding import Founded, Installation
from ledger.kernel.keyring import Keyring
from ledger.kernel.runtime import Runtime, within
from ledger.kernel.settings import Environment, SettingsError
from ledger.organisations.service import create_center
from ledger.places import queries as places
from tests.processes import in_processes
from tests.runtimes import KEYRING, TEST_SECRET, ZONE, use_instead

HERE = Installation(KEYRING, "development", ZONE.key)
STRANGERS = {
    "secret": {"keyring": Keyring("another secret, of another installation")},
    "environment": {"environment": "production"},
    "zone": {"zone": ZoneInfo("America/Los_Angeles")},
}


def stranger_on(database: Database, **parts: object) -> Runtime:
    """The runtime of another installation that opens this database for the first time."""
    return replace(runtime.current(), database=Database(database.url), **parts)  # type: ignore[arg-type]


def row_of(database: Database) -> Founded | None:
    with database.reader.connect() as connection:
        return founding.read(connection)


def test_a_database_without_a_center_is_nobodys(own_database: Database) -> None:
    assert row_of(own_database) is None
    with within(stranger_on(own_database, keyring=Keyring("any secret"))):
        assert in_snapshot(places.centers) == []


@pytest.mark.parametrize(
    ("environment", "demonstration", "founded_as"),
    [
        ("production", False, "production"),
        ("development", False, "development"),
        ("development", True, "demonstration"),
    ],
)
def test_the_first_center_founds_it(
    own_database: Database, environment: Environment, demonstration: bool, founded_as: str
) -> None:
    use_instead(environment=environment)
    in_transaction(create_center, name="柳荫社区", is_demonstration=demonstration)

    there = row_of(own_database)
    assert there is not None
    assert (there.founded_as, there.zone) == (founded_as, "Asia/Shanghai")
    in_transaction(create_center, name="竹溪社区")
    assert row_of(own_database) == there


def test_the_demonstration_founds_no_production_database(own_database: Database) -> None:
    use_instead(environment="production")
    with pytest.raises(SettingsError, match="holds the demonstration"):
        in_transaction(create_center, name="演示区", is_demonstration=True)
    assert row_of(own_database) is None


def test_the_check_value_gives_nothing_away_and_differs_by_database() -> None:
    first, second = (founding.make_row(HERE, demonstration=False, now=clock.now()) for _ in range(2))

    assert first["salt"] != second["salt"]
    assert first["check_value"] != second["check_value"]
    shown = " ".join(map(str, first.values()))
    assert TEST_SECRET not in shown
    assert KEYRING.key("founding").hex() not in shown
    assert KEYRING.key("sealed columns").hex() not in shown


@pytest.mark.parametrize("founded_as", ["production", "development", "demonstration"])
@pytest.mark.parametrize("environment", ["production", "development"])
def test_production_and_development_keep_apart(founded_as: str, environment: Environment) -> None:
    salt = "00"
    there = Founded(founded_as, ZONE.key, salt, founding.check_value(KEYRING, salt))

    reason = there.why_not(replace(HERE, environment=environment))

    assert (reason is None) == ((founded_as == "production") == (environment == "production"))
    assert reason is None or ("LEDGER_ENV" in reason and reason.count(": ") == 1)


@pytest.mark.parametrize("other", STRANGERS)
def test_a_stranger_reads_and_writes_nothing(own_database: Database, other: str) -> None:
    in_transaction(create_center, name="柳荫社区")
    seen: list[int] = []

    def see(_session: Session) -> int:
        seen.append(1)
        return 1

    with within(stranger_on(own_database, **STRANGERS[other])):
        for attempt in (in_snapshot, in_transaction):
            with pytest.raises(Unavailable) as refused:
                attempt(see)
            assert refused.value.code == "service.other_installation"
        assert jobs.run(runtime.current(), Job("see", 60, AtOnce(see))) == 0
    assert not seen
    assert in_transaction(see) == 1


def test_who_came_before_the_founding_is_refused_after_it(own_database: Database) -> None:
    """A server that waits on an empty database must not go on when somebody else has founded it."""
    early = stranger_on(own_database, keyring=Keyring("another secret"))
    with within(early):
        assert in_snapshot(places.centers) == []
    in_transaction(create_center, name="柳荫社区")
    with within(early), pytest.raises(Unavailable):
        in_snapshot(places.centers)


def test_of_two_that_found_at_once_one_is_refused(own_database: Database) -> None:
    assert sorted(in_processes(_found, own_database.url)) == ["founded", "refused"]
    assert len(in_snapshot_of_all(own_database)) == 1


def in_snapshot_of_all(database: Database) -> list[str]:
    with database.snapshot() as session:
        return [center.name for center in places.centers(session)]


def _found(process: int) -> str:
    use_instead(keyring=Keyring(f"the secret of installation {process}"))
    try:
        in_transaction(create_center, name=f"社区{process}")
    except (SettingsError, Unavailable):
        return "refused"
    return "founded"


@pytest.mark.parametrize("change", ["UPDATE founding SET zone = 'UTC'", "DELETE FROM founding"])
def test_nobody_changes_it(own_database: Database, change: str) -> None:
    in_transaction(create_center, name="柳荫社区")
    before = row_of(own_database)
    with pytest.raises(sa.exc.DBAPIError, match="append only"), own_database.writer.begin() as connection:
        connection.exec_driver_sql(change)
    assert row_of(own_database) == before
