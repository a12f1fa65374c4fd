"""Devices that have logged in before: a signed cookie names the log-ins, so that misses of strangers can't lock them.

A device has an allowance of its own for each of them, until the password or the second factor is another. The cookie
opens nothing: the password is still asked for.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.kernel.signed import read_signed, sign

# A computer that many people share forgets the one who logged in longest ago.
MOST_KNOWN = 8
_PURPOSE = "device"
_NAME_BYTES = 9


@dataclass(frozen=True, slots=True)
class Known:
    """A log-in that a device has used: its center and person, the digest of the phone, and the seal of that time."""

    center_id: int
    identity_id: int
    phone_hash: str
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A browser by a random name, and the log-ins it has used, the latest first."""

    name: str
    logins: tuple[Known, ...] = ()

    def known_by(self, phone_hash: str) -> tuple[Known, ...]:
        """The log-ins that it has used with this phone number."""
        return tuple(known for known in self.logins if known.phone_hash == phone_hash)


def new_device() -> Device:
    """A browser that has logged in nowhere."""
    return Device(secrets.token_urlsafe(_NAME_BYTES))


def read_device(cookie: str | None) -> Device:
    """The browser with this cookie; a new one if it has none or it was not made here."""
    found = read_signed(cookie, purpose=_PURPOSE) if cookie else None
    if found is None:
        return new_device()
    return Device(found[0], tuple(Known(*login) for login in found[1]))


def write_device(device: Device) -> str:
    """The cookie that keeps it."""
    return sign([device.name, [_plain(login) for login in device.logins]], purpose=_PURPOSE)


def remember(device: Device, used: Known) -> Device:
    """The device after a log-in."""
    others = [login for login in device.logins if _key(login) != _key(used)]
    return Device(device.name, (used, *others[: MOST_KNOWN - 1]))


def _key(login: Known) -> tuple[int, int]:
    return login.center_id, login.identity_id


def _plain(login: Known) -> Sequence[int | str]:
    return login.center_id, login.identity_id, login.phone_hash, login.seal
