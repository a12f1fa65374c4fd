"""The verification finds nothing in a sound book and names each kind of row that somebody has changed by hand."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.scope import Scope
from ledger.audit.verification import STEPS, differences, verify
from ledger.kernel import clock
from ledger.kernel.db import Database, in_snapshot
from tests.audit.small_book import SmallBook, balance_of, make_small_book, scan, verified
from tests.audit.tamperings import TAMPERINGS, Tampering
from tests.conftest import BOTH_DATABASES, made_database
from tests.world import World


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def book(request: pytest.FixtureRequest) -> Iterator[SmallBook]:
    """A book in a database of its own, shared by the tests of this file: each undoes what it did."""
    with made_database(request, migrated=True) as url:
        database = Database(url)
        yield make_small_book(World(database))
        database.close()


def test_a_sound_book_has_no_difference(book: SmallBook) -> None:
    with book.world.database.snapshot() as session:
        found = verify(session, book.world.center_id)

    assert found.difference is None
    assert found.clean
    assert found.transfers > 20


@pytest.mark.parametrize("minutes_late", [-10, 0, 10])
def test_a_switch_from_shift_to_shift_is_sound(world: World, minutes_late: int) -> None:
    clerk, person = world.add_staff("clerk"), world.add_volunteer()
    start = clock.now() - timedelta(days=1)
    world.add_shift(start)
    second = world.add_shift(start + timedelta(hours=2))
    with clock.at(start):
        scan(world, clerk, person)
    with clock.at(start + timedelta(hours=2, minutes=minutes_late)):
        scan(world, clerk, person, shift_id=second, confirmed=("OPEN_SESSION_ELSEWHERE",))
    with clock.at(start + timedelta(hours=4)):
        scan(world, clerk, person)

    assert verified(world).difference is None


def test_progress_names_every_step_and_counts(book: SmallBook) -> None:
    seen: list[tuple[str, int, int]] = []
    with book.world.database.snapshot() as session:
        verify(session, book.world.center_id, progress=lambda step, done, total: seen.append((step, done, total)))

    assert list(dict.fromkeys(step for step, _done, _total in seen)) == [name for name, _check, _model in STEPS]
    assert max(done for step, done, total in seen if step == "attendances") == 3


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.deed)
def test_what_was_tampered_with_is_named(book: SmallBook, tampering: Tampering) -> None:
    engine = sa.create_engine(book.world.database.url, poolclass=sa.pool.NullPool)
    scope = Scope(book.world.center_id, clock.now())

    with engine.connect() as connection:
        lay_bare(connection, tampering.table)
        changed = connection.exec_driver_sql(tampering.statement).rowcount
        found = {each.check for each in differences(Session(connection), scope)}
        connection.rollback()
    engine.dispose()

    assert changed, "the statement changed nothing"
    assert tampering.check in found


def test_the_first_difference_says_what_it_should_be(book: SmallBook) -> None:
    owner = book.volunteer.volunteer_id
    engine = sa.create_engine(book.world.database.url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        lay_bare(connection, "account")
        connection.exec_driver_sql(
            f"UPDATE account SET credits_posted = 9999 WHERE unit = 'point' AND owner_id = {owner}"
        )
        found = verify(Session(connection), book.world.center_id).difference
        connection.rollback()
    engine.dispose()

    assert found is not None
    assert (found.check, found.table, found.found, found.unit) == ("credits_posted", "account", 9999, "point")
    assert found.expected == balance_of(book.world, book.volunteer) + 50


def test_every_check_has_been_tampered_with() -> None:
    source = "".join(path.read_text() for path in Path("ledger/audit/checks").glob("*.py"))
    checks = set(re.findall(r'(?:Difference\(\s*|_wrong\(session, |_more_than_one\(session, )"(\w+)"', source))

    assert checks - {tampering.check for tampering in TAMPERINGS} == set()


def test_another_center_s_book_is_not_looked_at(book: SmallBook) -> None:
    other = World(book.world.database)

    assert in_snapshot(verify, other.center_id).transfers == 0


def lay_bare(connection: sa.Connection, table: str) -> None:
    """Put a copy of the table in its place, without any constraint, index or trigger; a rollback undoes it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
        connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql(f"CREATE TABLE bare AS SELECT * FROM {table}")
    connection.exec_driver_sql(f"DROP TABLE {table}" + (" CASCADE" if connection.dialect.name != "sqlite" else ""))
    connection.exec_driver_sql(f"ALTER TABLE bare RENAME TO {table}")
