"""Keys derived from the one secret, sealed columns for personal data, and digests that find them again."""

import base64
import hashlib
import hmac
import os
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_VERSION = b"\x01"
_NONCE_BYTES = 12


class Keyring:
    """All keys of an installation; each purpose has its own, so that one can't stand in for another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._keys: dict[str, bytes] = {}
        self._sealer = AESGCM(self.key("sealed columns"))

    def key(self, purpose: str) -> bytes:
        """32 bytes for a purpose, the same every time (HKDF-SHA256, RFC 5869)."""
        if purpose not in self._keys:
            derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
            self._keys[purpose] = derivation.derive(self._secret)
        return self._keys[purpose]

    def seal(self, text: str, *, label: str) -> bytes:
        """Encrypt with AES-GCM; the label (table and column) must be the same to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        return _KEY_VERSION + nonce + self._sealer.encrypt(nonce, text.encode(), label.encode())

    def open(self, sealed: bytes, *, label: str) -> str:
        """Decrypt; cryptography's InvalidTag when the key or the label is another."""
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return self._sealer.decrypt(nonce, body, label.encode()).decode()

    def digest(self, text: str, *, purpose: str, length: int = 32) -> bytes:
        """HMAC-SHA256 under the purpose's key, cut to `length` bytes."""
        return hmac.new(self.key(purpose), text.encode(), hashlib.sha256).digest()[:length]

    def index(self, text: str, *, purpose: str) -> str:
        """A digest to look a sealed value up by, as text; without the secret it can't be guessed."""
        return base64.b32encode(self.digest(text, purpose=purpose, length=20)).decode().lower()


_keyring: Keyring | None = None


def use(keyring: Keyring) -> None:
    """Make `keyring` the one of this process."""
    global _keyring  # noqa: PLW0603 - one process serves one installation
    _keyring = keyring


def keyring() -> Keyring:
    """The keys of this process."""
    if _keyring is None:
        raise RuntimeError("no keyring in this process: call ledger.kernel.crypto.use first")
    return _keyring


class Sealed(sa.types.TypeDecorator[str]):
    """Text that stands encrypted in the database; `label` binds it to its column."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Seal on the way in."""
        return None if value is None else keyring().seal(value, label=self.label)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Open on the way out."""
        return None if value is None else keyring().open(bytes(value), label=self.label)


def token_hash(token: str) -> str:
    """The digest under which a random token is stored: enough for tokens of 80 bits and more."""
    return hashlib.sha256(token.encode()).hexdigest()
