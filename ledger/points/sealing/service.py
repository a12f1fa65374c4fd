"""The sealer: appends waiting batches to the log of their center, in blocks, each with a signed checkpoint.

It reads `unsealed`, never "ids above the last": a batch that took its id early and committed late is sealed like any
other. One sealer per center at a time; postings don't wait for it.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock, outbox
from ledger.kernel.channels import CHECKPOINT
from ledger.kernel.ids import public_id
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.points.models import Unsealed
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing import queries as seal_queries
from ledger.points.sealing.facts import Facts, FactsReader, instant
from ledger.points.sealing.folded import keep_balances
from ledger.points.sealing.keys import CurrentKey
from ledger.points.sealing.models import Block, CheckpointRow, Leaf, TreeNode
from ledger.proof.checkpoints import Checkpoint
from ledger.proof.tree import grow

# Few enough that a unit holds SQLite's writer briefly, even with redemptions of ten lines on a small PC.
# Verifiers assume that a block of this size may have left batches waiting: it may shrink, never grow.
MOST_PER_BLOCK = 250
_unsealed, _block = table_of(Unsealed), table_of(Block)
_WAITING = Prepared(
    sa.select(_unsealed.c.batch_id)
    .where(_unsealed.c.center_id == sa.bindparam("center"))
    .order_by(_unsealed.c.batch_id)
    .limit(sa.bindparam("limit"))
)
_TAKE = sa.delete(_unsealed).where(
    _unsealed.c.center_id == sa.bindparam("center"), _unsealed.c.batch_id.in_(sa.bindparam("ids", expanding=True))
)
_LAST_BLOCKS = (
    sa.select(_block).where(_block.c.center_id == sa.bindparam("center")).order_by(_block.c.number.desc()).limit(2)
)
_INSERT = {model: Prepared(sa.insert(table_of(model))) for model in (Leaf, TreeNode, Block, CheckpointRow)}


def seal(session: Session, center_id: int, *, limit: int = MOST_PER_BLOCK) -> int:
    """Seal waiting batches as one block with a checkpoint. Returns how many; writes nothing if none waits.

    Raises LookupError if something is missing in the log or the book; only the database's owner can cause that.
    """
    if not _waiting(session, center_id, 1):
        return 0
    key = seal_keys.lock_current_key(session, center_id)
    waiting = _waiting(session, center_id, limit)
    if not waiting:
        return 0
    found = FactsReader(session, center_id).read(waiting)
    batches = [found[batch_id] for batch_id in waiting]
    session.connection().execute(_TAKE, {"center": center_id, "ids": waiting})
    block = _write_block(session, center_id, batches)
    keep_balances(session, center_id, block["number"], batches)
    _write_checkpoint(session, key, block)
    return len(batches)


def _waiting(session: Session, center_id: int, limit: int) -> list[int]:
    return [row[0] for row in _WAITING.rows(session, {"center": center_id, "limit": limit})]


def _write_block(session: Session, center_id: int, batches: Sequence[Facts]) -> dict[str, Any]:
    """Append the leaves, nodes and block."""
    last = session.connection().execute(_LAST_BLOCKS, {"center": center_id}).all()
    size = last[0].first_leaf + last[0].leaves if last else 0
    hashes = [facts.leaf_hash for facts in batches]
    grown = grow(seal_queries.stored_tiles(session, center_id), size, hashes)
    leaves = [
        {"center_id": center_id, "leaf_index": size + number, "batch_id": facts.batch_id, "hash": hash_}
        for number, (facts, hash_) in enumerate(zip(batches, hashes, strict=True))
    ]
    nodes = [{"center_id": center_id, **node._asdict()} for node in grown.nodes]
    recorded = [facts.recorded_at for facts in batches]
    recorded_from, recorded_until = instant(min(recorded)), instant(max(recorded))
    block = {
        "center_id": center_id,
        "number": last[0].number + 1 if last else 1,
        "first_leaf": size,
        "leaves": len(batches),
        "root": grown.root,
        "closed_at": max([clock.now(), *(row.closed_at for row in last)]),
        "recorded_from": recorded_from,
        "recorded_until": max([recorded_until, *(row.recorded_until for row in last)]),
        "late": len(last) > 1 and recorded_from <= last[1].recorded_until,
    }
    _INSERT[Block].run(session, [block])
    _INSERT[Leaf].run(session, leaves)
    _INSERT[TreeNode].run(session, nodes)
    return block


def _write_checkpoint(session: Session, key: CurrentKey, block: dict[str, Any]) -> None:
    size = block["first_leaf"] + block["leaves"]
    checkpoint = Checkpoint(key.origin, size, block["root"])
    row = {
        "center_id": block["center_id"],
        "size": size,
        "root": checkpoint.root,
        "text": checkpoint.sign(key.signer),
        "key_id": key.id,
        "made_at": block["closed_at"],
    }
    _INSERT[CheckpointRow].run(session, [row])
    name = f"checkpoint-{public_id(block['center_id'])}-{size:012d}"
    outbox.put(session, CHECKPOINT, name, row["text"], center_id=block["center_id"])
