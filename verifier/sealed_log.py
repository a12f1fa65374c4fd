"""The sealed log of a bundle, from the standards alone: RFC 6962 trees, C2SP signed notes, Ed25519, and our leaves.

Deliberately independent of the ledger: it must agree byte for byte and share no code.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import pack
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Row = Mapping[str, Any]
_NOT_THERE = -(2**63)
_BATCH = {
    "center_id", "id", "source_type", "source_ref", "source_ref_sha256", "step", "effective_at", "recorded_at",
    "actor_id", "reason", "reason_sha256", "evidence_hash",
}  # fmt: skip
_NUMBERS = (
    "id", "amount", "pending_id", "reverses_id", "refund_of", "debit_version", "debit_balance_after",
    "debit_held_after", "credit_version", "credit_balance_after", "credit_held_after", "expires_at", "recorded_at",
)  # fmt: skip
_TRANSFER = {*_NUMBERS, "debit_account_id", "credit_account_id", "unit", "code", "kind", "lots", "uses"}
_LOT = ("id", "account_id", "amount", "earned_at", "expires_on")
_USE = ("position", "lot_id", "remaining_change", "held_change", "extended_to")


class Fault(Exception):
    """Something in the bundle is wrong; the message is in Chinese and in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh, self.en = zh, en


def of_transfer(transfer: Row, zh: str, en: str) -> Fault:
    """A fault of a transfer, named by its key."""
    return Fault(f"流水 {transfer['id']} {zh}", f"transfer {transfer['id']} {en}")


class Key(NamedTuple):
    """A public key with its name."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that identify the key in a signature."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.raw).digest()[:4]


class Checkpoint(NamedTuple):
    """The root over the first `size` leaves, and the index of the key that signed it."""

    origin: str
    size: int
    root: bytes
    signer: int


def parse_key(text: str) -> Key:
    """Parse a key from name+id+base64. Raises Fault."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raw = b""
    key = Key(name, raw[1:])
    if not name or len(raw) != 33 or raw[0] != 1 or key.id.hex() != key_id:
        raise Fault(f"这不是公钥：{text[:80]!r}", f"this is not a public key: {text[:80]!r}")
    return key


