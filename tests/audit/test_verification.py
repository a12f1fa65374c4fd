"""Verification finds nothing in a sound book and names each kind of row changed by hand."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks import chains
from ledger.audit.checks.finding import Difference
from ledger.audit.checks.scope import Scope
from ledger.audit.naming.words import difference_words
from ledger.audit.verifying.verify import STEPS, differences, verify
from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from tests.audit.full_book import FullBook, make_full_book
from tests.audit.screened_tamperings import SCREENED
from tests.audit.sealed_tamperings import DECISIONS, LOTS, SEALS
from tests.audit.small_book import SmallBook, balance_of, make_small_book, scan, verified
from tests.audit.tamperings import TAMPERINGS, Tampering
from tests.conftest import BOTH_DATABASES, made_database
from tests.world import World


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def book(request: pytest.FixtureRequest) -> Iterator[SmallBook]:
    """A book in its own database, shared by the tests of this file: each undoes its changes."""
    with made_database(request, migrated=True) as url:
        database = Database(url)
        yield make_small_book(World(database))
        database.close()


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def full_book(request: pytest.FixtureRequest) -> Iterator[FullBook]:
    """A sealed book with decisions, debts and expired lots, shared the same way."""
    with made_database(request, migrated=True) as url:
        database = Database(url)
        yield make_full_book(World(database))
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
    assert tampering.check in {each.check for each in tampered(book.world, tampering)}


@pytest.mark.parametrize("tampering", SCREENED, ids=lambda tampering: tampering.deed)
def test_what_sums_alone_would_not_see_is_named(book: SmallBook, tampering: Tampering) -> None:
    assert tampering.check in {each.check for each in tampered(book.world, tampering)}


# Two transfers with the same version have no defined order.
@pytest.mark.parametrize(
    "tampering", [each for each in SCREENED if "same version" not in each.deed], ids=lambda tampering: tampering.deed
)
def test_a_walk_through_all_accounts_finds_no_more(
    book: SmallBook, tampering: Tampering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database names the accounts to walk; all others are sound, whatever the tampering."""
    found = [each for each in tampered(book.world, tampering) if each.table in ("transfer", "account")]
    monkeypatch.setattr(chains, "suspect_accounts", lambda _session, _scope: None)

    assert [each for each in tampered(book.world, tampering) if each.table in ("transfer", "account")] == found


@pytest.mark.parametrize("tampering", [*LOTS, *DECISIONS, *SEALS], ids=lambda tampering: tampering.deed)
def test_what_was_done_to_lots_decisions_and_seals_is_named(full_book: FullBook, tampering: Tampering) -> None:
    assert tampering.check in {each.check for each in tampered(full_book.world, tampering)}


@pytest.mark.parametrize("tampering", SEALS[:2], ids=lambda tampering: tampering.deed)
def test_the_first_difference_of_a_sealed_book_is_its_first_bad_leaf(full_book: FullBook, tampering: Tampering) -> None:
    found = tampered(full_book.world, tampering)[0]

    assert (found.check, found.table) == ("leaf_differs", "leaf")
    assert f"第 {found.row_id} 片叶" in difference_words(found)


def test_a_full_book_has_no_difference(full_book: FullBook) -> None:
    with full_book.world.database.snapshot() as session:
        assert list(differences(session, Scope(full_book.world.center_id, clock.now()))) == []


def test_the_first_difference_says_what_it_should_be(book: SmallBook) -> None:
    owner = book.volunteer.volunteer_id
    with owner_engine(book.world.database.url).connect() as connection:
        lay_bare(connection, "account")
        connection.exec_driver_sql(
            f"UPDATE account SET credits_posted = 9999 WHERE unit = 'point' AND owner_id = {owner}"
        )
        found = verify(Session(connection), book.world.center_id).difference
        connection.rollback()

    assert found is not None
    assert (found.check, found.table, found.found, found.unit) == ("credits_posted", "account", 9999, "point")
    assert found.expected == balance_of(book.world, book.volunteer) + 50


def test_every_check_has_been_tampered_with() -> None:
    source = "".join(path.read_text() for path in Path("ledger/audit/checks").glob("*.py"))
    named = r'(?:Difference\(\s*|_wrong\(session, |_more_than_one\(session, )"(\w+)"'
    checks = {"lots_debited", "lots_credited", *re.findall(named, source)}

    # These need a checkpoint kept outside: test_against.py.
    outside = {"log_shorter"}
    assert checks - outside - {tampering.check for tampering in (*TAMPERINGS, *LOTS, *DECISIONS, *SEALS)} == set()


def test_another_center_s_book_is_not_looked_at(book: SmallBook) -> None:
    other = World(book.world.database)

    assert in_snapshot(verify, other.center_id).transfers == 0


@cache
def owner_engine(url: str) -> sa.Engine:
    """Connections of the database owner; a single engine, so that statements are compiled only once."""
    return sa.create_engine(url, poolclass=sa.pool.NullPool)


def tampered(world: World, tampering: Tampering) -> list[Difference]:
    """All differences after the tampering, which is then rolled back."""
    with owner_engine(world.database.url).connect() as connection:
        lay_bare(connection, tampering.table)
        changed = connection.exec_driver_sql(tampering.statement).rowcount
        found = list(differences(Session(connection), Scope(world.center_id, clock.now())))
        connection.rollback()
    assert changed, "the statement changed nothing"
    return found


def lay_bare(connection: sa.Connection, *tables: str) -> None:
    """Replace the tables by copies without constraints, indexes and triggers; a rollback undoes it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
        connection.exec_driver_sql("BEGIN")
    for table in tables:
        connection.exec_driver_sql(f"CREATE TABLE bare AS SELECT * FROM {table}")
        connection.exec_driver_sql(f"DROP TABLE {table}" + (" CASCADE" if connection.dialect.name != "sqlite" else ""))
        connection.exec_driver_sql(f"ALTER TABLE bare RENAME TO {table}")
