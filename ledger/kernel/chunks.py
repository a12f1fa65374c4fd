"""Splits thousands of keys into lists that fit into a statement."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_Key = TypeVar("_Key", int, str)
MOST_AT_ONCE = 5_000


def chunks(keys: Iterable[_Key]) -> Iterator[Sequence[_Key]]:
    """The distinct keys in order, in lists that fit into a statement."""
    return parts_of(sorted(set(keys)), MOST_AT_ONCE)


def parts_of(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The items in order, at most `most` at a time."""
    return (items[start : start + most] for start in range(0, len(items), most))
