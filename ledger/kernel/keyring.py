"""The keys of an installation, all derived from one secret."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_VERSION = b"\x01"
_NONCE_BYTES = 12


class Keyring:
    """All keys of an installation; each purpose has its own, so that keys aren't interchangeable."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._keys: dict[str, bytes] = {}
        self._sealer = AESGCM(self.key("sealed columns"))

    def key(self, purpose: str) -> bytes:
        """The key of 32 bytes for a purpose, always the same (HKDF-SHA256, RFC 5869)."""
        if purpose not in self._keys:
            derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
            self._keys[purpose] = derivation.derive(self._secret)
        return self._keys[purpose]

    def seal(self, text: str, *, label: str) -> bytes:
        """Encrypt with AES-GCM; opening requires the same label (table and column)."""
        nonce = os.urandom(_NONCE_BYTES)
        return _KEY_VERSION + nonce + self._sealer.encrypt(nonce, text.encode(), label.encode())

    def open(self, sealed: bytes, *, label: str) -> str:
        """Decrypt; raises cryptography's InvalidTag if key or label differ."""
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return self._sealer.decrypt(nonce, body, label.encode()).decode()

    def opens(self, sealed: bytes, *, label: str) -> bool:
        """Whether a value was sealed with this key and label."""
        try:
            self.open(sealed, label=label)
        except InvalidTag:
            return False
        return True

    def digest(self, text: str, *, purpose: str, length: int = 32) -> bytes:
        """HMAC-SHA256 with the purpose's key, truncated to `length` bytes."""
        return hmac.new(self.key(purpose), text.encode(), hashlib.sha256).digest()[:length]

    def index(self, text: str, *, purpose: str) -> str:
        """A digest, as text, to look up a sealed value by; it can't be computed without the secret."""
        return base64.b32encode(self.digest(text, purpose=purpose, length=20)).decode().lower()
