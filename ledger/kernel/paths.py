"""Tests whether a place is under another: a path holds the public ids from the top down, so it is a prefix test.

Paths consist of slashes and public ids, so they contain no wildcards of LIKE.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

# The whole center: every path begins with it. A role at the center's top place is held here.
ROOT = "/"


def is_top(path: str) -> bool:
    """Whether a path is that of a center's top place, which has one public id: /0A1B/."""
    return path.strip("/") != "" and "/" not in path.strip("/")


def is_under(path: str, above: Iterable[str]) -> bool:
    """Whether a path equals one of the others or is under one of them."""
    return path.startswith(tuple(above))


def under(path: InstrumentedAttribute[str] | sa.ColumnElement[Any], above: Iterable[str]) -> sa.ColumnElement[bool]:
    """`is_under` as a condition on a column; false without paths."""
    found = [path.startswith(each) for each in above]
    return sa.or_(*found) if found else sa.false()
