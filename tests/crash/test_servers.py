"""The servers for the service: ours ends with its parent and refuses a port in use; gunicorn works too."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.kernel.cores import THREADS
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.organisations.service import create_center
from ledger.web import server as web_server
from tests.cli.test_commands import Console, console_at
from tests.commands import line
from tests.crash.server import ROOT, Server, free_port, send
from tests.runtimes import use_database
from tests.world import World

pytestmark = pytest.mark.crash
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
HAS_SEVERAL_CORES = len(CORES) > 1


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """A data folder with a migrated database."""
    shutil.copyfile(migrated_sqlite, tmp_path / "ningxin.sqlite3")
    return tmp_path


def gunicorn(folder: Path) -> Server:
    """Our application in another server."""
    port = free_port()
    command = (
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
        *("--threads", "2", "--no-control-socket", "wsgi:app"),
    )
    return Server(folder, port=port, command=command)


def test_a_worker_does_not_outlive_its_parent(folder: Path) -> None:
    server = Server(folder)
    server.start()
    assert server.process is not None

    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)

    deadline = time.monotonic() + 10
    while server.listens() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not server.listens()


@pytest.fixture
def console(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """Commands on the data folder, in this process, of which none gets as far as to serve."""

    def serve(*_: object, **__: object) -> None:
        raise AssertionError("it serves")

    monkeypatch.setattr(web_server, "serve", serve)
    found = console_at(f"sqlite:///{folder / 'ningxin.sqlite3'}", folder)
    yield found
    found.app.extensions["runtime"].database.close()


def test_a_second_server_at_the_same_port_is_told_so(place: tuple[Server, World], console: Console) -> None:
    assert "choose another --port" in console.fails("serve", "--port", str(place[0].port))


def test_log_ins_are_not_printed_where_the_port_is_taken(place: tuple[Server, World], console: Console) -> None:
    second = console.run("serve", "--demo", "--port", str(place[0].port))

    assert second.exit_code == 1
    assert (second.stdout, second.stderr.count("\n")) == ("", 1)
    assert "choose another --port" in second.stderr


@pytest.mark.parametrize(
    ("how", "make"),
    [
        pytest.param(signal.SIGTERM, Server, id="SIGTERM-serve"),
        pytest.param(signal.SIGINT, Server, id="SIGINT-serve"),
        pytest.param(signal.SIGTERM, gunicorn, id="SIGTERM-gunicorn"),
        pytest.param(signal.SIGINT, gunicorn, id="SIGINT-gunicorn", marks=pytest.mark.long),
    ],
)
def test_after_a_stop_all_facts_are_in_the_main_file(
    folder: Path, tmp_path: Path, how: signal.Signals, make: Callable[[Path], Server]
) -> None:
    database = folder / "ningxin.sqlite3"
    server = make(folder)
    server.start()
    assert send(server.port, "GET", "/healthz")[:2] == (200, {"status": "ok"})
    assert send(server.port, "GET", "/readyz")[:2] == (200, {"status": "ok"})
    made = Database(f"sqlite:///{database}")
    use_database(made)
    in_transaction(create_center, name="柳荫社区")
    made.close()
    log = Path(f"{database}-wal")
    assert log.stat().st_size > 0

    server.stop(how)

    assert server.process is not None
    assert server.process.returncode == 0
    assert not server.listens()
    assert "Traceback" not in (folder / "server.log").read_text()
    assert not log.exists() or log.stat().st_size == 0
    alone = tmp_path / "alone.sqlite3"
    shutil.copyfile(database, alone)
    with closing(sqlite3.connect(alone)) as connection:
        assert connection.execute("SELECT name FROM center").fetchall() == [("柳荫社区",)]


def test_a_running_server_keeps_a_restore_away(folder: Path, console: Console) -> None:
    server = Server(folder)
    copy = str(folder / "copy.backup")
    assert console.run("backup", copy).exit_code == 0
    server.start()
    try:
        assert "in use: stop the service first" in console.fails("restore", "--force", copy)
    finally:
        server.stop()
    afterwards = console.run("restore", "--force", copy)

    assert afterwards.exit_code == 0, afterwards.output


def test_the_jobs_run_in_a_process_of_their_own(folder: Path) -> None:
    alone = Server(folder)
    command = line("scheduler")
    with subprocess.Popen(
        command, cwd=ROOT, env=alone.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        assert "jobs are running" in process.stdout.readline()
        process.terminate()
        rest = process.stdout.read()

    assert (process.returncode, rest) == (0, "")


@pytest.mark.skipif(not HAS_SEVERAL_CORES, reason="there is one core, or none to keep to")
@pytest.mark.parametrize(
    ("asked", "requests_on", "said"),
    [
        ({}, set(CORES[-1:]), f"1 of {len(CORES)} cores and 16 threads: on SQLite one core answers faster"),
        ({"LEDGER_CORES": "all"}, set(CORES), f"all cores ({len(CORES)}) and {THREADS} threads: as LEDGER_CORES says"),
        pytest.param(
            {"LEDGER_CORES": "1", "LEDGER_THREADS": "9"},
            set(CORES[-1:]),
            f"1 of {len(CORES)} cores and 9 threads: as",
            marks=pytest.mark.long,
        ),
    ],
)
def test_requests_keep_to_their_cores_and_jobs_have_all(
    folder: Path, asked: dict[str, str], requests_on: set[int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(folder)
    monkeypatch.setattr(server, "environment", lambda: Server.environment(server) | asked)
    server.start()
    try:
        assert [line for line in (folder / "server.log").read_text().splitlines() if said in line]
        cores = cores_of_threads(server)
        assert cores["tokio-rt-worker"] == [requests_on]
        assert set(CORES) in cores["python"]
    finally:
        server.stop()


def cores_of_threads(server: Server) -> dict[str, list[set[int]]]:
    """The cores allowed to each thread of the answering process, by thread name."""
    assert server.process is not None
    parent = Path(f"/proc/{server.process.pid}/task")
    [worker] = {child for listed in parent.glob("*/children") for child in listed.read_text().split()}
    found: dict[str, list[set[int]]] = {}
    for thread in Path(f"/proc/{worker}/task").iterdir():
        found.setdefault((thread / "comm").read_text().strip(), []).append(os.sched_getaffinity(int(thread.name)))
    return found
