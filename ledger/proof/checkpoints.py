"""Checkpoints (C2SP tlog-checkpoint), and proofs as files (C2SP tlog-proof)."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.proof.notes import NoteError, Signer, Verifier

_ROOT_BYTES = 32
_SIZE = re.compile("0|[1-9][0-9]{0,18}")
_PROOF_HEADING = "c2sp.org/tlog-proof@v1"
_KEY_HEADING = "ningxin.key@v1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's statement about itself: `origin` names it, `root` is the root over its first `size` leaves."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, signer: Signer) -> str:
        """The signed note."""
        return signer.sign(self.text)


def parse_checkpoint(text: str) -> Checkpoint:
    """Parse the text of a note. Raises NoteError."""
    origin, *lines = text.split("\n")
    if len(lines) < 3 or lines[-1] or not all((origin, *lines[:-1])):
        raise NoteError("a checkpoint is origin, size and root, a line each")
    size, root = lines[0], lines[1]
    if not _SIZE.fullmatch(size):
        raise NoteError("a size is digits without a zero before them")
    try:
        digest = base64.b64decode(root, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("a root is base64") from error
    if len(digest) != _ROOT_BYTES:
        raise NoteError("a root has 32 bytes")
    return Checkpoint(origin, int(size), digest)


def open_checkpoint(note: str, verifier: Verifier, origin: str) -> Checkpoint:
    """Verify a note with the log's key. Returns its checkpoint. Raises NoteError."""
    checkpoint = parse_checkpoint(verifier.verify(note))
    if checkpoint.origin != origin:
        raise NoteError(f"a checkpoint of {checkpoint.origin}, not of {origin}")
    return checkpoint


def proof_file(index: int, path: Sequence[bytes], checkpoint: str, *, leaf: bytes | None = None) -> str:
    """An inclusion proof with its checkpoint as one text; `leaf` adds the bytes of the proved leaf."""
    lines = [_PROOF_HEADING, *([f"extra {base64.b64encode(leaf).decode()}"] if leaf is not None else [])]
    lines += [f"index {index}", *(base64.b64encode(each).decode() for each in path), "", checkpoint]
    return "\n".join(lines)


def endorse(old: Signer, new: Verifier) -> str:
    """A note in which the current key names its successor, for verifiers who trust only the old one."""
    return old.sign(f"{_KEY_HEADING}\n{new.text}\n")


def endorsed_key(note: str, old: Verifier) -> str:
    """The successor that a key names, in the form of parse_verifier. Raises NoteError."""
    heading, key, *rest = old.verify(note).split("\n")
    if heading != _KEY_HEADING or rest != [""]:
        raise NoteError("not the naming of a key")
    return key
