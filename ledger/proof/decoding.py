"""Decodes the bytes of a leaf: the inverse of `leaves.encode_batch`, for exports."""

from struct import Struct
from typing import Any, NamedTuple, TypeVar

from ledger.proof.leaves import VERSION, BatchFacts, LotFacts, TransferFacts, UseFacts

_HEAD = Struct(">Bqq")
_WHEN_AND_WHO = Struct(">qqq")
_COUNT = Struct(">I")
_TRANSFER = Struct(">13q")
_ACCOUNT = Struct(">qqB")
_FIVE = Struct(">5q")
_DIGEST = 32
_Row = TypeVar("_Row", LotFacts, UseFacts)


class Said(NamedTuple):
    """A batch as its leaf has it; `lots` and `uses` are by transfer id.

    In `batch`, source_ref and reason are hexadecimal SHA-256 digests of the originals.
    """

    batch: BatchFacts
    transfers: list[TransferFacts]
    lots: dict[int, list[LotFacts]]
    uses: dict[int, list[UseFacts]]


def decode_batch(encoding: bytes) -> Said:
    """Decode a leaf. Raises ValueError for bytes that `encode_batch` never makes, struct.error for truncated ones."""
    data = _Bytes(encoding)
    version, center_id, key = data.numbers(_HEAD)
    if version != VERSION:
        raise ValueError(f"a leaf of version {version}")
    source_type, source_ref, step = data.text(), data.digest(), data.text()
    times_and_actor = data.numbers(_WHEN_AND_WHO)
    header = (center_id, key, source_type, source_ref, step, *times_and_actor, data.digest(), data.text())
    batch = BatchFacts._make(header)
    said = Said(batch, [], {}, {})
    for _ in range(data.count()):
        transfer = _transfer(data)
        said.transfers.append(transfer)
        said.lots[transfer.id] = data.rows(LotFacts)
        said.uses[transfer.id] = data.rows(UseFacts)
    if data.at != len(encoding):
        raise ValueError("a leaf with something behind its end")
    return said


def _transfer(data: "_Bytes") -> TransferFacts:
    numbers = data.numbers(_TRANSFER)
    accounts = []
    for _ in ("debit", "credit"):
        accounts.append(data.numbers(_ACCOUNT)[0])
        data.text(), data.text()
    return TransferFacts._make((*numbers, *accounts, data.text(), data.text(), data.text()))


class _Bytes:
    """A cursor over bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def numbers(self, form: Struct) -> tuple[Any, ...]:
        self.at += form.size
        return form.unpack_from(self._data, self.at - form.size)

    def count(self) -> int:
        return int(self.numbers(_COUNT)[0])

    def text(self) -> str:
        return self._take(self.count()).decode()

    def digest(self) -> str:
        return self._take(_DIGEST).hex()

    def rows(self, kind: type[_Row]) -> list[_Row]:
        return [kind(*self.numbers(_FIVE)) for _ in range(self.count())]

    def _take(self, size: int) -> bytes:
        self.at += size
        return self._data[self.at - size : self.at]
