"""The servers that can run the service: ours ends with its parent and takes no taken port; gunicorn serves it too."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.crash.server import Server, free_port, send

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


def test_it_stops_when_it_is_told_to(folder: Path) -> None:
    server = Server(folder)
    server.start()

    server.stop()

    assert server.process is not None
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert not server.listens()
    assert "Traceback" not in (folder / "server.log").read_text()
