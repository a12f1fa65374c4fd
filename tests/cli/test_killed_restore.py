"""A restore that is killed anywhere leaves the old book or the new one, whole."""

import os
import signal
import sys
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from ledger.kernel import backup
from ledger.kernel.founding import Installation
from ledger.kernel.sqlite_files import file_of, finish_restore
from tests.at_once import LONGEST_SECONDS
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
from tests.processes import fresh
from tests.runtimes import KEYRING

# What a restore does to files; each is a moment at which it may be killed.
STEPS = frozenset({"open", "os.rename", "os.remove", "os.chmod", "sqlite3.connect"})
PROGRAMS = frozenset({"subprocess.Popen"})
MOST_STEPS = 200


@on_a_file
@pytest.mark.crash
@pytest.mark.long
def test_wherever_it_is_killed_one_of_the_books_is_whole(backed_up: Console, copy: Path, tmp_path: Path) -> None:
    """What a restore does is counted by Python's audit hooks, so that a new step is tried as well."""
    url = backed_up.settings.database_url
    database, folder = file_of(url), tmp_path / "crash"
    folder.mkdir()
    files = crashed(backed_up, folder)
    seen = set()
    for step in range(1, MOST_STEPS):
        runtime_database().close()
        for left in database.parent.glob(f"{database.name}*"):
            left.unlink()
        put_in_place(files, database)
        exit_code = killed_at(step, url, copy, STEPS)
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
        assert exit_code == -signal.SIGKILL
    assert exit_code == 0
    assert seen == {
        ((BACKED_UP, IN_THE_LOG), ""),
        ((BACKED_UP, IN_THE_LOG), "A restore was stopped before it changed anythi"),
        ((BACKED_UP,), "A restore was stopped half-way and is finished"),
        ((BACKED_UP,), ""),
    }


@pytest.mark.crash
@pytest.mark.parametrize("own_database_url", BOTH_DATABASES[1:], indirect=True)
def test_on_postgresql_everything_happens_in_the_last_program(backed_up: Console, copy: Path) -> None:
    """Before `psql`, which works in one transaction, the old book is untouched."""
    url = backed_up.settings.database_url
    for step in (1, 2, 3):
        leave(url)
        assert killed_at(step, url, copy, PROGRAMS) == -signal.SIGKILL
        await_nobody_in(url)
        assert names() == [BACKED_UP, LATER]
    leave(url)
    assert killed_at(4, url, copy, PROGRAMS) == 0
    assert names() == [BACKED_UP]


def leave(url: str) -> None:
    """Close all connections, and wait until PostgreSQL has noticed."""
    runtime_database().close()
    await_nobody_in(url)


def await_nobody_in(url: str) -> None:
    """Wait until PostgreSQL has noticed that those who were killed or have left are gone."""
    address = sa.make_url(url)
    inside = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    deadline = time.monotonic() + LONGEST_SECONDS
    with psycopg.connect(
        host=address.host, port=address.port, user=address.username, dbname="postgres", autocommit=True
    ) as connection:
        while connection.execute(inside, (address.database,)).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def killed_at(step: int, url: str, copy: Path, steps: frozenset[str]) -> int | None:
    """Restore in a process that is killed before the step-th of these things that it does; returns its exit code."""
    process = fresh.Process(target=_restore_until, args=(step, url, copy, steps, os.environ["PATH"]))
    process.start()
    process.join(LONGEST_SECONDS)
    return process.exitcode


def _restore_until(step: int, url: str, copy: Path, steps: frozenset[str], path: str) -> None:
    os.environ["PATH"] = path
    left = step

    def count(event: str, _arguments: object) -> None:
        nonlocal left
        if event not in steps:
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    backup.restore(url, copy, installation=Installation(KEYRING, "development", "Asia/Shanghai"), force=True)
