"""Restore: alone, whatever state the old database is in, and whole wherever it is stopped."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from ledger.kernel import backup, postgres_lock, runtime, sqlite_files
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.engines import is_sqlite
from ledger.kernel.errors import Unavailable
from ledger.kernel.founding import Installation
from ledger.kernel.keyring import Keyring
from ledger.kernel.postgres_copies import connection_text
from ledger.kernel.sqlite_files import file_of, files_of, finish_restore
from ledger.organisations.service import create_center
from ledger.places import queries as places
from tests.at_once import LONGEST_SECONDS
from tests.cli.test_commands import FOUND, Console, console_at
from tests.conftest import BOTH_DATABASES
from tests.processes import fresh
from tests.runtimes import KEYRING
from tools.test_system import find_postgres_folder

on_a_file = pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
on_a_server = pytest.mark.parametrize("own_database_url", BOTH_DATABASES[1:], indirect=True)
BACKED_UP, LATER, IN_THE_LOG = "柳荫社区", "竹溪社区", "白鹭社区"
# What a restore does to files; each is a moment at which it may be killed.
STEPS = {"open", "os.rename", "os.remove", "os.chmod", "sqlite3.connect"}
MOST_STEPS = 200
HOLDS_IT_OPEN = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT name FROM center").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _tools_of_this_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the server's own version of pg_dump first."""
    monkeypatch.setenv("PATH", f"{find_postgres_folder()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def console(own_database: Database, tmp_path: Path) -> Console:
    """An installation with one center, backed up, and another made since."""
    console = console_at(own_database.url, tmp_path)
    assert console.run(*FOUND).exit_code == 0
    result = console.run("backup", str(tmp_path / "copy.backup"))
    assert result.exit_code == 0, result.output
    in_transaction(create_center, name=LATER)
    return console


@pytest.fixture
def copy(console: Console, tmp_path: Path) -> Path:
    """The backup."""
    return tmp_path / "copy.backup"


def names() -> list[str]:
    return [center.name for center in in_snapshot(places.centers)]


def names_at(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        found = connection.execute("SELECT name FROM center ORDER BY id").fetchall()
    connection.close()
    return [name for (name,) in found]


def crashed(console: Console, folder: Path) -> Path:
    """The database as a crash leaves it: what came last is in the write-ahead log alone."""
    live = file_of(console.settings.database_url)
    with sqlite3.connect(live) as connection:
        connection.execute("UPDATE center SET name = ? WHERE name = ?", (IN_THE_LOG, LATER))
        connection.commit()
        for file in files_of(live):
            if file.exists():
                shutil.copyfile(file, folder / file.name)
    connection.close()
    assert (folder / f"{live.name}-wal").stat().st_size > 0
    return folder / live.name


def put_in_place(files: Path, database: Path) -> None:
    for file, place in zip(files_of(files), files_of(database), strict=True):
        place.unlink(missing_ok=True)
        if file.exists():
            shutil.copyfile(file, place)


class TestTheFilesOfADatabase:
    """A SQLite database is several files, put aside together."""

    @on_a_file
    def test_a_log_without_its_database_is_not_mixed_into_the_copy(self, console: Console, copy: Path) -> None:
        database = file_of(console.settings.database_url)
        runtime_database().close()
        log = database.with_name(f"{database.name}-wal")
        made = copy.with_name("another")
        made.mkdir()
        shutil.copyfile(files_of(crashed(console, made))[1], log)
        database.unlink()

        assert f"{log} is there already; --force" in console.fails("restore", str(copy))
        result = console.run("restore", "--force", str(copy))

        assert result.exit_code == 0, result.output
        assert names() == [BACKED_UP]
        assert not log.exists() or log.stat().st_size == 0

    @on_a_file
    def test_what_was_in_the_log_stays_with_the_old_database(
        self, console: Console, copy: Path, tmp_path: Path
    ) -> None:
        database = file_of(console.settings.database_url)
        (tmp_path / "crash").mkdir()
        files = crashed(console, tmp_path / "crash")
        runtime_database().close()
        put_in_place(files, database)

        assert console.run("restore", "--force", str(copy)).exit_code == 0

        [old] = [
            each for each in database.parent.glob(f"{database.name}.before-restore-*") if each.suffix[-1].isdigit()
        ]
        assert names_at(old) == [BACKED_UP, IN_THE_LOG]
        assert names() == [BACKED_UP]

    @on_a_file
    def test_a_copy_with_a_log_beside_it_is_read_with_the_log(
        self, console: Console, copy: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "crash").mkdir()
        files = crashed(console, tmp_path / "crash")

        assert console.run("restore", "--force", str(files)).exit_code == 0

        assert names() == [BACKED_UP, IN_THE_LOG]
        assert files.is_file()

    @on_a_file
    @pytest.mark.parametrize("damage", ["garbage", "cut off", "a folder"])
    def test_a_damaged_database_is_replaced_and_kept_as_it_is(self, console: Console, copy: Path, damage: str) -> None:
        database = file_of(console.settings.database_url)
        runtime_database().close()
        content = {"garbage": b"no database" * 5_000, "cut off": database.read_bytes()[:9_000]}
        database.unlink()
        if damage == "a folder":
            database.mkdir()
        else:
            database.write_bytes(content[damage])
        log = database.with_name(f"{database.name}-wal")
        log.write_bytes(b"what is left of a log")

        result = console.run("restore", "--force", str(copy))

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
    def test_a_program_of_others_that_has_the_file_open_is_waited_for(self, console: Console, copy: Path) -> None:
        runtime_database().close()
        command = [sys.executable, "-c", HOLDS_IT_OPEN, str(file_of(console.settings.database_url))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            assert "is in use: stop the service first" in console.fails("restore", "--force", str(copy))
            other.communicate()
        assert names() == [BACKED_UP, LATER]

    @on_a_file
    def test_even_one_that_has_a_damaged_file_open(self, console: Console, copy: Path) -> None:
        server = Database(console.settings.database_url)
        with server.snapshot() as session:
            places.centers(session)
            with file_of(console.settings.database_url).open("r+b") as file:
                file.write(b"damaged " * 100)
            assert "in use" in console.fails("restore", "--force", str(copy))
        server.close()

    @on_a_server
    def test_a_service_on_postgresql_is_waited_for(self, console: Console, copy: Path) -> None:
        server = Database(console.settings.database_url)
        with server.snapshot() as session:
            places.centers(session)
            said = console.fails("restore", "--force", str(copy))
        assert "the database is in use: stop the service first" in said
        assert "ningxin (user ledger, from 127.0.0.1, pid " in said
        server.close()
        assert console.run("restore", "--force", str(copy)).exit_code == 0
        assert names() == [BACKED_UP]

    @on_a_server
    def test_every_other_session_is_named(self, console: Console, copy: Path) -> None:
        with connection_text(console.settings.database_url) as text, psycopg.connect(text, application_name="psql"):
            assert "psql (user ledger" in console.fails("restore", "--force", str(copy))

    def test_a_service_that_starts_meanwhile_is_sent_away(self, console: Console) -> None:
        url = console.settings.database_url
        runtime_database().close()
        with alone(url):
            with pytest.raises(Unavailable, match=r"service\.restoring"):
                in_snapshot(places.centers)
            with pytest.raises(Unavailable, match=r"service\.restoring"):
                in_transaction(create_center, name="白鹭社区")
            assert "service.restoring" in console.fails("user", "list")
            assert console.app.test_client().get("/readyz").status_code == 503
        assert names() == [BACKED_UP, LATER]


class TestTheCopy:
    """A copy that can't be used changes nothing."""

    def test_one_from_a_newer_program(self, console: Console, copy: Path, tmp_path: Path) -> None:
        run_sql("UPDATE alembic_version SET version_num = '9999'")
        newer = tmp_path / "newer.backup"
        assert console.run("backup", str(newer)).exit_code == 0
        assert console.run("restore", "--force", str(copy)).exit_code == 0

        assert "install the newer version" in console.fails("restore", "--force", str(newer))
        assert names() == [BACKED_UP]

    def test_one_of_another_installation(self, console: Console, copy: Path) -> None:
        url = console.settings.database_url
        runtime_database().close()
        stranger = Installation(
            Keyring("the secret of somebody else, on another paper"), "development", "Asia/Shanghai"
        )

        with pytest.raises(Exception, match=r"copy\.backup can't be used here: LEDGER_SECRET_KEY"):
            backup.restore(url, copy, installation=stranger, force=True)

        assert names() == [BACKED_UP, LATER]

    def test_what_only_a_newer_version_has_does_not_stay(self, console: Console, copy: Path) -> None:
        run_sql("CREATE TABLE of_later (id INTEGER)")

        assert console.run("restore", "--force", str(copy)).exit_code == 0

        database = runtime_database()
        with database.reader.connect() as connection:
            assert not database.reader.dialect.has_table(connection, "of_later")
        assert console.run("verify").exit_code == 0


@on_a_file
@pytest.mark.crash
def test_wherever_it_is_killed_one_of_the_books_is_whole(console: Console, copy: Path, tmp_path: Path) -> None:
    """What a restore does is counted by Python's audit hooks, so that a new step is tried as well."""
    url = console.settings.database_url
    database, folder = file_of(url), tmp_path / "crash"
    folder.mkdir()
    files = crashed(console, folder)
    seen = set()
    for step in range(1, MOST_STEPS):
        runtime_database().close()
        for left in database.parent.glob(f"{database.name}*"):
            left.unlink()
        put_in_place(files, database)
        exit_code = killed_at(step, url, copy)
        said = finish_restore(database) or ""
        now = names()
        seen.add((tuple(now), said[:46]))
        assert now in ([BACKED_UP], [BACKED_UP, IN_THE_LOG])
        if now == [BACKED_UP]:
            [old] = [each for each in database.parent.glob("*.before-restore-*") if each.suffix[-1].isdigit()]
            assert names_at(old) == [BACKED_UP, IN_THE_LOG]
        assert not list(database.parent.glob("*.incoming-*"))
        if exit_code == 0:
            break
    assert exit_code == 0
    assert seen == {
        ((BACKED_UP, IN_THE_LOG), ""),
        ((BACKED_UP, IN_THE_LOG), "A restore was stopped before it changed anythi"),
        ((BACKED_UP,), "A restore was stopped half-way and is finished"),
        ((BACKED_UP,), ""),
    }


def killed_at(step: int, url: str, copy: Path) -> int | None:
    """Restore in a process that is killed before the step-th thing that it does to a file; returns its exit code."""
    process = fresh.Process(target=_restore_until, args=(step, url, copy))
    process.start()
    process.join(LONGEST_SECONDS)
    return process.exitcode


def _restore_until(step: int, url: str, copy: Path) -> None:
    left = step

    def count(event: str, _arguments: object) -> None:
        nonlocal left
        left -= event in STEPS
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    backup.restore(url, copy, installation=Installation(KEYRING, "development", "Asia/Shanghai"), force=True)


def runtime_database() -> Database:
    """The database that the console uses."""
    return runtime.current().database


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
