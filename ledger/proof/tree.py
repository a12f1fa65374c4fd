"""The Merkle tree of RFC 6962: roots, inclusion and consistency proofs, and their verification.

A log stores its leaves, one node above every 256 leaves, one above every 256 of those, and so on. A row of 256
adjacent nodes is a tile. Any query on a log of n leaves reads at most two tiles per level, and there are log256 n
levels.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

EMPTY_ROOT = hashlib.sha256(b"").digest()
TILE_HEIGHT = 8
TILE = 1 << TILE_HEIGHT

# Reads the hashes of a tile by level (0: leaves) and number; the last tile of a level may be partial.
Tiles = Callable[[int, int], Sequence[bytes]]
Range = tuple[int, int]


class Node(NamedTuple):
    """The root of 256**level leaves, the `position`th of its kind."""

    level: int
    position: int
    hash: bytes


class Grown(NamedTuple):
    """A log after leaves were added: its root, and the nodes to store."""

    root: bytes
    nodes: list[Node]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The RFC 6962 hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Roots and proofs of a log; reads each tile when needed, once.

    Raises LookupError if a tile lacks a node, that is, if the log is damaged.
    """

    def __init__(self, tiles: Tiles) -> None:
        self._read = tiles
        self._known: dict[tuple[int, int], Sequence[bytes]] = {}

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves."""
        return self._head((0, size)) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """PATH(index, D[size]): proves that a leaf is in the tree, from its sibling upwards. 0 <= index < size."""
        return [self._head(each) for each in inclusion_ranges(index, size)]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """PROOF(old, D[new]): proves that the tree of `new` leaves extends the tree of `old`. 0 < old <= new."""
        return [self._head(each) for each in consistency_ranges(old, new)]

    def heads(self, size: int) -> list[bytes]:
        """The roots of the perfect subtrees of the first `size` leaves, largest first."""
        return self._heads((0, size))

    def _head(self, leaves: Range) -> bytes:
        """The root over a range of leaves that is aligned to a subtree."""
        heads = self._heads(leaves)
        root = heads.pop()
        while heads:
            root = node_hash(heads.pop(), root)
        return root

    def _heads(self, leaves: Range) -> list[bytes]:
        start, end = leaves
        heads = []
        while start < end:
            height = (end - start).bit_length() - 1
            heads.append(self._perfect(height, start >> height))
            start += 1 << height
        return heads

    def _perfect(self, height: int, position: int) -> bytes:
        """The root of the `position`th 2**height leaves."""
        level, rest = divmod(height, TILE_HEIGHT)
        tile, at = divmod(position << rest, TILE)
        found = self._tile(level, tile)[at : at + (1 << rest)]
        if len(found) != 1 << rest:
            raise LookupError(f"the log lacks nodes of level {level}, tile {tile}")
        return _perfect_root(found)

    def _tile(self, level: int, number: int) -> Sequence[bytes]:
        key = (level, number)
        if key not in self._known:
            self._known[key] = self._read(level, number)
        return self._known[key]


def grow(tiles: Tiles, size: int, added: Sequence[bytes]) -> Grown:
    """Add leaves to a log of `size` leaves; reads only the last tile of each level."""
    edge: dict[int, tuple[int, list[bytes]]] = {}
    nodes: list[Node] = []
    level, total = 0, size + len(added)
    while total >> (TILE_HEIGHT * level):
        there = size >> (TILE_HEIGHT * level)
        begins = there - there % TILE
        row = [*(tiles(level, begins // TILE) if there > begins else ()), *added]
        if len(row) != there - begins + len(added):
            raise LookupError(f"the log lacks nodes of level {level}, tile {begins // TILE}")
        edge[level] = (begins, row)
        added = [_perfect_root(row[at : at + TILE]) for at in range(0, len(row) - TILE + 1, TILE)]
        nodes += [Node(level + 1, begins // TILE + number, each) for number, each in enumerate(added)]
        level += 1

    def read(level: int, number: int) -> Sequence[bytes]:
        begins, row = edge[level]
        return row[number * TILE - begins : (number + 1) * TILE - begins]

    return Grown(Tree(read).root(total), nodes)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes in memory."""
    return grow(lambda _level, _number: (), 0, hashes).root


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges of leaves whose roots are PATH(index, D[size]), nearest first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges of leaves whose roots are PROOF(old, D[new]), nearest first."""
    if not 0 < old <= new:
        raise ValueError(f"no tree of {old} leaves to begin one of {new}")
    path, start, end = [], 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    # The verifier knows the old root itself; a part of it must be in the proof.
    if start:
        path.append((start, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf's hash at `index` to the root of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    found, last = leaf, size - 1
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(sibling, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves that the tree with `new_root` extends the one with `old_root` (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new or (old == new and path):
        return False
    if old == new:
        return old_root == new_root
    steps = list(path) if old & (old - 1) else [old_root, *path]
    if not steps:
        return False
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    older = newer = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            newer = node_hash(newer, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


def _perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over nodes, whose number is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
