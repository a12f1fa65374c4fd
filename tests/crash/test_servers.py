"""The servers for the service: ours ends with its parent and refuses a port in use; gunicorn works too."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger.kernel.cores import THREADS
from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.organisations.service import create_center
from tests.commands import line
from tests.crash.server import ROOT, Server, free_port, send
from tests.runtimes import use_database

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


def test_gunicorn_serves_it(folder: Path) -> None:
    server = gunicorn(folder)
    port = server.port
    server.start()
    try:
        assert send(port, "GET", "/healthz")[:2] == (200, {"status": "ok"})
        assert send(port, "GET", "/readyz")[:2] == (200, {"status": "ok"})
    finally:
        server.stop()


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


def test_a_second_server_at_the_same_port_is_told_so(folder: Path) -> None:
    server = Server(folder)
    server.start()
    try:
        second = server.run("serve")
        assert second.returncode == 1
        assert "choose another --port" in second.stderr
        assert "Traceback" not in second.stderr
    finally:
        server.stop()


def test_log_ins_are_not_printed_where_the_port_is_taken(folder: Path) -> None:
    server = Server(folder)
    server.start()
    try:
        second = server.run("serve", "--demo")
    finally:
        server.stop()

    assert second.returncode == 1
    assert (second.stdout, second.stderr.count("\n")) == ("", 1)
    assert "choose another --port" in second.stderr


@pytest.mark.parametrize("make", [Server, gunicorn], ids=["serve", "gunicorn"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_after_a_stop_all_facts_are_in_the_main_file(
    folder: Path, tmp_path: Path, how: signal.Signals, make: Callable[[Path], Server]
) -> None:
    database = folder / "ningxin.sqlite3"
    server = make(folder)
    server.start()
    made = Database(f"sqlite:///{database}")
    use_database(made)
    in_transaction(create_center, name="柳荫社区")
    made.close()
    log = Path(f"{database}-wal")
    assert log.stat().st_size > 0

    server.stop(how)

    assert not log.exists() or log.stat().st_size == 0
    alone = tmp_path / "alone.sqlite3"
    shutil.copyfile(database, alone)
    with closing(sqlite3.connect(alone)) as connection:
        assert connection.execute("SELECT name FROM center").fetchall() == [("柳荫社区",)]


def test_a_running_server_keeps_a_restore_away(folder: Path) -> None:
    server = Server(folder)
    assert server.run("backup", str(folder / "copy.backup")).returncode == 0
    server.start()
    try:
        while_serving = server.run("restore", "--force", str(folder / "copy.backup"))
    finally:
        server.stop()
    afterwards = server.run("restore", "--force", str(folder / "copy.backup"))

    assert (while_serving.returncode, "in use: stop the service first" in while_serving.stderr) == (1, True)
    assert afterwards.returncode == 0, afterwards.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_it_stops_when_it_is_told_to(folder: Path, how: signal.Signals) -> None:
    server = Server(folder)
    server.start()

    server.stop(how)

    assert server.process is not None
    assert server.process.returncode == 0
    assert not server.listens()
    assert "Traceback" not in (folder / "server.log").read_text()


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
        ({"LEDGER_CORES": "1", "LEDGER_THREADS": "9"}, set(CORES[-1:]), f"1 of {len(CORES)} cores and 9 threads: as"),
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
