"""What browsers allow at the service's address, and whether anybody can reach it there."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ledger.cli.doctor.finding import Finding, ok, warning, wrong
from ledger.kernel.settings import Settings

_PORTS = {"http": 80, "https": 443}
_ONLY_SECURE = "browsers allow it only over https, or by http on the PC itself as localhost"


@dataclass(frozen=True, slots=True)
class _Site:
    """An address as browsers judge it."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether it leads to the PC on which the browser runs."""
        return self.host == "localhost" or self.host.endswith(".localhost") or _is_loopback(self.host)

    @property
    def is_secure(self) -> bool:
        """Whether it is what browsers call a secure context."""
        return self.scheme == "https" or self.is_local

    @property
    def has_name(self) -> bool:
        """Whether the host is a name and no IP address."""
        return _ip(self.host) is None


def look(settings: Settings) -> Iterator[Finding]:
    """Judge LEDGER_BASE_URL."""
    parts = urlsplit(settings.base_url)
    site = _Site(settings.base_url, parts.scheme, settings.host_name, parts.port or _PORTS[parts.scheme])
    yield _reachable(site, settings)
    yield _camera(site)
    yield _service_worker(site)
    yield _passkey(site)
    yield _notices(site)


def _reachable(site: _Site, settings: Settings) -> Finding:
    if settings.proxies:
        return ok("address", f"{site.url}, through a proxy; the service listens at {settings.host}:{settings.port}")
    if _is_loopback(settings.host) and not site.is_local:
        return wrong(
            "address",
            f"codes lead to {site.url}, but the service listens at {settings.host}, where only this PC reaches it",
            "set LEDGER_HOST=0.0.0.0, or LEDGER_PROXY if a proxy on this PC passes requests on",
        )
    if site.port != settings.port:
        return wrong(
            "address",
            f"codes lead to {site.url}, but the service listens at port {settings.port}",
            f"write the port into LEDGER_BASE_URL, or set LEDGER_PORT={site.port}",
        )
    return ok("address", f"{site.url}, {'for this PC alone' if site.is_local else 'for everybody who reaches this PC'}")


def _camera(site: _Site) -> Finding:
    if site.is_secure:
        return ok("camera", f"can scan codes at {site.url}")
    return wrong(
        "camera",
        f"can't scan codes at {site.url}: {_ONLY_SECURE}",
        f"type ningxin certificate {site.host}, and set the two lines that it prints and an https address in "
        "LEDGER_BASE_URL; until then scanner guns, photos and numbers work",
    )


def _service_worker(site: _Site) -> Finding:
    if site.is_secure:
        return ok("service worker", "can keep pages for when the network is away, where the certificate is trusted")
    return warning(
        "service worker",
        f"can't keep pages for when the network is away at {site.url}: {_ONLY_SECURE}",
        "see camera",
    )


def _passkey(site: _Site) -> Finding:
    if not site.is_secure:
        return warning("passkey", f"can't work at {site.url}: {_ONLY_SECURE}", "see camera; passwords work")
    if site.has_name:
        return ok("passkey", f"can work, for the name {site.host}; under another name people need a new one")
    if site.is_local:
        todo = f"set LEDGER_BASE_URL={site.scheme}://localhost:{site.port}; passwords work"
    else:
        todo = "give this PC a name in the router, certify it, and set LEDGER_BASE_URL to it; passwords work"
    return warning("passkey", f"can't work at {site.url}: it belongs to a name, and {site.host} is an IP address", todo)


def _notices(site: _Site) -> Finding:
    if site.is_secure:
        return ok(
            "notices",
            "can be pushed to browsers that reach their maker's server through the internet; on an iPhone only once "
            "the page is on its home screen",
        )
    return warning("notices", f"can't be pushed at {site.url}: {_ONLY_SECURE}", "see camera; pages show them")


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    ip = _ip(host)
    return host == "localhost" if ip is None else ip.is_loopback