def open_note(note: str, keys: Sequence[Key]) -> tuple[str, int]:
    """Verify a signed note. Returns its text and the index of the (latest) key that signed it. Raises Fault."""
    body, gap, signatures = note.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise Fault("这不是签了名的文本", "this is not a signed note")
    text, found = body + "\n", -1
    for line in signatures[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "—":
            raise Fault("签名那一行写得不对", "a signature line has a wrong format")
        try:
            signature = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise Fault("签名那一行写得不对", "a signature line has a wrong format") from error
        for place, key in enumerate(keys):
            if key.name == name and key.id == signature[:4]:
                _verify(key, signature[4:], text)
                found = max(found, place)
    if found < 0:
        raise Fault("不是由 keys.json 里的公钥签的名", "it is not signed by any key of keys.json")
    return text, found


def _verify(key: Key, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, text.encode())
    except InvalidSignature as error:
        raise Fault("签名和内容不符", "the signature is not of this text") from error


def read_keys(rows: Sequence[Row]) -> list[Key]:
    """Read the keys, oldest first, each endorsed in a note signed by the previous one. Raises Fault."""
    keys: list[Key] = []
    for row in rows:
        key, before = parse_key(row["key"]), keys[-1:]
        if before:
            try:
                text, _ = open_note(row["endorsement"] or "", before)
            except Fault as fault:
                raise Fault(
                    f"公钥 {key.id.hex()} 没有前一把公钥的认可：{fault.zh}",
                    f"key {key.id.hex()} is not endorsed by the key before it: {fault.en}",
                ) from fault
            if text != f"ningxin.key@v1\n{row['key']}\n" or key.name != before[0].name:
                raise Fault(
                    f"公钥 {key.id.hex()} 认可的是另一把", f"the endorsement of key {key.id.hex()} names another key"
                )
        keys.append(key)
    return keys


def read_checkpoint(note: str, keys: Sequence[Key]) -> Checkpoint:
    """Read a checkpoint signed by one of the keys. Raises Fault."""
    text, signer = open_note(note, keys)
    lines = text.split("\n")
    if len(lines) < 4 or not (lines[1].isascii() and lines[1].isdigit()) or lines[0] != keys[signer].name:
        raise Fault("这不是本日志的封存点", "this is not a checkpoint of this log")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError as error:
        raise Fault("封存点的根写得不对", "the root of a checkpoint has a wrong format") from error
    return Checkpoint(lines[0], int(lines[1]), root, signer)


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962, 2.1: the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Log:
    """A growing RFC 6962 tree; keeps only the roots of full subtrees, so any log fits in memory."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[tuple[int, bytes]] = []

    def append(self, leaf: bytes) -> None:
        """Append a leaf's hash."""
        height, top = 0, leaf
        while self._full and self._full[-1][0] == height:
            top = _node(self._full.pop()[1], top)
            height += 1
        self._full.append((height, top))
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._full:
            return hashlib.sha256(b"").digest()
        top = self._full[-1][1]
        for _, left in self._full[-2::-1]:
            top = _node(left, top)
        return top


def is_consistent(old: Checkpoint, new: Checkpoint, path: Sequence[bytes]) -> bool:
    """RFC 6962, 2.1.2: whether the path proves that the tree of `new` extends the tree of `old`."""
    nodes = list(path)

    def walk(known: int, size: int, whole: bool) -> tuple[bytes, bytes]:
        """Reverse SUBPROOF: the old and new roots of a subtree with `known` old leaves."""
        if known == size:
            root = old.root if whole else nodes.pop(0)
            return root, root
        split = 1 << ((size - 1).bit_length() - 1)
        if known <= split:
            before, after = walk(known, split, whole)
            return before, _node(after, nodes.pop(0))
        before, after = walk(known - split, size - split, False)
        left = nodes.pop(0)
        return _node(left, before), _node(left, after)

    if not 0 < old.size < new.size:
        return False
    try:
        return walk(old.size, new.size, True) == (old.root, new.root) and not nodes
    except IndexError:
        return False


def encode_batch(batch: Row, transfers: Sequence[Row], account: Callable[[int], bytes]) -> bytes:
    """The bytes of a batch's leaf, version 1; `account` returns the result of `encode_account`. Raises Fault.

    Numbers are 8 bytes, big-endian; texts have a 4-byte length prefix; typed text is replaced by its SHA-256.
    """
    _refuse_other_fields(batch, _BATCH)
    parts = [
        b"\x01" + _numbers(batch, ("center_id", "id")),
        _text(batch["source_type"]),
        _digest(batch, "source_ref"),
        _text(batch["step"]),
        _numbers(batch, ("effective_at", "recorded_at", "actor_id")),
        _digest(batch, "reason"),
        _text(batch["evidence_hash"]),
        pack(">I", len(transfers)),
    ]
    for transfer in transfers:
        _refuse_other_fields(transfer, _TRANSFER)
        parts += [
            _numbers(transfer, _NUMBERS),
            account(transfer["debit_account_id"]),
            account(transfer["credit_account_id"]),
            _text(transfer["unit"]) + _text(transfer["code"]) + _text(transfer["kind"]),
            _rows(transfer["lots"], _LOT) + _rows(transfer["uses"], _USE),
        ]
    return b"".join(parts)


def encode_account(row: Row) -> bytes:
    """Identity of an account, as encoded in every leaf that moves it."""
    return pack(">qqB", row["id"], row["owner_id"], row["scale"]) + _text(row["unit"]) + _text(row["kind"])


def _refuse_other_fields(row: Row, fields: Iterable[str]) -> None:
    if row.keys() != set(fields):
        names = ", ".join(sorted(row.keys() ^ set(fields)))
        raise Fault(f"字段不对：{names}", f"other fields than there must be: {names}")


def _numbers(row: Row, names: Sequence[str]) -> bytes:
    return pack(f">{len(names)}q", *(_NOT_THERE if row[name] is None else row[name] for name in names))


def _rows(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    for row in rows:
        _refuse_other_fields(row, names)
    return pack(">I", len(rows)) + b"".join(_numbers(row, names) for row in rows)


def _text(text: str) -> bytes:
    data = text.encode()
    return pack(">I", len(data)) + data


def _digest(row: Row, name: str) -> bytes:
    """The digest of a typed text; if the text is given too, it must match."""
    digest = bytes.fromhex(row[f"{name}_sha256"])
    if len(digest) != 32 or (row[name] is not None and hashlib.sha256(row[name].encode()).digest() != digest):
        raise Fault(f"{name} 和它的 SHA-256 不符", f"{name} is not what its SHA-256 says")
    return digest
