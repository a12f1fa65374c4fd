"""All settings as one frozen value; config.py makes it, and nothing else reads the environment."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click

Environment: TypeAlias = Literal["development", "production"]
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
TlsVersion: TypeAlias = Literal["1.2", "1.3"]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Destinations of checkpoints, so that others hold copies; None disables a destination."""

    folder: Path | None = None
    webhook: str | None = None
    webhook_secret: str | None = None
    mail: str | None = None
    smtp_url: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one running service.

    `base_url` is the base of addresses in QR codes, without a trailing slash. `cores` and `threads` are what the server
    takes: None is the usual, 0 cores are all. `clock_file` names a file with an instant to use as the
    current time; production refuses it. `proxies` are the addresses whose X-Forwarded headers are believed.
    `tls_min` is the oldest TLS that the service itself speaks. `monitoring_token` opens the metrics to other hosts.
    `file` is the settings file that was read, None without one.
    """

    environment: Environment
    database_url: str
    secret_key: str
    base_url: str
    host: str
    port: int
    timezone: ZoneInfo
    data_folder: Path
    file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_min: TlsVersion = "1.3"
    proxies: tuple[Network, ...] = ()
    monitoring_token: str | None = None
    cores: int | None = None
    threads: int | None = None
    clock_file: Path | None = None
    checkpoints: Deliveries = Deliveries()

    @property
    def production(self) -> bool:
        """Whether this is a production installation, in which nothing of the demonstration may run."""
        return self.environment == "production"

    @property
    def https(self) -> bool:
        """Whether people reach the service by https, so that cookies can require it."""
        return self.base_url.startswith("https://")

    @property
    def certificate(self) -> tuple[Path, Path] | None:
        """Certificate and key if the service itself terminates TLS, else None."""
        return (self.tls_cert, self.tls_key) if self.tls_cert and self.tls_key else None

    @property
    def host_name(self) -> str:
        """The host in `base_url`, which people and codes use."""
        return urlsplit(self.base_url).hostname or self.host


def refuse_exposed(settings: Settings) -> None:
    """Raises SettingsError if a production installation could be reached without https, or by a proxy nobody named."""
    if not settings.production:
        return
    if not settings.https and not (_is_local(settings.host_name) and _is_local(settings.host)):
        raise SettingsError(
            "LEDGER_BASE_URL begins with http://, by which passwords travel in the open: production takes that on "
            "localhost alone, with LEDGER_HOST=127.0.0.1; set an address that begins with https:// (see the README)"
        )
    if settings.https and settings.certificate is None and not settings.proxies:
        raise SettingsError(
            "LEDGER_BASE_URL begins with https://, and nothing says who speaks it: set LEDGER_TLS_CERT and "
            "LEDGER_TLS_KEY, or LEDGER_PROXY to the address from which the proxy with the certificate connects"
        )


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SettingsError(click.ClickException):
    """A missing or invalid setting; the message says what to set.

    Commands report it in one sentence and exit with 1, however early it is raised.
    """
