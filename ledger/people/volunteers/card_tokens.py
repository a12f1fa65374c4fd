"""The token of a printed card: drawn once, then read from the card's QR code."""

import base64
import secrets

from ledger.kernel.characters import narrow

_BYTES = 16
_LENGTH = 26


def new_token() -> str:
    """A token of 128 random bits."""
    return base64.b32encode(secrets.token_bytes(_BYTES)).decode().rstrip("=")


def read_token(scanned: str) -> str | None:
    """The token, given alone or at the end of the address in the QR code; None if there is none."""
    token = narrow(scanned).rstrip("/").rpartition("/")[2].upper()
    return token if len(token) == _LENGTH else None
