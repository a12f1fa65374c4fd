"""Keys: 64-bit, ordered by time, made in the application; and their opaque public form.

41 bits of milliseconds since 2025, 10 random bits per process, 12 bits of a counter. Keys ignore the injected clock,
so that a rehearsal can't repeat them. If two processes make the same key, the primary key detects it and the unit is
run again.
"""

import os
import secrets
import threading
import time

_EPOCH_MS = 1_735_689_600_000
_COUNTER_BITS = 12
_PROCESS_BITS = 10
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_PUBLIC_LENGTH = 13


class _Maker:
    """Makes keys; an exhausted counter borrows from the next millisecond instead of repeating."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.restart()

    def restart(self) -> None:
        self._process = secrets.randbelow(1 << _PROCESS_BITS)
        self._last = 0

    def next(self) -> int:
        with self._lock:
            tick = (int(time.time() * 1000) - _EPOCH_MS) << _COUNTER_BITS
            self._last = max(tick, self._last + 1)
            milliseconds, counter = divmod(self._last, 1 << _COUNTER_BITS)
            return (((milliseconds << _PROCESS_BITS) | self._process) << _COUNTER_BITS) | counter


_maker = _Maker()
os.register_at_fork(after_in_child=_maker.restart)


def new_id() -> int:
    """A new key, larger than all earlier keys of this process."""
    return _maker.next()


def public_id(key: int) -> str:
    """The public form of a key: 13 lower-case letters and digits without meaning."""
    letters = []
    for _ in range(_PUBLIC_LENGTH):
        key, value = divmod(key, 32)
        letters.append(_ALPHABET[value])
    return "".join(reversed(letters))


def parse_public_id(text: str) -> int:
    """The key of a public form; raises ValueError if it isn't one."""
    if len(text) != _PUBLIC_LENGTH:
        raise ValueError(f"{text!r} is no id")
    key = 0
    for letter in text:
        if letter not in _VALUES:
            raise ValueError(f"{text!r} is no id")
        key = key * 32 + _VALUES[letter]
    if key >= 1 << 63:
        raise ValueError(f"{text!r} is no id")
    return key
