"""Under a place: a place's path holds the public ids from the top down, so what is under it begins with its path.

A path is of slashes and public ids, hence free of LIKE's wildcards.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute


def is_under(path: str, above: Iterable[str]) -> bool:
    """Whether a path is one of those above or under one of them."""
    return path.startswith(tuple(above))


def under(path: InstrumentedAttribute[str] | sa.ColumnElement[Any], above: Iterable[str]) -> sa.ColumnElement[bool]:
    """`is_under` of a column; nothing is under no path."""
    found = [path.startswith(each) for each in above]
    return sa.or_(*found) if found else sa.false()
