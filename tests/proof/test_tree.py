"""The tree: known answers from Certificate Transparency, and the standard's definitions for any size."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.proof.leaves import leaf_hash
from ledger.proof.tree import (
    EMPTY_ROOT,
    TILE,
    Tree,
    consistency_ranges,
    grow,
    inclusion_ranges,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.proof import standard

# The leaves of Certificate Transparency's reference tests, and the root after each.
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Index from 0 and size: the path.
INCLUSIONS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
# From one size to another: the proof.
CONSISTENCIES = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


class Log:
    """A log in memory: its leaves and stored nodes, one list per level."""

    def __init__(self) -> None:
        self.levels: list[list[bytes]] = [[]]
        self.roots = {0: EMPTY_ROOT}
        self.reads = 0

    def tiles(self, level: int, number: int) -> Sequence[bytes]:
        """The stored hashes of a tile."""
        self.reads += 1
        return self.levels[level][number * TILE : (number + 1) * TILE] if level < len(self.levels) else []

    def add(self, hashes: Sequence[bytes]) -> None:
        """Grow the log and store the returned nodes."""
        grown = grow(self.tiles, len(self.levels[0]), hashes)
        self.levels[0] += hashes
        for node in grown.nodes:
            if node.level == len(self.levels):
                self.levels.append([])
            assert node.position == len(self.levels[node.level])
            self.levels[node.level].append(node.hash)
        self.roots[len(self.levels[0])] = grown.root


def data(size: int) -> list[bytes]:
    """Distinct leaves."""
    return [number.to_bytes(4, "big") for number in range(size)]


def log_of(leaves: Sequence[bytes]) -> Log:
    """A log grown in one step."""
    log = Log()
    log.add([leaf_hash(each) for each in leaves])
    return log


def test_root_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Tree(Log().tiles).root(0) == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    assert root_of([leaf_hash(each) for each in LEAVES[:size]]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_known_inclusion_paths(index: int, size: int) -> None:
    path = Tree(log_of(LEAVES).tiles).inclusion(index, size)

    assert [each.hex() for each in path] == INCLUSIONS[index, size]
    assert verify_inclusion(leaf_hash(LEAVES[index]), index, size, path, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new"), CONSISTENCIES)
def test_known_consistency_proofs(old: int, new: int) -> None:
    path = Tree(log_of(LEAVES).tiles).consistency(old, new)

    assert [each.hex() for each in path] == CONSISTENCIES[old, new]
    assert verify_consistency(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), path)


SIZES = st.integers(1, 600)


@given(SIZES.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
@example((255, 256))
@example((256, 257))
@example((0, 513))
def test_every_inclusion_is_the_standards(place: tuple[int, int]) -> None:
    index, size = place
    leaves = data(size)

    path = Tree(log_of(leaves).tiles).inclusion(index, size)

    assert path == standard.path(index, leaves)
    assert verify_inclusion(leaf_hash(leaves[index]), index, size, path, standard.mth(leaves))


def test_every_consistency_of_all_small_trees_is_the_standards() -> None:
    leaves, tree = data(70), Tree(log_of(data(70)).tiles)
    for new in range(1, len(leaves) + 1):
        assert tree.root(new) == standard.mth(leaves[:new])
        for old in range(1, new + 1):
            path = tree.consistency(old, new)
            assert path == standard.proof(old, leaves[:new])
            assert verify_consistency(old, new, tree.root(old), tree.root(new), path)


@given(st.tuples(SIZES, SIZES).map(sorted))
@example([256, 512])
@example([255, 257])
def test_every_consistency_is_the_standards(sizes: list[int]) -> None:
    old, new = sizes
    leaves = data(new)

    path = Tree(log_of(leaves).tiles).consistency(old, new)

    assert path == standard.proof(old, leaves)
    assert verify_consistency(old, new, standard.mth(leaves[:old]), standard.mth(leaves), path)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_however_a_log_grew_its_roots_are_the_standards(steps: list[int]) -> None:
    leaves, log, size = data(sum(steps)), Log(), 0
    for step in steps:
        log.add([leaf_hash(each) for each in leaves[size : size + step]])
        size += step
        assert log.roots[size] == standard.mth(leaves[:size])
    assert [len(level) for level in log.levels] == [size >> 8 * level for level in range(len(log.levels))]


def test_growing_and_proving_reads_two_tiles_a_level_however_long_the_log_is() -> None:
    log = log_of(data(70_000))
    assert [len(level) for level in log.levels] == [70_000, 273, 1]
    for work in (
        lambda: log.add(data(5)),
        lambda: Tree(log.tiles).inclusion(33_333, 70_000),
        lambda: Tree(log.tiles).consistency(33_333, 70_000),
    ):
        log.reads = 0
        work()
        assert log.reads <= 2 * len(log.levels)


@given(st.data(), st.integers(2, 40))
def test_nothing_else_is_proved(choose: st.DataObject, size: int) -> None:
    """Reject a changed, shortened or extended path, and a wrong index, leaf or root."""
    leaves = data(size)
    tree, root = Tree(log_of(leaves).tiles), standard.mth(leaves)
    index = choose.draw(st.integers(0, size - 1))
    path, leaf = tree.inclusion(index, size), leaf_hash(leaves[index])
    other = choose.draw(st.integers(0, size - 1).filter(lambda each: each != index))
    at = choose.draw(st.integers(0, len(path) - 1))

    assert not verify_inclusion(leaf, index, size, [*path[:at], leaf_hash(b"x"), *path[at + 1 :]], root)
    assert not verify_inclusion(leaf, index, size, path[:-1], root)
    assert not verify_inclusion(leaf, index, size, [*path, root], root)
    assert not verify_inclusion(leaf, other, size, path, root)
    assert not verify_inclusion(leaf_hash(leaves[other]), index, size, path, root)
    assert not verify_inclusion(leaf, index, size, path, leaf)
    assert not verify_inclusion(leaf, size, size, path, root)
    assert not verify_inclusion(leaf, -1, size, path, root)


@given(st.integers(2, 40).flatmap(lambda new: st.tuples(st.integers(1, new - 1), st.just(new))))
def test_no_other_past_is_proved(sizes: tuple[int, int]) -> None:
    old, new = sizes
    leaves = data(new)
    path = Tree(log_of(leaves).tiles).consistency(old, new)
    before, after = standard.mth(leaves[:old]), standard.mth(leaves)
    forged = standard.mth([*leaves[: old - 1], b"forged"])

    assert not verify_consistency(old, new, forged, after, path)
    assert not verify_consistency(old, new, before, forged, path)
    assert not verify_consistency(old, new, before, after, path[:-1])
    assert not verify_consistency(old, new, before, after, [*path, after])
    assert not verify_consistency(0, new, EMPTY_ROOT, after, path)
    assert not verify_consistency(new, old, after, before, path)
    assert not verify_consistency(new, new, after, before, [])
    assert not verify_consistency(new, new, after, after, path or [after])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_path_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_ranges(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_no_consistency_with_a_tree_that_is_none(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no tree"):
        consistency_ranges(old, new)


def test_a_damaged_log_proves_nothing() -> None:
    log = log_of(data(600))
    del log.levels[0][500:]
    with pytest.raises(LookupError, match="lacks nodes of level 0, tile 2"):
        Tree(log.tiles).inclusion(599, 600)
    with pytest.raises(LookupError, match="lacks nodes of level 0, tile 2"):
        grow(log.tiles, 600, [b"x" * 32])


def test_leaves_and_nodes_are_never_taken_for_each_other() -> None:
    """A leaf with the bytes that a node is hashed from has a different hash than the node."""
    first, second = (leaf_hash(each) for each in data(2))
    assert leaf_hash(first + second) != root_of([first, second])
