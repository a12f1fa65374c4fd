"""Reads the values of single settings; each error names the setting and says what it must be."""

import re
from ipaddress import ip_network

from ledger.kernel.settings import Network, SettingsError, TlsVersion


def read_tls(text: str) -> TlsVersion:
    """The oldest version of TLS that the server speaks."""
    if text == "1.2":
        return "1.2"
    if text == "1.3":
        return "1.3"
    raise SettingsError(f"LEDGER_TLS_MIN is {text!r}; it must be 1.3 or, for phones from before 2019, 1.2")


def read_proxies(text: str) -> tuple[Network, ...]:
    """The addresses and networks that are named, with commas between them."""
    try:
        found = tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"LEDGER_PROXY is {text!r}; it must be addresses or networks with commas between: 127.0.0.1, 10.0.8.0/24"
        ) from error
    if any(network.prefixlen == 0 for network in found):
        raise SettingsError("LEDGER_PROXY names the whole world, so everybody could claim any address; name the proxy")
    return found


def read_port(text: str) -> int:
    """A port number."""
    if not is_number(text, 65535):
        raise SettingsError(f"LEDGER_PORT is {text!r}; it must be a port number")
    return int(text)


def is_number(text: str, most: int) -> bool:
    """Whether it is a number from 1 to `most`: other scripts' digits are none, and Python parses no 5,000 digits."""
    return re.fullmatch("[0-9]{1,9}", text) is not None and 0 < int(text) <= most
