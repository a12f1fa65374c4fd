"""Migration 0015: a log-in that was open counts as used when it was opened, on both databases and on the way back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import command

from ledger.kernel.founding import Installation
from ledger.kernel.migrations import alembic_config, upgrade
from ledger.kernel.types import UtcDateTime
from tests.people.test_migration import insert
from tests.runtimes import KEYRING, ZONE

HERE = Installation(KEYRING, "development", ZONE.key)
OPENED = datetime(2026, 3, 1, 8, tzinfo=UTC)
CENTER, PERSON = 1001, 51


def fill(connection: sa.Connection) -> None:
    """A center with a person and one log-in."""
    center = {"name": "中心", "is_demonstration": False, "next_volunteer_number": 9, "created_at": OPENED}
    insert(connection, "center", id=CENTER, **center)
    name = KEYRING.seal("王桂兰", label="identity.name")
    person = {"name": name, "name_index": "of a name", "language": "zh", "large_type": False, "created_at": OPENED}
    insert(connection, "identity", center_id=CENTER, id=PERSON, **person)
    times = {"created_at": OPENED, "expires_at": OPENED + timedelta(hours=12)}
    log_in = {"token_hash": "of a token", "identity_id": PERSON, "kind": "browser"}
    insert(connection, "login_session", center_id=CENTER, id=7, **log_in, **times)


def read(engine: sa.Engine, *names: str) -> list[tuple[Any, ...]]:
    columns = [sa.column(name, UtcDateTime() if name.endswith("_at") else None) for name in names]
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).select_from(sa.table("login_session")))]


def test_an_open_log_in_is_kept_and_counts_as_used_when_it_was_opened(empty_database_url: str) -> None:
    upgrade(empty_database_url, "0014", installation=HERE)
    engine = sa.create_engine(empty_database_url)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    upgrade(empty_database_url, "0015", installation=HERE)
    kept = (CENTER, 7, "browser", OPENED, OPENED + timedelta(hours=12))
    names = ("center_id", "id", "kind", "created_at", "expires_at")
    assert read(engine, *names, "used_at") == [(*kept, OPENED)]
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE login_session SET kind = 'phone'"))
    engine.dispose()
    back = alembic_config(empty_database_url)
    back.attributes["installation"] = HERE
    command.downgrade(back, "0014")
    assert read(engine, *names) == [kept]
    assert "used_at" not in {column["name"] for column in sa.inspect(engine).get_columns("login_session")}
    engine.dispose()
