"""Keeps JSON within bounds: no more nesting, members and digits than any request of ours has, and no name twice.

A name twice means one thing to us and maybe another to whoever checked it before us. NaN and Infinity are not JSON, and
1e999 is a number that nobody can count with.
"""

import json
import math
from typing import Any

from ledger.kernel.errors import LedgerError

MOST_DEEP = 16
MOST_IN_OBJECT = 200
MOST_IN_LIST = 2_000
# In the whole body, those of lists and objects together.
MOST_MEMBERS = 30_000
MOST_DIGITS = 100


def check(body: bytes) -> None:
    """Raises ValueError if it is no JSON, LedgerError("request.too_complex") if there is too much of it."""
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_no_number,
        )
    except RecursionError as error:
        raise LedgerError("request.too_complex") from error
    _refuse_too_much(value)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(members) > MOST_IN_OBJECT:
        raise LedgerError("request.too_complex")
    for name, _value in members:
        name.encode()  # an answer couldn't name half a surrogate pair; in a value it can be told at its field
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a name comes twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if len(digits) > MOST_DIGITS or not math.isfinite(number):
        raise ValueError("a number has too many digits")
    return number


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _refuse_too_much(value: Any) -> None:
    """Level by level, so that no depth is too much for the stack."""
    level, members = [value], 0
    for _ in range(MOST_DEEP):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                if len(each) > MOST_IN_LIST:
                    raise LedgerError("request.too_complex")
                inner += each
        members += len(inner)
        if not inner:
            return
        if members > MOST_MEMBERS:
            break
        level = inner
    raise LedgerError("request.too_complex")
