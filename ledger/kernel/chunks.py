"""Keys by the thousands, in lists that a statement can take."""

from collections.abc import Iterable
from typing import TypeVar

_Key = TypeVar("_Key", int, str)
MOST_AT_ONCE = 5_000


def chunks(keys: Iterable[_Key]) -> Iterable[list[_Key]]:
    """The distinct keys in order, in lists that a statement can take."""
    wanted = sorted(set(keys))
    return (wanted[start : start + MOST_AT_ONCE] for start in range(0, len(wanted), MOST_AT_ONCE))
