"""Signed texts for browsers to keep: JSON that anybody may read and only this installation can make."""

import base64
import binascii
import hmac
import json
from typing import Any

from ledger.kernel.crypto import keyring

_MAC_BYTES = 16
_LONGEST = 4_000


def sign(value: Any, *, purpose: str) -> str:
    """The text of a JSON value, for an address, a form or a cookie."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(body, purpose) + body).decode().rstrip("=")


def read_signed(text: str, *, purpose: str) -> Any:
    """The value that was signed for this purpose; None if the text was not made here or not for it."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    return json.loads(body) if hmac.compare_digest(mac, _mac(body, purpose)) else None


def _mac(body: bytes, purpose: str) -> bytes:
    return keyring().digest(body.decode("latin-1"), purpose=f"signed {purpose}", length=_MAC_BYTES)
