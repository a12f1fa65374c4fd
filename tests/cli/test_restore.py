"""Restore: alone, whatever state the old database is in, and whole wherever it is stopped."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from ledger.kernel import backup, postgres_lock, sqlite_files
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.engines import is_sqlite
from ledger.kernel.errors import Unavailable
from ledger.kernel.founding import Installation
from ledger.kernel.keyring import Keyring
from ledger.kernel.postgres_copies import connection_text
from ledger.kernel.sqlite_files import file_of, files_of
from ledger.organisations.service import create_center
from ledger.places import queries as places
from tests.cli.restoring import (
    BACKED_UP,
    IN_THE_LOG,
    LATER,
    crashed,
    names,
    names_at,
    on_a_file,
    put_in_place,
    runtime_database,
)
from tests.cli.test_commands import Console
from tests.conftest import BOTH_DATABASES

on_a_server = pytest.mark.parametrize("own_database_url", BOTH_DATABASES[1:], indirect=True)
HOLDS_IT_OPEN = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT name FROM center").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


class TestTheFilesOfADatabase:
    """A SQLite database is several files, put aside together."""

    @on_a_file
    def test_a_log_without_its_database_is_not_mixed_into_the_copy(self, backed_up: Console, copy: Path) -> None:
        database = file_of(backed_up.settings.database_url)
        runtime_database().close()
        log = database.with_name(f"{database.name}-wal")
        made = copy.with_name("another")
        made.mkdir()
        shutil.copyfile(files_of(crashed(backed_up, made))[1], log)
        database.unlink()

        assert f"{log} is there already; --force" in backed_up.fails("restore", str(copy))
        result = backed_up.run("restore", "--force", str(copy))

        assert result.exit_code == 0, result.output
        assert names() == [BACKED_UP]
        assert not log.exists() or log.stat().st_size == 0

    @on_a_file
    def test_what_was_in_the_log_stays_with_the_old_database(
        self, backed_up: Console, copy: Path, tmp_path: Path
    ) -> None:
        database = file_of(backed_up.settings.database_url)
        (tmp_path / "crash").mkdir()
        files = crashed(backed_up, tmp_path / "crash")
        runtime_database().close()
        put_in_place(files, database)

        assert backed_up.run("restore", "--force", str(copy)).exit_code == 0

        [old] = [
            each for each in database.parent.glob(f"{database.name}.before-restore-*") if each.suffix[-1].isdigit()
        ]
        assert names_at(old) == [BACKED_UP, IN_THE_LOG]
        assert names() == [BACKED_UP]

    @on_a_file
    def test_a_copy_with_a_log_beside_it_is_read_with_the_log(
        self, backed_up: Console, copy: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "crash").mkdir()
        files = crashed(backed_up, tmp_path / "crash")

        assert backed_up.run("restore", "--force", str(files)).exit_code == 0

        assert names() == [BACKED_UP, IN_THE_LOG]
        assert files.is_file()

    @on_a_file
    @pytest.mark.parametrize("damage", ["garbage", "cut off", "a folder"])
    def test_a_damaged_database_is_replaced_and_kept_as_it_is(
        self, backed_up: Console, copy: Path, damage: str
    ) -> None:
        database = file_of(backed_up.settings.database_url)
        runtime_database().close()
        content = {"garbage": b"no database" * 5_000, "cut off": database.read_bytes()[:9_000]}
        database.unlink()
        if damage == "a folder":
            database.mkdir()
        else:
            database.write_bytes(content[damage])
        log = database.with_name(f"{database.name}-wal")
        log.write_bytes(b"what is left of a log")

        result = backed_up.run("restore", "--force", str(copy))

        assert result.exit_code == 0, result.output
        assert names() == [BACKED_UP]
        [old] = [
            each for each in database.parent.glob(f"{database.name}.before-restore-*") if each.suffix[-1].isdigit()
        ]
        assert old.is_dir() if damage == "a folder" else old.read_bytes() == content[damage]
        assert Path(f"{old}-wal").read_bytes() == b"what is left of a log"
        shutil.rmtree(old) if old.is_dir() else old.unlink()


class TestAlone:
    """Nobody else has the database open."""

    @on_a_file
    def test_a_program_of_others_that_has_the_file_open_is_waited_for(self, backed_up: Console, copy: Path) -> None:
        runtime_database().close()
        command = [sys.executable, "-c", HOLDS_IT_OPEN, str(file_of(backed_up.settings.database_url))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            assert "is in use: stop the service first" in backed_up.fails("restore", "--force", str(copy))
            other.communicate()
        assert names() == [BACKED_UP, LATER]

    @on_a_file
    def test_even_one_that_has_a_damaged_file_open(self, backed_up: Console, copy: Path) -> None:
        server = Database(backed_up.settings.database_url)
        with server.snapshot() as session:
            places.centers(session)
            with file_of(backed_up.settings.database_url).open("r+b") as file:
                file.write(b"damaged " * 100)
            assert "in use" in backed_up.fails("restore", "--force", str(copy))
        server.close()

    @on_a_server
    def test_a_service_on_postgresql_is_waited_for(self, backed_up: Console, copy: Path) -> None:
        server = Database(backed_up.settings.database_url)
        with server.snapshot() as session:
            places.centers(session)
            said = backed_up.fails("restore", "--force", str(copy))
        assert "the database is in use: stop the service first" in said
        assert "ningxin (user ledger, from 127.0.0.1, pid " in said
        server.close()
        assert backed_up.run("restore", "--force", str(copy)).exit_code == 0
        assert names() == [BACKED_UP]

    @on_a_server
    def test_every_other_session_is_named(self, backed_up: Console, copy: Path) -> None:
        with connection_text(backed_up.settings.database_url) as text, psycopg.connect(text, application_name="psql"):
            assert "psql (user ledger" in backed_up.fails("restore", "--force", str(copy))

    def test_a_service_that_starts_meanwhile_is_sent_away(self, backed_up: Console) -> None:
        url = backed_up.settings.database_url
        runtime_database().close()
        with alone(url):
            with pytest.raises(Unavailable, match=r"service\.restoring"):
                in_snapshot(places.centers)
            with pytest.raises(Unavailable, match=r"service\.restoring"):
                in_transaction(create_center, name="白鹭社区")
            assert "service.restoring" in backed_up.fails("user", "list")
            assert backed_up.app.test_client().get("/readyz").status_code == 503
        assert names() == [BACKED_UP, LATER]


class TestTheCopy:
    """A copy that can't be used changes nothing."""

    def test_one_from_a_newer_program(self, backed_up: Console, copy: Path, tmp_path: Path) -> None:
        run_sql("UPDATE alembic_version SET version_num = '9999'")
        newer = tmp_path / "newer.backup"
        assert backed_up.run("backup", str(newer)).exit_code == 0
        assert backed_up.run("restore", "--force", str(copy)).exit_code == 0

        assert "install the newer version" in backed_up.fails("restore", "--force", str(newer))
        assert names() == [BACKED_UP]

    def test_one_of_another_installation(self, backed_up: Console, copy: Path) -> None:
        url = backed_up.settings.database_url
        runtime_database().close()
        stranger = Installation(
            Keyring("the secret of somebody else, on another paper"), "development", "Asia/Shanghai"
        )

        with pytest.raises(Exception, match=r"copy\.backup can't be used here: LEDGER_SECRET_KEY"):
            backup.restore(url, copy, installation=stranger, force=True)

        assert names() == [BACKED_UP, LATER]

    def test_what_only_a_newer_version_has_does_not_stay(self, backed_up: Console, copy: Path) -> None:
        run_sql("CREATE TABLE of_later (id INTEGER)")

        assert backed_up.run("restore", "--force", str(copy)).exit_code == 0

        database = runtime_database()
        with database.reader.connect() as connection:
            assert not database.reader.dialect.has_table(connection, "of_later")
        assert backed_up.run("verify").exit_code == 0


def run_sql(statement: str) -> None:
    """Run a statement on the console's database."""
    with runtime_database().writer.begin() as connection:
        connection.exec_driver_sql(statement)


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Be the one that restores."""
    if is_sqlite(url):
        with sqlite_files.alone_with(file_of(url)):
            yield
    else:
        with connection_text(url) as text, postgres_lock.alone_with(text):
            yield
