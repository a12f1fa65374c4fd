"""The log of a center, read from its rows without the sealer's own queries."""

from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.types import Base
from ledger.points.models import Batch, Unsealed
from ledger.points.policy import Movement
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing.facts import LeafRow, stream_leaves
from ledger.points.sealing.models import Block, CheckpointRow, Leaf
from ledger.points.sealing.service import seal
from ledger.proof.checkpoints import Checkpoint, open_checkpoint
from tests.points.books import ISSUANCE, member, rows_of


def rows(session: Session, model: type[Base], center_id: int) -> list[Any]:
    """All rows of a center in a table, by key."""
    return [SimpleNamespace(**row) for row in rows_of(session, model, center_id)]


class Log:
    """The sealed log of a center, and its sealer."""

    def __init__(self, center_id: int) -> None:
        self.center_id = center_id

    def seal(self, limit: int = 1_000) -> int:
        """Seal a block."""
        return in_transaction(seal, self.center_id, limit=limit)

    @property
    def leaves(self) -> list[Any]:
        """Leaves in order."""
        return in_snapshot(rows, Leaf, self.center_id)

    @property
    def blocks(self) -> list[Any]:
        """Blocks in order."""
        return in_snapshot(rows, Block, self.center_id)

    @property
    def checkpoints(self) -> list[Any]:
        """Checkpoints in order."""
        return in_snapshot(rows, CheckpointRow, self.center_id)

    @property
    def waiting(self) -> list[int]:
        """Batches without a leaf."""
        return [row.batch_id for row in in_snapshot(rows, Unsealed, self.center_id)]

    @property
    def batches(self) -> set[int]:
        """All batches."""
        return {row.id for row in in_snapshot(rows, Batch, self.center_id)}

    def streamed(self) -> list[LeafRow]:
        """Leaves with the facts of their batches, as verifiers read them."""
        return in_snapshot(lambda session: list(stream_leaves(session, self.center_id)))

    def opened(self) -> list[Checkpoint]:
        """The checkpoints, each verified with its key."""
        keys = {key.id: key for key in in_snapshot(seal_keys.keys, self.center_id)}
        return [
            open_checkpoint(row.text, keys[row.key_id].verifier, keys[row.key_id].origin) for row in self.checkpoints
        ]


def award(amount: int) -> Movement:
    """Award points to the member with that number."""
    return Movement(ISSUANCE, member(amount), amount, "award")


def assert_whole(log: Log) -> None:
    """Every batch has exactly one leaf or waits, leaves and blocks have no gap, and the facts are as sealed."""
    leaves, blocks = log.leaves, log.blocks
    assert [leaf.leaf_index for leaf in leaves] == list(range(len(leaves)))
    assert sorted([*(leaf.batch_id for leaf in leaves), *log.waiting]) == sorted(log.batches)
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    ends = [block.first_leaf + block.leaves for block in blocks]
    assert [0, *ends][:-1] == [block.first_leaf for block in blocks] if blocks else not leaves
    assert [row.size for row in log.checkpoints] == ends
    assert [checkpoint.root for checkpoint in log.opened()] == [block.root for block in blocks]
    assert ends[-1:] == ([len(leaves)] if leaves else [])
    assert all(facts is not None and facts.leaf_hash == hash_ for _, _, hash_, facts in log.streamed())
