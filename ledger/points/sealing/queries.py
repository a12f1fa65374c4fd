"""Reads of a center's log: the place of a batch, proofs against published checkpoints, and the sealer's backlog."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.errors import Conflict, NotFound, Rejected
from ledger.kernel.paging import Page, PageRequest, fetch_page
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import table_of
from ledger.places.models import Center
from ledger.points.models import Batch, Unit, Unsealed
from ledger.points.policy import Source
from ledger.points.sealing.models import Block, CheckpointRow, Leaf, TreeNode
from ledger.proof.tree import TILE, Tiles, Tree

# The largest integer that JSON carries without loss.
MOST_LEAVES = (1 << 53) - 1
_batch, _unsealed, _leaf, _node = (table_of(each) for each in (Batch, Unsealed, Leaf, TreeNode))
_block, _checkpoint = table_of(Block), table_of(CheckpointRow)


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """A checkpoint as published; `text` is the signed note."""

    size: int
    root: bytes
    text: str
    key_id: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    """A batch's place in the log of its center; without a leaf until it is sealed."""

    center_id: int
    batch_id: int
    leaf_index: int | None
    leaf_hash: bytes | None
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Proof that a batch is in the tree of a checkpoint: the path leads from its leaf to the root."""

    center_id: int
    batch_id: int
    leaf_index: int
    leaf_hash: bytes
    path: list[bytes]
    checkpoint: CheckpointView


@dataclass(frozen=True, slots=True)
class Consistency:
    """Proof that the log of `checkpoint` extends the log of `old_size` leaves."""

    old_size: int
    old_root: bytes
    path: list[bytes]
    checkpoint: CheckpointView


@dataclass(frozen=True, slots=True)
class Backlog:
    """Number of batches without a leaf, and per center the age of the oldest."""

    batches: int
    lag: timedelta


_closed_at = (
    sa.select(_block.c.closed_at)
    .where(_block.c.center_id == _leaf.c.center_id, _block.c.first_leaf <= _leaf.c.leaf_index)
    .order_by(_block.c.first_leaf.desc())
    .limit(1)
    .scalar_subquery()
)
_SEALS = (
    sa.select(_batch.c.center_id, _batch.c.id, _leaf.c.leaf_index, _leaf.c.hash, _closed_at)
    .outerjoin(_leaf, sa.and_(_leaf.c.center_id == _batch.c.center_id, _leaf.c.batch_id == _batch.c.id))
    .limit(1)
)
_SEAL_OF = Prepared(
    _SEALS.where(
        _batch.c.center_id == sa.bindparam("center"),
        _batch.c.source_type == sa.bindparam("type"),
        _batch.c.source_ref == sa.bindparam("ref"),
        _batch.c.step == sa.bindparam("step"),
    )
)
_CHECKPOINTS = sa.select(*(_checkpoint.c[name] for name in CheckpointView.__slots__))


def get_seal(session: Session, batch_id: int, center_id: int | None = None) -> Seal:
    """A batch's place in the log; `center_id` may be omitted if only one center has such a batch.

    Raises NotFound("points.batch_not_found").
    """
    # A batch's id is unique only within a center, and every index begins with the center.
    center = _batch.c.center_id.in_(sa.select(Center.id)) if center_id is None else _batch.c.center_id == center_id
    seal = _seal(session, center, _batch.c.id == batch_id)
    if seal is None:
        raise NotFound("points.batch_not_found")
    return seal


def find_seal_of(session: Session, source: Source, center_id: int) -> Seal | None:
    """The place of the batch posted by a step of a source."""
    asked = {"center": center_id, "type": source.type, "ref": source.ref, "step": source.step}
    for row in _SEAL_OF.rows(session, asked):
        return Seal(*row)
    return None


def _seal(session: Session, *which: "sa.ColumnElement[bool]") -> Seal | None:
    row = session.connection().execute(_SEALS.where(*which)).one_or_none()
    return None if row is None else Seal(*row)


def need_center(session: Session, center_id: int) -> None:
    """Raises NotFound("points.center_not_found") unless the center has a book, that is, any unit."""
    if session.execute(sa.select(Unit.code).where(Unit.center_id == center_id).limit(1)).first() is None:
        raise NotFound("points.center_not_found")


def list_checkpoints(session: Session, center_id: int, *, request: PageRequest) -> Page[CheckpointView]:
    """A center's checkpoints, newest first by default. Raises NotFound("points.center_not_found")."""
    need_center(session, center_id)
    return fetch_page(
        session,
        _CHECKPOINTS.where(_checkpoint.c.center_id == center_id),
        request=request,
        sorts={"size": CheckpointRow.size},
        tie=CheckpointRow.size,
        make=lambda row: CheckpointView(*row[: len(CheckpointView.__slots__)]),
        usual="-size",
    )


