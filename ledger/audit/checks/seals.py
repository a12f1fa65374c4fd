"""Check the log against the book: recompute each leaf from its batch, and each node, block and root from the leaves.

One walk in leaf order, a block of rows at a time; a block is checked where it ends. So all checkpoints rest on the same
leaves, and each log begins with the ones before it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.finding import Advance, Difference, stream
from ledger.audit.checks.scope import LogHead, Scope
from ledger.kernel.ids import public_id
from ledger.kernel.types import table_of
from ledger.points.sealing import queries as seal_queries
from ledger.points.sealing.facts import Facts, LeafRow, instant, stream_leaves
from ledger.points.sealing.models import Block, FoldedBalance, TreeNode
from ledger.points.sealing.service import MOST_PER_BLOCK
from ledger.proof.growing import GrowingLog
from ledger.proof.leaves import NONE
from ledger.proof.tree import TILE_HEIGHT, Node, Tree

# A batch is sealed within minutes of its recording; a later one was slipped in, or sealing has stopped.
SEALED_WITHIN = timedelta(minutes=10)
# Report progress and compare completed nodes after this many leaves.
_LEAVES_AT_ONCE = 1_024
_SHOWN = 16
_block, _node, _folded = table_of(Block), table_of(TreeNode), table_of(FoldedBalance)


@dataclass(slots=True)
class _Walk:
    """Position of the walk: the log so far, the current block and the two before it, and what the block moved.

    `begins` is the number of leaves before the walk, `ends` the number of leaves up to the end of the block, 0 if there
    is no block.
    """

    session: Session
    center_id: int
    log: GrowingLog
    blocks: Iterator[Any]
    begins: int = 0
    ends: int = 0
    block: Any = None
    before: Any = None
    earlier: Any = None
    floor: int = NONE
    nodes: list[Node] = field(default_factory=list)
    recorded: list[int] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    balances: dict[int, int] = field(default_factory=dict)
    units: dict[int, str] = field(default_factory=dict)

    def next_block(self) -> None:
        self.earlier, self.before, self.block = self.before, self.block, next(self.blocks, None)
        self.ends = self.block.first_leaf + self.block.leaves if self.block is not None else 0
        self.floor = _floor(self.before)
        self.recorded.clear()
        self.moved.clear()


def check_against(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find a log that is shorter than the checkpoint kept outside, or differs from it."""
    kept = scope.against
    if kept is None:
        return
    size = session.connection().execute(
        sa.select(sa.func.coalesce(sa.func.max(_block.c.first_leaf + _block.c.leaves), 0)).where(
            _block.c.center_id == scope.center_id
        )
    )
    there = int(size.scalar_one())
    if there < kept.size:
        yield Difference("log_shorter", "checkpoint", kept.size, kept.size, there)
        return
    yield from _check_head(session, scope.center_id, kept, "log_differs")
    advance(1)


def check_seals(session: Session, scope: Scope, advance: Advance) -> Iterator[Difference]:
    """Find leaves that differ from their batch, and nodes, blocks and balances that differ from the leaves."""
    log = GrowingLog()
    if scope.since is not None:
        wrong = list(_check_head(session, scope.center_id, scope.since, "log_differs"))
        if wrong:
            yield from wrong
            return
        log = GrowingLog(scope.since.size, _tree(session, scope.center_id).heads(scope.since.size))
    walk = _Walk(session, scope.center_id, log, _blocks(session, scope), begins=log.size)
    _find_blocks_before(walk)
    walk.next_block()
    for leaf in stream_leaves(session, scope.center_id, start=scope.first_leaf):
        if leaf[0] != log.size:
            yield Difference("leaf_missing", "leaf", log.size)
            return
        yield from _check_leaf(walk, leaf)
        walk.nodes += log.add(leaf[2])
        if log.size >= walk.ends:
            yield from _end_block(walk)
        if log.size % _LEAVES_AT_ONCE == 0:
            yield from _check_nodes(walk)
            advance(_LEAVES_AT_ONCE)
    yield from _check_nodes(walk)
    if walk.block is not None:
        yield Difference("leaf_missing", "leaf", log.size)
    yield from _check_extra_nodes(walk)


def _check_leaf(walk: _Walk, leaf: LeafRow) -> Iterator[Difference]:
    leaf_index, batch_id, hash_, facts = leaf
    if facts is None:
        yield Difference("leaf_without_batch", "leaf", leaf_index, public_id(batch_id), None)
        return
    if facts.leaf_hash != hash_:
        found = f"{_short(facts.leaf_hash)} ({public_id(batch_id)})"
        yield Difference("leaf_differs", "leaf", leaf_index, _short(hash_), found)
    if facts.recorded_at < walk.floor:
        recorded_at = instant(facts.recorded_at)
        yield Difference("slipped_in", "batch", batch_id, instant(walk.floor) + SEALED_WITHIN, recorded_at)
    _remember(walk, facts)


def _floor(before: Any) -> int:
    """The earliest time (in microseconds) of a batch in the block: the block before it took all older ones."""
    if before is None:
        return NONE
    floor: datetime = before.closed_at if before.leaves < MOST_PER_BLOCK else before.recorded_until
    return (floor - instant(0) - SEALED_WITHIN) // timedelta(microseconds=1)


