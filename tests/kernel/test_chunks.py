"""Lists that fit into a statement."""

from ledger.kernel.chunks import MOST_AT_ONCE, chunks, parts_of


def test_keys_come_once_and_in_order() -> None:
    keys = [*range(MOST_AT_ONCE + 1), 3, 0]
    assert [list(part) for part in chunks(reversed(keys))] == [list(range(MOST_AT_ONCE)), [MOST_AT_ONCE]]
    assert not list(chunks([]))


def test_parts_leave_nothing_out() -> None:
    assert list(parts_of("abcde", 2)) == ["ab", "cd", "e"]
    assert list(parts_of([], 2)) == []
