"""Reads the values of single settings; each error names the setting and says what it must be."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TypeVar

from ledger.kernel.settings import Network, SettingsError, TlsVersion

N = TypeVar("N", IPv4Network, IPv6Network)
# The bits before an IPv4 address that is written as IPv6.
_MAPPED_BITS = 96


def read_tls(text: str) -> TlsVersion:
    """The oldest version of TLS that the server speaks."""
    if text == "1.2":
        return "1.2"
    if text == "1.3":
        return "1.3"
    raise SettingsError(f"LEDGER_TLS_MIN is {text!r}; it must be 1.3 or, for phones from before 2019, 1.2")


def read_proxies(text: str) -> tuple[Network, ...]:
    """The addresses and networks that are named, with commas between them; IPv4 written as IPv6 is IPv4."""
    try:
        found = tuple(_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"LEDGER_PROXY is {text!r}; it must be addresses or networks with commas between: 127.0.0.1, 10.0.8.0/24"
        ) from error
    _refuse_wide([each for each in found if isinstance(each, IPv4Network)], widest=8)
    _refuse_wide([each for each in found if isinstance(each, IPv6Network)], widest=16)
    return found


def _network(text: str) -> Network:
    found = ip_network(text)
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is None or found.prefixlen < _MAPPED_BITS:
        return found
    return IPv4Network((mapped, found.prefixlen - _MAPPED_BITS))


def _refuse_wide(networks: Iterable[N], *, widest: int) -> None:
    """Refuse what is too wide, also where several are side by side."""
    for network in collapse_addresses(networks):
        if network.prefixlen < widest:
            raise SettingsError(
                f"LEDGER_PROXY names the whole world or much of it ({network}), so everybody there could claim "
                f"any address; name the proxy, or its own network: no wider than /{widest}"
            )


def read_port(text: str) -> int:
    """A port number."""
    if not is_number(text, 65535):
        raise SettingsError(f"LEDGER_PORT is {text!r}; it must be a port number")
    return int(text)


def is_number(text: str, most: int) -> bool:
    """Whether it is a number from 1 to `most`: other scripts' digits are none, and Python parses no 5,000 digits."""
    return re.fullmatch("[0-9]{1,9}", text) is not None and 0 < int(text) <= most
