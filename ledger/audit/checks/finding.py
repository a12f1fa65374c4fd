"""What a check finds, and how it tells how far it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

T = TypeVar("T")
Value = int | str | datetime | None
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the facts say. `check` names what was compared (words.py), `expected` what was computed.

    Amounts are in minor units of `unit`; where the two are no amounts, `unit` is "".
    """

    check: str
    table: str
    row_id: int
    expected: Value = None
    found: Value = None
    unit: str = ""


Advance = Callable[[int], None]
Check = Callable[[Session, int, Advance], Iterator[Difference]]


def stream(session: Session, query: sa.Select[Any]) -> Iterator[Any]:
    """Rows of a query, fetched a chunk at a time, so that a book of any size fits."""
    yield from session.connection().execute(query, execution_options={"yield_per": CHUNK})


def in_chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    """The rows in lists of a size that one more statement can name."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
