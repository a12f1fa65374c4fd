"""Check that each batch has exactly one leaf, and that published keys and checkpoints of the log are genuine."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import CHUNK, Advance, Difference, stream
from ledger.audit.checks.scope import Scope
from ledger.audit.checks.seals import SEALED_WITHIN
from ledger.kernel.types import table_of
from ledger.points.models import Batch, Unsealed
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing.keys import KeyView
from ledger.points.sealing.models import Block, CheckpointRow, Leaf
from ledger.proof.checkpoints import endorsed_key, open_checkpoint
from ledger.proof.notes import NoteError

_batch, _unsealed, _leaf = table_of(Batch), table_of(Unsealed), table_of(Leaf)
_block, _checkpoint = table_of(Block), table_of(CheckpointRow)
_twin = _leaf.alias("twin")


def check_waiting(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find batches without a leaf that are not waiting for one or have waited too long, and batches with two leaves."""
    b, w = _batch.c, _unsealed.c
    query = (
        sa.select(b.id, b.recorded_at)
        .outerjoin(_leaf, _same_batch(_batch, _leaf))
        .outerjoin(_unsealed, sa.and_(w.center_id == b.center_id, w.batch_id == b.id))
        .where(b.center_id == scope.center_id, _leaf.c.batch_id.is_(None))
        .where(sa.or_(w.batch_id.is_(None), b.recorded_at < scope.now - SEALED_WITHIN))
        .order_by(b.id)
    )
    for batch_id, recorded_at in stream(session, query):
        yield Difference("batch_without_leaf", "batch", batch_id, None, recorded_at)
    waiting_for_more = (
        sa.select(w.batch_id)
        .outerjoin(_batch, sa.and_(b.center_id == w.center_id, b.id == w.batch_id))
        .outerjoin(_leaf, sa.and_(_leaf.c.center_id == w.center_id, _leaf.c.batch_id == w.batch_id))
        .where(w.center_id == scope.center_id, sa.or_(b.id.is_(None), _leaf.c.batch_id.is_not(None)))
    )
    for row in stream(session, waiting_for_more):
        yield Difference("waits_for_nothing", "batch", row[0])
    same = sa.and_(_twin.c.center_id == _leaf.c.center_id, _twin.c.batch_id == _leaf.c.batch_id)
    twins = (
        sa.select(_leaf.c.leaf_index, _twin.c.leaf_index)
        .join(_twin, sa.and_(same, _twin.c.leaf_index < _leaf.c.leaf_index))
        .where(_leaf.c.center_id == scope.center_id, _leaf.c.leaf_index >= scope.first_leaf)
    )
    if scope.since is None:
        # Grouped by the index on batches instead of looked up leaf by leaf.
        counted = sa.select(_leaf.c.batch_id).where(_leaf.c.center_id == scope.center_id).group_by(_leaf.c.batch_id)
        twins = twins.where(_leaf.c.batch_id.in_(counted.having(sa.func.count() > 1)))
    for leaf_index, first in stream(session, twins):
        yield Difference("sealed_twice", "leaf", leaf_index, None, first)
    advance(1)


def check_checkpoints(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find checkpoints not signed by the center's key or not matching a block, and keys that nobody endorsed."""
    keys = {key.id: key for key in seal_keys.keys(session, scope.center_id)}
    yield from _check_keys(list(keys.values()))
    for number, row in enumerate(stream(session, _with_blocks(scope)), start=1):
        if row.text is None:
            yield Difference("checkpoint_missing", "checkpoint", row.block_size)
        else:
            yield from _check_checkpoint(row, keys.get(row.key_id))
        if number % CHUNK == 0:
            advance(CHUNK)
    for row in stream(session, _without_block(scope)):
        yield Difference("checkpoint_without_block", "checkpoint", row.size)


def _check_keys(keys: list[KeyView]) -> Iterator[Difference]:
    """Every key but the first must be endorsed by the one before it."""
    for old, new in pairwise(keys):
        try:
            named = endorsed_key(new.endorsement or "", old.verifier)
        except NoteError:
            named = ""
        if named != new.text:
            yield Difference("key_not_named", "seal_key", new.id)


def _check_checkpoint(row: Any, key: KeyView | None) -> Iterator[Difference]:
    try:
        said = open_checkpoint(row.text, key.verifier, key.origin) if key is not None else None
    except NoteError:
        said = None
    if said is None:
        yield Difference("checkpoint_signature", "checkpoint", row.size)
    elif said.size != row.size:
        yield Difference("checkpoint_size", "checkpoint", row.size, row.size, said.size)
    elif not said.root == row.root == row.block_root:
        yield Difference("checkpoint_root", "checkpoint", row.size, row.block_root.hex()[:16], said.root.hex()[:16])


def _with_blocks(scope: Scope) -> "sa.Select[Any]":
    """Blocks with their checkpoints; the columns of a missing checkpoint are None."""
    b, c = _block.c, _checkpoint.c
    size = b.first_leaf + b.leaves
    return (
        sa.select(c.size, c.root, c.text, c.key_id, size.label("block_size"), b.root.label("block_root"))
        .outerjoin_from(_block, _checkpoint, sa.and_(c.center_id == b.center_id, c.size == size))
        .where(b.center_id == scope.center_id, b.first_leaf >= scope.first_leaf)
        .order_by(b.first_leaf)
    )


def _without_block(scope: Scope) -> "sa.Select[Any]":
    b, c = _block.c, _checkpoint.c
    ends = sa.select(b.first_leaf + b.leaves).where(b.center_id == scope.center_id, b.first_leaf >= scope.first_leaf)
    own = (c.center_id == scope.center_id, c.size > scope.first_leaf)
    return sa.select(c.size).where(*own, c.size.not_in(ends)).order_by(c.size)


def _same_batch(left: sa.Table, right: sa.Table) -> "sa.ColumnElement[bool]":
    return sa.and_(right.c.center_id == left.c.center_id, right.c.batch_id == left.c.id)
