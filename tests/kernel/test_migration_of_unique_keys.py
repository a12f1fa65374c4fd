"""Migration 0017: what was doubled before is one after it, and open proposals stay; on both databases, and back."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic import command

from ledger.kernel.append_only import missing_guards
from ledger.kernel.founding import Installation
from ledger.kernel.migrations import alembic_config, upgrade
from tests.people.test_migration import insert
from tests.runtimes import KEYRING, ZONE

HERE = Installation(KEYRING, "development", ZONE.key)
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
CENTER = 1001


def fill(connection: sa.Connection) -> None:
    """Two of each, and one more list, for the center itself."""
    center = {"name": "中心", "is_demonstration": False, "next_volunteer_number": 9, "created_at": AT}
    insert(connection, "center", id=CENTER, **center)
    place = {"kind": "center", "path": "/a/", "name": "中心", "code_version": 1, "created_at": AT}
    insert(connection, "place", center_id=CENTER, id=5, **place)
    for key in (1, 2):
        asked = {"kind": "points.period_close", "subject_ref": "2026-02", "payload": "{}", "reason": "对过账"}
        asked |= {"proposed_by": 1, "proposed_at": AT, "status": "proposed"}
        insert(connection, "proposal", center_id=CENTER, id=key, **asked)
        run = dict.fromkeys(("done", "total", "accounts", "batches", "transfers"), 0)
        run |= {"status": "running", "started_by": 1, "started_at": AT, "beat_at": AT, "step": ""}
        insert(connection, "verification_run", center_id=CENTER, id=key, **run)
    draft = {"make_teams": False, "file_name": "名单.csv", "lines": b"", "made_by": 1, "made_at": AT}
    for key, place_id in ((1, 5), (2, 5), (3, None)):
        insert(connection, "import_draft", center_id=CENTER, id=key, place_id=place_id, **draft)


def test_what_was_doubled_is_one(empty_database_url: str) -> None:
    upgrade(empty_database_url, "0016", installation=HERE)
    engine = sa.create_engine(empty_database_url)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    upgrade(empty_database_url, "0017", installation=HERE)
    with engine.connect() as connection:
        assert told(connection, "SELECT id, status FROM verification_run") == [(1, "failed"), (2, "running")]
        assert told(connection, "SELECT id, place_id FROM import_draft") == [(2, 5), (3, None)]
        assert told(connection, "SELECT id, status, single_key FROM proposal") == [
            (1, "proposed", None),
            (2, "proposed", None),
        ]
        assert missing_guards(connection, ["proposal"]) == []
    for change in ("single_key = 'x'", "reason = 'x'"):
        with pytest.raises(sa.exc.DatabaseError, match="append only"), engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE proposal SET {change}"))
    engine.dispose()
    back = alembic_config(empty_database_url)
    back.attributes["installation"] = HERE
    command.downgrade(back, "0016")
    with engine.connect() as connection:
        assert "single_key" not in {column["name"] for column in sa.inspect(connection).get_columns("proposal")}
        assert missing_guards(connection, ["proposal"]) == []
    engine.dispose()


def told(connection: sa.Connection, query: str) -> list[tuple[object, ...]]:
    """The rows, by their ids."""
    return [tuple(row) for row in connection.execute(sa.text(f"{query} ORDER BY id"))]
