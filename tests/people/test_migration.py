"""Migration 0011: a person whom several centers knew as one row gets a log-in in each, on both databases."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.kernel import founding
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.founding import Installation
from ledger.kernel.keyring import Keyring
from ledger.kernel.migrations import upgrade
from ledger.kernel.settings import SettingsError
from ledger.kernel.types import UtcDateTime
from ledger.people.access import credentials, sessions
from ledger.people.access.candidates import candidates
from ledger.people.access.passwords import hash_password, password_is_right
from ledger.people.identities import queries as identities
from ledger.people.volunteers import queries
from tests.runtimes import KEYRING, ZONE, use_database

HERE = Installation(KEYRING, "development", ZONE.key)
STRANGER = Installation(Keyring("another secret of another installation"), "development", ZONE.key)
migration = importlib.import_module("migrations.versions.0011_a_log_in_belongs_to_a_center")

EAST, WEST, NORTH = 1001, 1002, 1003
BOTH, REVOKED, RECORDER, VISITOR, NOBODY = 51, 52, 53, 54, 55
PHONES = {BOTH: "+8610000000001", REVOKED: "+8610000000002", VISITOR: "+8610000000004", NOBODY: "+8610000000005"}
PASSWORD = "白云山下有三只羊"
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
SEALED = ("name", "phone", "gender", "id_last4")


def insert(connection: sa.Connection, table: str, **values: Any) -> None:
    """Insert a row, whatever the code makes of the table today."""
    columns = [
        sa.column(name, UtcDateTime() if isinstance(value, datetime) else None) for name, value in values.items()
    ]
    connection.execute(sa.insert(sa.table(table, *columns)), values)


def seal(**texts: str | None) -> dict[str, bytes | None]:
    return {name: text and KEYRING.seal(text, label=f"identity.{name}") for name, text in texts.items()}


def add_person(connection: sa.Connection, person: int, name: str, password: str | None = None) -> None:
    phone = PHONES.get(person)
    texts = seal(name=name, phone=phone, gender="female", id_last4="123X")
    password_hash = None if password is None else hash_password(password, phone=phone or "")
    insert(
        connection,
        "identity",
        id=person,
        **texts,
        name_index=KEYRING.index(name, purpose="identity.name"),
        password_hash=password_hash,
        language="en",
        large_type=True,
        created_at=START,
    )
    if phone is not None:
        index = KEYRING.index(phone, purpose="identity.phone")
        insert(connection, "identity_phone", phone_index=index, identity_id=person)


def add_center(connection: sa.Connection, center: int) -> None:
    insert(
        connection,
        "center",
        id=center,
        name=f"中心{center}",
        is_demonstration=False,
        next_volunteer_number=9,
        created_at=START,
    )
    insert(
        connection,
        "place",
        center_id=center,
        id=center,
        parent_id=None,
        kind="center",
        path=f"/{center}/",
        name="中心",
        code_version=1,
        created_at=START,
    )


def add_volunteer(connection: sa.Connection, center: int, person: int, at: datetime) -> None:
    insert(
        connection,
        "volunteer",
        center_id=center,
        id=900 + person,
        identity_id=person,
        number=f"{person:08d}",
        place_id=center,
        status="active",
        registered_at=at,
    )


def add_session(connection: sa.Connection, center: int, person: int) -> None:
    insert(
        connection,
        "login_session",
        token_hash=f"{center} {person}",
        id=700 + person,
        identity_id=person,
        center_id=center,
        kind="device",
        created_at=START,
        expires_at=START + 400 * DAY,
        revoked_at=None,
    )


def add_revoked_role(connection: sa.Connection, center: int, person: int) -> None:
    insert(
        connection,
        "role_grant",
        center_id=center,
        id=1,
        identity_id=person,
        role="admin",
        place_id=center,
        place_path=f"/{center}/",
        granted_by=0,
        granted_at=START,
        revoked_at=START + DAY,
    )


def fill(connection: sa.Connection) -> None:
    """Three centers as they stood before: one person of two of them, and others who are named in different ways."""
    connection.execute(sa.insert(founding.Founding.__table__), founding.make_row(HERE, demonstration=False, now=START))
    for center in (EAST, WEST, NORTH):
        add_center(connection, center)
    add_person(connection, BOTH, "王桂兰", PASSWORD)
    for person, name in ((REVOKED, "郑管理"), (RECORDER, "周店员"), (VISITOR, "何新来"), (NOBODY, "没人")):
        add_person(connection, person, name)
    add_volunteer(connection, EAST, BOTH, START + 5 * DAY)
    add_volunteer(connection, WEST, BOTH, START + DAY)
    add_revoked_role(connection, EAST, REVOKED)
    insert(
        connection,
        "household",
        center_id=NORTH,
        id=1,
        number="柳荫017",
        number_key="柳荫17",
        made_by=RECORDER,
        made_at=START,
    )
    add_session(connection, EAST, BOTH)
    add_session(connection, WEST, VISITOR)
    insert(
        connection,
        "activation_code",
        code_hash="digest",
        identity_id=BOTH,
        made_by=REVOKED,
        made_at=START,
        expires_at=START + 400 * DAY,
        used_at=None,
    )


@pytest.fixture
def old_url(empty_database_url: str) -> str:
    """A database of before, with people."""
    upgrade(empty_database_url, "0010", installation=HERE)
    engine = sa.create_engine(empty_database_url)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    return empty_database_url


@pytest.fixture
def migrated(old_url: str) -> Iterator[Database]:
    upgrade(old_url, installation=HERE)
    database = Database(old_url)
    use_database(database)
    yield database
    database.close()


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.reader.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_everybody_is_copied_with_their_number_to_where_they_are_known(migrated: Database) -> None:
    found = rows(migrated, "SELECT center_id, id FROM identity ORDER BY id, center_id")
    assert found == [(EAST, BOTH), (WEST, BOTH), (EAST, REVOKED), (NORTH, RECORDER), (WEST, VISITOR)]
    for center in (EAST, WEST):
        names = in_snapshot(identities.names_of, [BOTH, RECORDER], center)
        kept = in_snapshot(identities.get_preferences, BOTH, center)
        assert (names, kept.language, kept.large_type) == ({BOTH: "王桂兰"}, "en", True)


def test_a_person_is_found_in_each_center_by_its_own_indexes(migrated: Database) -> None:
    for center in (EAST, WEST):
        volunteer = in_snapshot(queries.find_volunteer_by_phone, "10000000001", center)
        assert volunteer is not None
        assert (volunteer.id, volunteer.identity_id) == (900 + BOTH, BOTH)
    assert in_snapshot(queries.find_volunteer_by_phone, "10000000001", NORTH) is None
    indexes = rows(migrated, f"SELECT name_index, phone_index FROM identity WHERE id = {BOTH}")
    assert len({text for row in indexes for text in row}) == 4


def test_the_password_goes_along_and_what_is_personal_stays_where_it_was_told(migrated: Database) -> None:
    found = in_snapshot(candidates, PHONES[BOTH])
    assert {each.center_id for each in found if password_is_right(each.password_hash, PASSWORD)} == {EAST, WEST}
    east, west = (in_snapshot(queries.get_volunteer_details, 900 + BOTH, center) for center in (EAST, WEST))
    assert (east.gender, east.id_last4) == (None, None)
    assert (west.gender, west.id_last4) == ("female", "123X")
    assert in_snapshot(candidates, PHONES[NOBODY]) == []


def test_log_ins_end_and_codes_are_void(migrated: Database) -> None:
    found = rows(migrated, "SELECT center_id, identity_id FROM login_session WHERE revoked_at IS NOT NULL ORDER BY 1")
    assert found == [(EAST, BOTH), (WEST, VISITOR)]
    assert rows(migrated, "SELECT count(*) FROM login_session") == [(2,)]
    assert rows(migrated, "SELECT count(*) FROM activation_code") == [(0,)]


def test_who_logs_in_afterwards_is_in_one_center(migrated: Database) -> None:
    opened = in_transaction(credentials.open_session, BOTH, kind="browser", center_id=EAST)
    actor = in_snapshot(sessions.load_actor, opened.token)
    assert actor is not None
    assert (actor.identity_id, actor.center_id, actor.volunteer_id) == (BOTH, EAST, 900 + BOTH)


def test_another_secret_is_refused_and_changes_nothing(old_url: str) -> None:
    with pytest.raises(SettingsError, match="LEDGER_SECRET_KEY is not the secret of this database"):
        upgrade(old_url, installation=STRANGER)
    with pytest.raises(SettingsError, match="only its own installation can migrate it"):
        upgrade(old_url)
    engine = sa.create_engine(old_url)
    assert {"identity_phone", "activation_code"} <= set(sa.inspect(engine).get_table_names())
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM identity").scalar() == 5
    engine.dispose()


def test_every_column_that_named_a_person_is_asked(old_url: str) -> None:
    engine = sa.create_engine(old_url)
    inspector = sa.inspect(engine)
    naming = {
        (table, column["name"])
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
        if column["name"].endswith("_by") or column["name"] in ("identity_id", "actor_id", "clerk_id")
    }
    engine.dispose()
    asked = {(table.removesuffix("_before"), column) for table, column in migration.ACTORS}
    asked |= {(table, column) for table, column, _moment in migration.BEGINNINGS}
    # The codes are void, whoever made them.
    gone = {("identity_phone", "identity_id"), ("activation_code", "identity_id"), ("activation_code", "made_by")}
    assert naming == asked | gone