def _remember(walk: _Walk, facts: Facts) -> None:
    """Record what the block must say about this batch."""
    walk.recorded.append(facts.recorded_at)
    for account_id, amount, unit in facts.folded_moves():
        walk.moved[account_id] += amount
        walk.units[account_id] = unit


def _end_block(walk: _Walk) -> Iterator[Difference]:
    if walk.block is None:
        yield Difference("leaf_without_block", "leaf", walk.log.size - 1)
    else:
        yield from _check_block(walk)
        walk.next_block()


def _check_block(walk: _Walk) -> Iterator[Difference]:
    block, before = walk.block, walk.before
    number, first = (before.number + 1, before.first_leaf + before.leaves) if before is not None else (1, 0)
    if (block.number, block.first_leaf) != (number, first):
        yield Difference("block_order", "block", block.number, first, block.first_leaf)
    if block.root != walk.log.root:
        yield Difference("block_root", "block", block.number, _short(walk.log.root), _short(block.root))
    if walk.recorded:
        yield from _check_times(walk, instant(min(walk.recorded)), instant(max(walk.recorded)))
    yield from _check_balances(walk)


def _check_times(walk: _Walk, earliest: datetime, latest: datetime) -> Iterator[Difference]:
    block, before, earlier = walk.block, walk.before, walk.earlier
    until = max(latest, before.recorded_until) if before is not None else latest
    late = earlier is not None and earliest <= earlier.recorded_until
    for expected, found in ((earliest, block.recorded_from), (until, block.recorded_until)):
        if expected != found:
            yield Difference("block_times", "block", block.number, expected, found)
    if before is not None and block.closed_at < before.closed_at:
        yield Difference("block_times", "block", block.number, before.closed_at, block.closed_at)
    if block.late != late:
        yield Difference("block_late", "block", block.number, int(late), int(block.late))


def _check_balances(walk: _Walk) -> Iterator[Difference]:
    """Compare the derived balances stored with the block."""
    f = _folded.c
    query = sa.select(f.account_id, f.balance).where(f.center_id == walk.center_id, f.block_number == walk.block.number)
    found = {row[0]: row[1] for row in walk.session.connection().execute(query)}
    for account_id in sorted(walk.moved.keys() | found.keys()):
        if account_id not in walk.balances:
            walk.balances[account_id] = _balance_before(walk, account_id)
        walk.balances[account_id] += walk.moved.get(account_id, 0)
        if found.get(account_id) != walk.balances[account_id]:
            wanted, unit = walk.balances[account_id], walk.units.get(account_id, "")
            yield Difference("folded_balance", "account", account_id, wanted, found.get(account_id), unit)


def _balance_before(walk: _Walk, account_id: int) -> int:
    """The balance stored by the last block before the walk; it was verified when it was new."""
    f = _folded.c
    if not walk.begins:
        return 0
    own = (f.center_id == walk.center_id, f.account_id == account_id, f.block_number < walk.block.number)
    query = sa.select(f.balance).where(*own).order_by(f.block_number.desc()).limit(1)
    return int(walk.session.connection().execute(query).scalar() or 0)


def _check_nodes(walk: _Walk) -> Iterator[Difference]:
    """Compare newly completed nodes with the stored ones."""
    nodes, walk.nodes = walk.nodes, []
    for level in sorted({node.level for node in nodes}):
        own = {node.position: node.hash for node in nodes if node.level == level}
        n = _node.c
        query = sa.select(n.position, n.hash).where(
            n.center_id == walk.center_id, n.level == level, n.position.between(min(own), max(own))
        )
        found = {row[0]: row[1] for row in walk.session.connection().execute(query)}
        for position, hash_ in own.items():
            if found.get(position) != hash_:
                yield Difference("node", "tree_node", position, _short(hash_), _short(found.get(position)))


def _check_extra_nodes(walk: _Walk) -> Iterator[Difference]:
    n = _node.c
    query = sa.select(n.level, sa.func.count()).where(n.center_id == walk.center_id).group_by(n.level)
    for level, count in walk.session.connection().execute(query):
        expected = walk.log.size >> (TILE_HEIGHT * level)
        if count != expected:
            yield Difference("node_count", "tree_node", level, expected, count)


def _check_head(session: Session, center_id: int, head: LogHead, check: str) -> Iterator[Difference]:
    try:
        root = _tree(session, center_id).root(head.size)
    except LookupError:
        root = None
    if root != head.root:
        yield Difference(check, "checkpoint", head.size, _short(head.root), _short(root))


def _tree(session: Session, center_id: int) -> Tree:
    return Tree(seal_queries.stored_tiles(session, center_id))


def _blocks(session: Session, scope: Scope) -> Iterator[Any]:
    own = (_block.c.center_id == scope.center_id, _block.c.first_leaf >= scope.first_leaf)
    return stream(session, sa.select(_block).where(*own).order_by(_block.c.first_leaf))


def _find_blocks_before(walk: _Walk) -> None:
    """Load the last two blocks before the walk."""
    own = (_block.c.center_id == walk.center_id, _block.c.first_leaf < walk.log.size)
    query = sa.select(_block).where(*own).order_by(_block.c.first_leaf.desc()).limit(2)
    found: list[Any] = list(walk.session.connection().execute(query))
    walk.block, walk.before = (*found, None, None)[:2]


def _short(hash_: bytes | None) -> str | None:
    return None if hash_ is None else hash_.hex()[:_SHOWN]
