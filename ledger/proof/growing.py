"""A log rebuilt leaf by leaf, for verifiers: its root at any size, and each stored node."""

from collections.abc import Iterable

from ledger.proof.tree import EMPTY_ROOT, TILE_HEIGHT, Node, node_hash


class GrowingLog:
    """Keeps the roots of the perfect subtrees of a log, largest first; a new leaf merges the subtrees it completes."""

    def __init__(self, size: int = 0, heads: Iterable[bytes] = ()) -> None:
        self.size = size
        self._heads = list(heads)

    def add(self, leaf: bytes) -> list[Node]:
        """Append a leaf's hash. Returns the nodes to store that it completes, lowest first."""
        kept, found, position, height = [], leaf, self.size, 0
        while position & 1:
            found = node_hash(self._heads.pop(), found)
            position >>= 1
            height += 1
            if not height % TILE_HEIGHT:
                kept.append(Node(height // TILE_HEIGHT, position, found))
        self._heads.append(found)
        self.size += 1
        return kept

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._heads:
            return EMPTY_ROOT
        *rest, root = self._heads
        for head in reversed(rest):
            root = node_hash(head, root)
        return root
