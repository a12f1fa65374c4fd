"""Strategies for facts, and the encoding of a batch from facts with times and days as numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from ledger.proof.leaves import (
    NONE,
    BatchFacts,
    LotFacts,
    Row,
    TransferFacts,
    UseFacts,
    encode_batch,
    pack_lots,
    pack_transfers,
)

numbers = st.integers(NONE, (1 << 63) - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def rows(kind: Any, **parts: Any) -> st.SearchStrategy[Any]:
    """Strategy for rows of facts; numbers and texts as annotated."""
    fields = {name: numbers if of is int else texts for name, of in kind.__annotations__.items()}
    return st.builds(kind, **(fields | parts))


class _Same(dict[int, int]):
    """Maps each number to itself."""

    def __missing__(self, number: int) -> int:
        return number


def encoded(
    batch: BatchFacts,
    transfers: Sequence[TransferFacts],
    accounts: Mapping[int, bytes],
    lots: Mapping[int, Sequence[LotFacts]],
    uses: Mapping[int, Sequence[UseFacts]],
) -> bytes:
    """The bytes of a batch; lots and uses are by transfer id."""
    same = _Same()
    packed = pack_transfers(
        [(batch.id, *transfer) for transfer in transfers],
        accounts,
        pack_lots(_rows(lots), _rows(uses), same, same),
        same,
    )
    return encode_batch(batch, packed.get(batch.id, []), same)


def _rows(of: Mapping[int, Sequence[tuple[int, ...]]]) -> Iterator[Row]:
    return ((transfer_id, *row) for transfer_id, rows in of.items() for row in rows)
