"""Who asks, and how: behind a proxy that the settings name it says so, for one hop; from anybody else it is a claim.

The address that remains counts everywhere: for limits, for the log, and for whoever asks from this host.
"""

import ipaddress
import logging
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request

from ledger.kernel.settings import Network

_log = logging.getLogger("ledger")
_CLAIMS = frozenset({"HTTP_FORWARDED", "HTTP_X_REAL_IP"})
_BEGINNING = "HTTP_X_FORWARDED_"
_FOR, _PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"
# Set where a request came by a proxy that the settings don't name, or by http to one that they do.
_UNNAMED, _BY_HTTP = "ningxin.unnamed_proxy", "ningxin.by_http"


class Forwarded:
    """Replaces the proxy's address and scheme by the client's, and drops what others say about themselves."""

    def __init__(self, app: WSGIApplication, proxies: tuple[Network, ...]) -> None:
        self._app = app
        self._proxies = proxies
        self._said: set[str] = set()

    def __call__(self, received: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        claims = [name for name in received if name in _CLAIMS or name.startswith(_BEGINNING)]
        told = {name: str(received.pop(name)) for name in claims}
        peer = _address(received.get("REMOTE_ADDR", ""))
        if peer is not None and any(peer in network for network in self._proxies):
            self._believe(received, told)
        else:
            received["REMOTE_ADDR"] = str(peer or "")
            if told:
                received[_UNNAMED] = True
                self._say_once("forwarded headers come from where LEDGER_PROXY names no proxy; they are ignored")
        return self._app(received, start_response)

    def _believe(self, received: WSGIEnvironment, told: dict[str, str]) -> None:
        """Take what this proxy added itself, which comes last; what it was sent comes before."""
        client = _address(told.get(_FOR, "").rpartition(",")[2])
        if client is None:
            self._say_once("the proxy of LEDGER_PROXY sends no X-Forwarded-For; all its clients count as one stranger")
        received["REMOTE_ADDR"] = str(client or "")
        scheme = told.get(_PROTO, "").rpartition(",")[2].strip().lower()
        if scheme in ("http", "https"):
            received["wsgi.url_scheme"] = scheme
            received[_BY_HTTP] = scheme == "http"

    def _say_once(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            _log.warning(what)


def from_this_host() -> bool:
    """Whether the request was made on the machine that answers it, and by no proxy that doesn't say for whom."""
    address = _address(request.remote_addr or "")
    return address is not None and address.is_loopback and not request.environ.get(_UNNAMED)


def came_by_http() -> bool:
    """Whether the named proxy says that it was reached without https."""
    return bool(request.environ.get(_BY_HTTP))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, perhaps with a port; an IPv4 one written as IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None) or found
