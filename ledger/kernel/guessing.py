"""What can be guessed of a secret from the rest of it: repeats, sequences, and keys that lie side by side."""

import math
from itertools import pairwise

KEYS = (
    *("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol"),
    *("147", "258", "369", "159", "357", "456", "789"),
)
_BETWEEN = "\0"
_ROWS = _BETWEEN.join(KEYS + tuple(keys[::-1] for keys in KEYS))
_WIDEST_STEP = 2
_WALK, _REPEATED = 3, 4


def is_walk(text: str) -> bool:
    """Whether a text is one sign again and again, a sequence (abc, 2468, 321), or a row of keys; of 3 signs or more."""
    if len(text) < _WALK:
        return False
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    if len(steps) == 1 and abs(min(steps)) <= _WIDEST_STEP:
        return True
    return text.lower() in _ROWS and _BETWEEN not in text


def bits(secret: str) -> float:
    """How many bits a secret has at most: what can't be guessed of it, times the bits of each sign."""
    fresh = sum(not _is_foreseen(secret, end) for end in range(1, len(secret) + 1))
    return fresh * math.log2(max(1, len(set(secret))))


def _is_foreseen(text: str, end: int) -> bool:
    """Whether the sign before `end` goes on with a walk, or with what stood there before."""
    start = end - _REPEATED
    return is_walk(text[max(0, end - _WALK) : end]) or (start > 0 and text.find(text[start:end]) < start)
