"""Signed references: short texts for QR codes that name one row and can't be forged.

Upper-case base32 of (center, key, extra, MAC), so that QR codes stay small and scanner guns type it correctly.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass

from ledger.kernel.crypto import keyring

_MAC_BYTES = 10
_KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class Reference:
    """The content of a reference: a row of a center, and extra signed data."""

    center_id: int
    key: int
    extra: bytes


def make_reference(purpose: str, center_id: int, key: int, *, extra: bytes = b"", salt: str = "") -> str:
    """Make the text of a reference; the MAC covers `salt` (a version, for revocation), which isn't part of the text."""
    body = center_id.to_bytes(_KEY_BYTES, "big") + key.to_bytes(_KEY_BYTES, "big") + extra
    return base64.b32encode(body + _mac(purpose, body, salt)).decode().rstrip("=")


def read_reference(text: str) -> Reference | None:
    """Parse a reference without checking its MAC; None if the text isn't a reference."""
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    if len(raw) < 2 * _KEY_BYTES + _MAC_BYTES:
        return None
    body = raw[:-_MAC_BYTES]
    center_id, key = (int.from_bytes(body[at : at + _KEY_BYTES], "big") for at in (0, _KEY_BYTES))
    if max(center_id, key) >= 1 << 63:
        return None
    return Reference(center_id, key, body[2 * _KEY_BYTES :])


def genuine(text: str, reference: Reference, *, purpose: str, salt: str = "") -> bool:
    """Whether the reference was made here for this purpose and salt."""
    expected = make_reference(purpose, reference.center_id, reference.key, extra=reference.extra, salt=salt)
    return hmac.compare_digest(expected, text.upper())


def _mac(purpose: str, body: bytes, salt: str) -> bytes:
    return keyring().digest(f"{body.hex()}/{salt}", purpose=f"reference {purpose}", length=_MAC_BYTES)
