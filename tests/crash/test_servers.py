"""The servers that can run the service: ours ends with its parent and takes no taken port; gunicorn serves it too."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.crash.server import ROOT, Server, free_port, send

pytestmark = pytest.mark.crash


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """A data folder with a migrated database."""
    shutil.copyfile(migrated_sqlite, tmp_path / "ningxin.sqlite3")
    return tmp_path


def test_gunicorn_serves_it(folder: Path) -> None:
    port = free_port()
    command = (
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
        *("--threads", "2", "--no-control-socket", "wsgi:app"),
    )
    server = Server(folder, port=port, command=command)
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
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "scheduler"]
    with subprocess.Popen(
        command, cwd=ROOT, env=alone.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        assert "jobs are running" in process.stdout.readline()
        process.terminate()
        rest = process.stdout.read()

    assert (process.returncode, rest) == (0, "")
