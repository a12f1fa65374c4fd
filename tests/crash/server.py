"""The service in its own process on its own port, to be killed, and a client that keeps its answers."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.commands import line
from tests.runtimes import TEST_SECRET

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 30


def free_port() -> int:
    """An unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """`ningxin serve`, or another `command`, on a data folder, in a process group that can be killed as a whole.

    `more` are settings that it gets besides.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    command: tuple[str, ...] = ()
    secret: str = TEST_SECRET
    more: dict[str, str] = field(default_factory=dict)
    cwd: Path = ROOT
    process: "subprocess.Popen[bytes] | None" = None

    def environment(self) -> dict[str, str]:
        """The service's environment variables."""
        own = {"LEDGER_DATA_FOLDER": str(self.folder), "LEDGER_SECRET_KEY": self.secret, "LEDGER_PORT": str(self.port)}
        own |= self.more
        return {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")} | own

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run another command to its end."""
        return subprocess.run(
            line(*command), cwd=ROOT, env=self.environment(), capture_output=True, text=True, timeout=90
        )

    def start(self) -> None:
        """Start and wait until it answers."""
        arguments = self.command or line("serve")
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                arguments, cwd=self.cwd, env=self.environment(), stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if send(self.port, "GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server does not answer: {(self.folder / 'server.log').read_text()}")

    def kill(self) -> None:
        """kill -9 the whole process group; afterwards nothing listens."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        deadline = time.monotonic() + 5
        while self.listens() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not self.listens(), "something of the server has outlived the kill"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it as an operator does. A server that doesn't end is killed, and fails the test."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired as error:
                self.kill()
                log = (self.folder / "server.log").read_text()
                raise AssertionError(f"the server did not end after {how.name}: {log}") from error

    def listens(self) -> bool:
        """Whether anything accepts connections at the port."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass(frozen=True, eq=False)
class Call:
    """A request that can be sent again byte for byte; equal only to itself."""

    method: str
    path: str
    token: str
    body: Any = None
    key: str = ""

    def send(self, port: int) -> tuple[int, Any, bool]:
        """Return status, JSON and whether it was a replay. Raises OSError or HTTPException if no answer comes."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.key:
            headers["Idempotency-Key"] = self.key
        return send(port, self.method, self.path, self.body, headers)


def send(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, bool]:
    """Send a request on its own connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        replayed = answer.getheader("Idempotency-Replayed") == "true"
        return answer.status, json.loads(content) if content else None, replayed
    finally:
        connection.close()
