"""Signed notes and their keys (C2SP signed-note): text, an empty line, signature lines; Ed25519 only."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_PUBLIC_BYTES = 32
_MOST_SIGNATURES = 100
_DASH = "— "


class NoteError(ValueError):
    """The text is not a signed note or key, or lacks a valid signature by the expected key."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that distinguish keys of the same name."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:_KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The key in the form that tools accept: name+id+key."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.public_key)}"

    def verify(self, note: str) -> str:
        """Verify a note. Returns its text. Raises NoteError unless this key has signed it."""
        text, signatures = split_note(note)
        mine = [signature for name, signature in signatures if name == self.name and signature[:4] == self.key_id]
        if not mine:
            raise NoteError(f"the note is not signed by {self.name}+{self.key_id.hex()}")
        key = Ed25519PublicKey.from_public_bytes(self.public_key)
        try:
            for signature in mine:
                key.verify(signature[_KEY_ID_BYTES:], text.encode())
        except InvalidSignature as error:
            raise NoteError(f"the signature of {self.name}+{self.key_id.hex()} is not of this text") from error
        return text


class Signer:
    """A private key with its name."""

    def __init__(self, name: str, private_key: bytes) -> None:
        refuse_name(name)
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Sign a text. Returns the note. Raises NoteError for a text that can't be a note."""
        if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
            raise NoteError("a note is lines of text, each with its end")
        signature = _base64(self.verifier.key_id + self._key.sign(text.encode()))
        return f"{text}\n{_DASH}{self.verifier.name} {signature}\n"


def new_private_key() -> bytes:
    """The 32-byte seed of a new key pair."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def parse_verifier(text: str) -> Verifier:
    """Parse a public key from name+id+key. Raises NoteError."""
    # Base64 has plus signs too, so split at the first two only.
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise NoteError("a key is name+id+key")
    name, key_id, key = parts[0], parts[1], _from_base64(parts[2])
    refuse_name(name)
    if key[:1] != ED25519 or len(key) != 1 + _PUBLIC_BYTES:
        raise NoteError("not an Ed25519 key")
    verifier = Verifier(name, key[1:])
    if verifier.key_id.hex() != key_id:
        raise NoteError("the key is not the one that its id says")
    return verifier


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and its unverified signatures: name, and key id with signature. Raises NoteError."""
    text, gap, last = note.rpartition("\n\n")
    if not gap or not last.endswith("\n"):
        raise NoteError("a note is a text, an empty line, and signatures")
    lines = last[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise NoteError("too many signatures")
    return text + "\n", [_signature(line) for line in lines]


def refuse_name(name: str) -> None:
    """Raises NoteError for a name that isn't valid for a key."""
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise NoteError(f"{name!r} can't be the name of a key")


def _signature(line: str) -> tuple[str, bytes]:
    name, gap, signature = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap:
        raise NoteError("a signature line is a dash, a name and a signature")
    refuse_name(name)
    found = _from_base64(signature)
    if len(found) <= _KEY_ID_BYTES:
        raise NoteError("a signature is longer than that")
    return name, found


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _from_base64(text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if _base64(value) != text:
        # Reject unused bits: the same bytes must not have two spellings.
        raise NoteError("not base64 as it is written")
    return value
