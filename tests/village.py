"""A village's PC, set up as in the README: in production, by https, with its own certificate."""

import os
import signal
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.browser import HOST
from tests.commands import line
from tests.crash.server import ROOT, free_port
from tests.runtimes import TEST_SECRET

START_SECONDS, LONGEST_SECONDS = 120, 300


@dataclass
class Village:
    """A village's PC: its settings, its commands, and the service once started."""

    folder: Path
    port: int = field(default_factory=free_port)
    more_settings: tuple[str, ...] = ()
    said: str = ""
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """The address of the service."""
        return f"https://{HOST}:{self.port}"

    def run(self, *command: str) -> str:
        """Run a command, which must exit with 0, and return its output."""
        done = subprocess.run(
            line(*command), cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=LONGEST_SECONDS
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def set_up(self) -> None:
        """Make the certificate and village.env, as in the README."""
        tls = [line for line in self.run("certificate", HOST).splitlines() if line.startswith("LEDGER_TLS_")]
        lines = (
            "LEDGER_ENV=production",
            f"LEDGER_SECRET_KEY={TEST_SECRET}",
            f"LEDGER_BASE_URL={self.url}",
            f"LEDGER_HOST={HOST}",
            f"LEDGER_PORT={self.port}",
            *tls,
            *self.more_settings,
        )
        self._settings.touch(0o600)
        self._settings.write_text("\n".join(lines), encoding="utf-8")

    def serve(self) -> None:
        """Start the service, and wait until it answers clients that trust the village's root certificate."""
        with (self.folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                line("serve"), cwd=ROOT, env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )
        trusting = ssl.create_default_context(cafile=self.folder / "tls" / "ningxin-root.crt")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urlopen(f"{self.url}/healthz", context=trusting, timeout=10).close()
                return
            except URLError:
                time.sleep(0.2)
        raise AssertionError(f"the service does not answer: {(self.folder / 'server.log').read_text()}")

    def stop(self) -> None:
        """Stop the service as an operator does."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(60)

    @property
    def _settings(self) -> Path:
        return self.folder / "village.env"

    def _environment(self) -> dict[str, str]:
        own = {"LEDGER_DATA_FOLDER": str(self.folder)}
        return {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")} | own
