"""A database from before the founding is founded by the migration, for whoever can read what it sealed."""

import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.kernel import backup, founding
from ledger.kernel.founding import Founded, Installation
from ledger.kernel.keyring import Keyring
from ledger.kernel.migrations import upgrade
from ledger.kernel.settings import SettingsError
from tests.runtimes import KEYRING
from tools.test_system import find_postgres_folder

OURS = Installation(KEYRING, "production", "Asia/Urumqi")
OTHERS = Installation(Keyring("made up by a terminal without settings"), "development", "Asia/Shanghai")
LONG_AGO = "2026-01-01T00:00:00.000000Z"
BEFORE = "0009"


def insert(url: str, table: str, **values: Any) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.insert(sa.Table(table, sa.MetaData(), autoload_with=connection)), values)
    engine.dispose()


def add_center(url: str, *, is_demonstration: bool = False) -> None:
    insert(
        url,
        "center",
        id=1,
        name="柳荫社区",
        is_demonstration=is_demonstration,
        next_volunteer_number=1,
        created_at=LONG_AGO,
    )


def add_person(url: str, number: int, keyring: Keyring) -> None:
    name = keyring.seal("李建国", label="identity.name")
    insert(
        url,
        "identity",
        id=number,
        name=name,
        name_index="-",
        language="zh",
        large_type=False,
        created_at=LONG_AGO,
    )


def add_key(url: str, keyring: Keyring) -> None:
    sealed = keyring.seal("a private key", label="seal_key.private_key")
    table = {"center_id": 1, "id": 1, "private_key": sealed, "valid_from": LONG_AGO}
    insert(url, "seal_key", origin="here", public_key=b"-", endorsement=None, **table)


@pytest.fixture
def old(empty_database_url: str) -> str:
    """The address of a database from before the founding, without rows."""
    upgrade(empty_database_url, BEFORE)
    return empty_database_url


def state(url: str) -> tuple[str, Founded | None]:
    """Revision and founding of a database."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        found = revision, founding.read(connection)
    engine.dispose()
    return found


@pytest.mark.parametrize("here", [OURS, OTHERS])
def test_whoever_reads_it_founds_it(old: str, here: Installation) -> None:
    add_center(old)
    add_person(old, 1, here.keyring)

    upgrade(old, "0010", installation=here)

    revision, there = state(old)
    assert revision == "0010"
    assert there is not None
    assert (there.founded_as, there.zone) == (here.environment, here.zone)
    assert there.why_not(here) is None


def test_a_demonstration_is_founded_as_one(old: str) -> None:
    add_center(old, is_demonstration=True)
    add_person(old, 1, OTHERS.keyring)

    with pytest.raises(SettingsError, match="demonstration"):
        upgrade(old, "0010", installation=Installation(OTHERS.keyring, "production", OTHERS.zone))
    upgrade(old, "0010", installation=OTHERS)

    _, there = state(old)
    assert there is not None
    assert there.founded_as == "demonstration"


@pytest.mark.parametrize("sealed", [add_person, add_key])
def test_whoever_can_not_read_it_changes_nothing(old: str, sealed: Any) -> None:
    add_center(old)
    if sealed is add_person:
        add_person(old, 1, OURS.keyring)
        add_person(old, 2, OTHERS.keyring)  # What a stranger once wrote does not make them the owner.
    else:
        add_key(old, OURS.keyring)

    with pytest.raises(SettingsError, match="LEDGER_SECRET_KEY is not the secret"):
        upgrade(old, "0010", installation=OTHERS)
    assert state(old) == (BEFORE, None)
    upgrade(old, "0010", installation=OURS)
    assert state(old)[0] == "0010"


def test_a_copy_of_one_is_not_restored_by_whoever_can_not_read_it(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{find_postgres_folder()}{os.pathsep}{os.environ['PATH']}")
    add_center(old)
    add_person(old, 1, OURS.keyring)
    copy = tmp_path / "copy.backup"
    backup.back_up(old, copy)
    upgrade(old, "0010", installation=OURS)
    before = state(old)

    with pytest.raises(SettingsError, match=r"copy\.backup can't be used here: LEDGER_SECRET_KEY is not the secret"):
        backup.restore(old, copy, installation=OTHERS, force=True)
    assert state(old) == before
    backup.restore(old, copy, installation=OURS, force=True)
    assert state(old) == (BEFORE, None)


def test_an_empty_one_waits_for_its_first_center(old: str) -> None:
    upgrade(old, "0010")
    assert state(old) == ("0010", None)


def test_a_book_is_not_migrated_by_nobody(old: str) -> None:
    add_center(old)
    with pytest.raises(SettingsError, match="only its own installation"):
        upgrade(old, "0010")
    assert state(old) == (BEFORE, None)


def test_a_founded_one_is_migrated_by_its_own_installation_alone(old: str) -> None:
    """Before the first migration that is lacking runs, so that none can spoil anything."""
    add_center(old)
    upgrade(old, "0010", installation=OURS)
    with pytest.raises(SettingsError, match="production database"):
        upgrade(old, installation=OTHERS)
    upgrade(old, installation=OURS)
