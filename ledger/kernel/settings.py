"""What the environment may decide, as one frozen value; config.py fills it and nothing else reads the environment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Where checkpoints are sent, so that others hold them; nothing is sent to what is None."""

    folder: Path | None = None
    webhook: str | None = None
    webhook_secret: str | None = None
    mail: str | None = None
    smtp_url: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one running service.

    `base_url` is what QR codes point to, without a trailing slash. `clock_file` names a file with an instant that the
    service takes for now; it is refused in production.
    """

    environment: Literal["development", "production"]
    database_url: str
    secret_key: str
    base_url: str
    host: str
    port: int
    timezone: ZoneInfo
    data_folder: Path
    tls_cert: Path | None = None
    tls_key: Path | None = None
    clock_file: Path | None = None
    checkpoints: Deliveries = Deliveries()

    @property
    def production(self) -> bool:
        """Whether this is a real installation, in which nothing of the demonstration may run."""
        return self.environment == "production"

    @property
    def https(self) -> bool:
        """Whether people reach the service by https, so that cookies may insist on it."""
        return self.base_url.startswith("https://")

    @property
    def certificate(self) -> tuple[Path, Path] | None:
        """Certificate and key where the service itself speaks https, None where a proxy does or nobody."""
        return (self.tls_cert, self.tls_key) if self.tls_cert and self.tls_key else None

    @property
    def host_name(self) -> str:
        """The host in `base_url`: the name that people and codes use."""
        return urlsplit(self.base_url).hostname or self.host


class SettingsError(click.ClickException):
    """The environment lacks something or holds something that can't be used; the message says what to set.

    Raised in a command, however early, it is one sentence and exit code 1.
    """
