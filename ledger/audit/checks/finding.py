"""What a check finds, and how it reports progress."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.audit.checks.scope import Scope

T = TypeVar("T")
Value = int | str | datetime | None
Values = dict[str, int] | None
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that contradicts the facts. `check` names what was compared (words.py), `expected` the recomputed value.

    Amounts are in minor units of `unit`; `unit` is "" if the values are not amounts. `row_id` is the row's key; for a
    leaf its index, for a block its number, for a checkpoint its size, for a node its position.
    """

    check: str
    table: str
    row_id: int
    expected: Value = None
    found: Value = None
    unit: str = ""


Advance = Callable[[int], None]
Check = Callable[[Session, Scope, Advance], Iterator[Difference]]


def stream(session: Session, query: "sa.Select[Any] | sa.CompoundSelect[Any]", values: Values = None) -> Iterator[Any]:
    """Stream the rows of a query in chunks, so that a book of any size fits in memory."""
    yield from session.connection().execute(query, values, execution_options={"yield_per": CHUNK})


def count_of(query: "sa.Select[Any]") -> "sa.Select[int]":
    """The number of rows of a query that should find nothing, for `has_rows`.

    Counts all rows: with a LIMIT, PostgreSQL expects to find one soon and looks up each row by index instead of joining
    the tables.
    """
    return sa.select(sa.func.count()).select_from(query.subquery())


def has_rows(session: Session, count: "sa.Select[int]", values: Values) -> bool:
    """Whether a query, given as `count_of` it, finds something."""
    return bool(session.connection().execute(count, values).scalar_one())


def in_chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    """Split rows into lists small enough for one IN clause."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def source_chunks(
    session: Session, scope: Scope, query: "sa.Select[Any]", source_type: str, source_id: "sa.Column[Any]"
) -> Iterator[list[Any]]:
    """Rows of sources in chunks: all of them, or only those with new postings."""
    if scope.since is None:
        yield from in_chunks(stream(session, query))
        return
    refs = (row[0] for row in stream(session, scope.new_sources(source_type), scope.values))
    for chunk in in_chunks(ref for ref in refs if as_key(ref) is not None):
        yield list(session.connection().execute(query.where(source_id.in_([int(ref) for ref in chunk]))))


def as_key(ref: str) -> int | None:
    """The key in a batch's source reference; None if it can't be one of our keys."""
    return int(ref) if ref.isascii() and ref.isdigit() and int(ref) < 1 << 63 else None
