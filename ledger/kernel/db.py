"""The one place that commits.

`in_transaction(work, …)` runs `work(session, …)` as a unit and returns its plain value once that is durable;
`in_snapshot(query, …)` reads one snapshot. Inside a unit there is no network, no password hashing and no second
connection, because it holds the writer and may be run again.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.engines import is_sqlite, reader_engine, writer_engine
from ledger.kernel.errors import Unavailable
from ledger.kernel.group_commit import GroupWriter
from ledger.kernel.idempotency import Once
from ledger.kernel.unit import Unit, refuse_mapped

P = ParamSpec("P")
T = TypeVar("T")

_RERUN_STATES = {"40001", "40P01"}
_BUSY_STATES = {"55P03", "57P01", "57P02", "57P03"}
_RERUNS = 6


class Database:
    """A database and the way to read and write it. Safe to use from many threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.writer = writer_engine(url)
        self.reader = reader_engine(url, self.writer)
        self._group = GroupWriter(self.writer) if is_sqlite(url) else None

    def run_unit(self, unit: Unit) -> Any:
        """Run a unit to its end: its value, or its error raised here."""
        if self._group is not None:
            self._group.submit(unit)
        else:
            self._run_on_postgres(unit)
        if unit.error is not None:
            raise unit.error
        return unit.value

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that sees one state of the database and can't write."""
        with Session(self.reader, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give back all connections."""
        self.writer.dispose()
        self.reader.dispose()

    def _run_on_postgres(self, unit: Unit) -> None:
        for attempt in range(_RERUNS):
            try:
                with Session(self.writer, expire_on_commit=False) as session, session.begin():
                    unit.run(session)
                return
            except sa.exc.DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None) or ""
                if state in _BUSY_STATES or state.startswith("08"):
                    raise Unavailable("service.busy") from error
                if state not in _RERUN_STATES:
                    raise
            # Nobody holds a lock while it waits, so the next try meets another order of events.
            time.sleep(random.uniform(0.002, 0.02) * (attempt + 1))  # noqa: S311 - spread, not secrecy
        raise Unavailable("service.busy")


_current: ContextVar[Database | None] = ContextVar("database", default=None)


def use(database: Database) -> None:
    """Make `database` the one of this context; the web kit does it for each request, a command at its start."""
    _current.set(database)


def current() -> Database:
    """The database of this context."""
    database = _current.get()
    if database is None:
        raise RuntimeError("no database in this context: call ledger.kernel.db.use first")
    return database


def in_transaction(
    work: Callable[Concatenate[Session, P], T],
    /,
    *args: Any,
    once: Once | None = None,
    **kwargs: Any,
) -> T:
    """Run `work(session, *args, **kwargs)` as one unit and return its value after COMMIT.

    With `once` a second call with the same key returns the first one's value (or raises its refusal) and runs nothing.
    Raises what the work raised; Unavailable("service.busy") when the database could not be had in time.
    """
    value: T = current().run_unit(Unit(lambda session: work(session, *args, **kwargs), once))
    return value


def in_snapshot(query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Read `query(session, *args, **kwargs)` from one snapshot; it must return plain values."""
    with current().snapshot() as session:
        value = query(session, *args, **kwargs)
        refuse_mapped(value)
        return value