def find_checkpoint(session: Session, center_id: int, size: int | None = None) -> CheckpointView | None:
    """The checkpoint of `size` leaves, by default the latest."""
    query = _CHECKPOINTS.where(_checkpoint.c.center_id == center_id)
    query = query.order_by(_checkpoint.c.size.desc()) if size is None else query.where(_checkpoint.c.size == size)
    row = session.connection().execute(query.limit(1)).one_or_none()
    return None if row is None else CheckpointView(*row)


def get_checkpoint(session: Session, center_id: int, size: int | None = None) -> CheckpointView:
    """Like `find_checkpoint`. Raises NotFound("points.checkpoint_not_found")."""
    found = find_checkpoint(session, center_id, size)
    if found is None:
        raise NotFound("points.checkpoint_not_found")
    return found


def prove_batch(session: Session, batch_id: int, *, center_id: int | None = None, size: int | None = None) -> Inclusion:
    """Prove that a batch is in the checkpoint of `size` leaves, by default the latest.

    Raises NotFound("points.batch_not_found" | "points.checkpoint_not_found"), Conflict("points.not_sealed_yet"),
    Rejected("points.not_in_checkpoint").
    """
    seal = get_seal(session, batch_id, center_id)
    if seal.leaf_index is None or seal.leaf_hash is None:
        raise Conflict("points.not_sealed_yet")
    checkpoint = get_checkpoint(session, seal.center_id, size)
    if seal.leaf_index >= checkpoint.size:
        raise Rejected("points.not_in_checkpoint", leaf_number=seal.leaf_index + 1, size=checkpoint.size)
    path = Tree(stored_tiles(session, seal.center_id)).inclusion(seal.leaf_index, checkpoint.size)
    return Inclusion(seal.center_id, seal.batch_id, seal.leaf_index, seal.leaf_hash, path, checkpoint)


def prove_consistency(session: Session, center_id: int, size: int, *, old_size: int) -> Consistency:
    """Prove that the log of the checkpoint of `size` leaves extends the log of `old_size` > 0 leaves.

    Raises NotFound("points.checkpoint_not_found"), Rejected("points.beyond_checkpoint").
    """
    checkpoint = get_checkpoint(session, center_id, size)
    if old_size > checkpoint.size:
        raise Rejected("points.beyond_checkpoint", size=checkpoint.size)
    tree = Tree(stored_tiles(session, center_id))
    return Consistency(old_size, tree.root(old_size), tree.consistency(old_size, size), checkpoint)


def stored_tiles(session: Session, center_id: int) -> Tiles:
    """The stored nodes of a center's log, a tile at a time. Raises LookupError for a gap."""

    def read(level: int, number: int) -> Sequence[bytes]:
        table, position = (_node, _node.c.position) if level else (_leaf, _leaf.c.leaf_index)
        query = sa.select(position, table.c.hash).where(
            table.c.center_id == center_id, position >= number * TILE, position < (number + 1) * TILE
        )
        if level:
            query = query.where(_node.c.level == level)
        rows = session.connection().execute(query.order_by(position)).all()
        if rows and rows[-1][0] != number * TILE + len(rows) - 1:
            raise LookupError(f"the log of center {center_id} lacks nodes of level {level}, tile {number}")
        return [row[1] for row in rows]

    return read


def count_waiting(session: Session, center_id: int) -> int:
    """Number of a center's batches without a leaf."""
    query = sa.select(sa.func.count()).where(_unsealed.c.center_id == center_id)
    return int(session.connection().execute(query).scalar_one())


def backlog(session: Session) -> Backlog:
    """The sealer's backlog over all centers."""
    waiting = _unsealed.c
    query = sa.select(waiting.center_id, sa.func.count(), sa.func.min(waiting.batch_id)).group_by(waiting.center_id)
    centers = session.connection().execute(query).all()
    oldest = [_recorded_at(session, row[0], row[2]) for row in centers]
    lag = max([timedelta(0), *(clock.now() - moment for moment in oldest)])
    return Backlog(sum(row[1] for row in centers), lag)


def _recorded_at(session: Session, center_id: int, batch_id: int) -> datetime:
    query = sa.select(_batch.c.recorded_at).where(_batch.c.center_id == center_id, _batch.c.id == batch_id)
    moment: datetime = session.connection().execute(query).scalar_one()
    return moment
