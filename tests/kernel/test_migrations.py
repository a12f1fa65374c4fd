"""A migration is atomic, and facts keep their guards."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.kernel import migrations
from ledger.kernel.append_only import missing_guards
from ledger.kernel.migrations import at_head, upgrade
from ledger.tables import APPEND_ONLY, metadata
from tests.processes import in_processes

HEAD = '''"""{what}"""
import sqlalchemy as sa
from alembic import op

revision = "9{number}"
down_revision = "{after}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {body}
'''


@pytest.fixture
def further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Adds migrations after the newest, in a copy of the folder."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    monkeypatch.setattr(migrations, "FOLDER", folder)
    newest = sorted(path.name[:4] for path in (folder / "versions").glob("[0-9]*.py"))[-1]

    def add(*bodies: str) -> None:
        after = newest
        for number, body in enumerate(bodies):
            text = HEAD.format(what="A later one.", number=number, after=after, body=body)
            (folder / "versions" / f"9{number}_later.py").write_text(text, encoding="utf-8")
            after = f"9{number}"

    return add


MAKES = 'op.create_table("later", sa.Column("id", sa.BigInteger(), primary_key=True), sqlite_strict=False)'
FAILS = f"""{MAKES}
    op.execute("INSERT INTO later (id) VALUES (1)")
    op.create_table("second", sa.Column("id", sa.BigInteger(), primary_key=True))
    raise RuntimeError("in the middle")"""


def test_failed_migration_leaves_nothing(empty_database_url: str, further: Callable[..., None]) -> None:
    further(FAILS)
    with pytest.raises(RuntimeError, match="in the middle"):
        upgrade(empty_database_url)
    assert _tables(empty_database_url) == set()


def test_all_that_are_lacking_are_made_or_none(own_database_url: str, further: Callable[..., None]) -> None:
    """A database is never left between two versions."""
    before = _tables(own_database_url)
    further(MAKES, 'raise RuntimeError("the second one")')
    with pytest.raises(RuntimeError, match="the second one"):
        upgrade(own_database_url)
    assert _tables(own_database_url) == before
    engine = sa.create_engine(own_database_url)
    assert not at_head(engine)
    engine.dispose()


def test_migration_that_loses_a_parent_is_refused_on_sqlite(tmp_path: Path, further: Callable[..., None]) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    upgrade(url)
    further(
        'op.execute("INSERT INTO unit (center_id, code, scale, in_lots, created_at)'
        " VALUES (77, 'point', 2, 1, 'now')\")"
    )
    with pytest.raises(RuntimeError, match="1 rows without their parent"):
        upgrade(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM unit").scalar() == 0
    engine.dispose()


def test_processes_that_start_together_migrate_once(empty_database_url: str) -> None:
    in_processes(_upgrade, empty_database_url, empty_database_url)
    engine = sa.create_engine(empty_database_url)
    assert at_head(engine)
    assert _tables(empty_database_url) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def _upgrade(_process: int, url: str) -> None:
    upgrade(url)


def test_upgrade_of_what_is_new_changes_nothing(own_database_url: str) -> None:
    before = _tables(own_database_url)
    upgrade(own_database_url)
    assert _tables(own_database_url) == before


def test_missing_guard_is_named(own_database_url: str) -> None:
    engine = sa.create_engine(own_database_url)
    with engine.begin() as connection:
        assert missing_guards(connection, APPEND_ONLY) == []
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER transfer_no_delete")
            expected = ["transfer_no_delete"]
        else:
            connection.exec_driver_sql("ALTER TABLE transfer DISABLE TRIGGER transfer_no_change")
            connection.exec_driver_sql("DROP TRIGGER batch_no_truncate ON batch")
            expected = ["batch_no_truncate", "transfer_no_change"]
        assert missing_guards(connection, APPEND_ONLY) == expected
    engine.dispose()


def _tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names
