"""What a check finds, and how it tells how far it is."""

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
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the facts say. `check` names what was compared (words.py), `expected` what was computed.

    Amounts are in minor units of `unit`; where the two are no amounts, `unit` is "". `row_id` is the row's key, for a
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


def stream(session: Session, query: "sa.Select[Any] | sa.CompoundSelect[Any]") -> Iterator[Any]:
    """Rows of a query, fetched a chunk at a time, so that a book of any size fits."""
    yield from session.connection().execute(query, execution_options={"yield_per": CHUNK})


def has_rows(session: Session, query: "sa.Select[Any]") -> bool:
    """Whether a query that should find nothing finds something.

    All is counted: of a LIMIT, PostgreSQL would expect to be there soon, and look each row up by index instead of
    joining the tables.
    """
    return bool(session.connection().execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())


def in_chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    """The rows in lists of a size that one more statement can name."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def source_chunks(
    session: Session, scope: Scope, query: "sa.Select[Any]", source_type: str, source_id: "sa.Column[Any]"
) -> Iterator[list[Any]]:
    """Rows of sources in chunks: all of them, or those that have posted something new."""
    if scope.since is None:
        yield from in_chunks(stream(session, query))
        return
    refs = (row[0] for row in stream(session, scope.new_sources(source_type)))
    for chunk in in_chunks(ref for ref in refs if as_key(ref) is not None):
        yield list(session.connection().execute(query.where(source_id.in_([int(ref) for ref in chunk]))))


def as_key(ref: str) -> int | None:
    """The key that a batch names as its source; None where it names no row of ours."""
    return int(ref) if ref.isascii() and ref.isdigit() and int(ref) < 1 << 63 else None
