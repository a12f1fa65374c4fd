"""A stop of the service: a body on its way is cut with an answer, and what is complete is answered first."""

import shutil
import socket
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.crash.server import Server

pytestmark = pytest.mark.crash
HEAD = b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60\r\n"


def test_a_body_on_its_way_is_answered_busy_when_the_service_stops(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copyfile(migrated_sqlite, tmp_path / "ningxin.sqlite3")
    server = Server(tmp_path)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow:
        # The invitation shows that the service reads the body by now.
        slow.sendall(HEAD + b"Expect: 100-continue\r\n\r\n")
        assert slow.recv(100).startswith(b"HTTP/1.1 100")
        slow.sendall(b'{"phone": "138')

        server.stop()

        answer = HTTPResponse(slow)
        answer.begin()
        assert (answer.status, answer.getheader("connection"), bool(answer.getheader("retry-after"))) == (
            503,
            "close",
            True,
        )
    assert server.process is not None
    assert server.process.returncode == 0
    assert not server.listens()
