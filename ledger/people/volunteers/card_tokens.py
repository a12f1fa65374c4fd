"""The token of a printed card: drawn once, then read from the card's QR code."""

import base64
import re
import secrets

from ledger.kernel.characters import narrow

_BYTES = 16
_LENGTH = 26
_AT_THE_END = re.compile(rf"(?:^|[^A-Z0-9])([A-Z2-7]{{{_LENGTH}}})/?$")


def new_token() -> str:
    """A token of 128 random bits."""
    return base64.b32encode(secrets.token_bytes(_BYTES)).decode().rstrip("=")


def read_token(scanned: str) -> str | None:
    """The token, given alone or at the end of the address in the QR code; None if there is none.

    Scanner guns type the # of the address as the keyboard's language has it, so any sign may stand there.
    """
    found = _AT_THE_END.search(narrow(scanned).upper())
    return found[1] if found else None
