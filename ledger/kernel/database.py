"""A database: engines for writing and reading, and the loop that runs a unit of work on SQLite or PostgreSQL."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.causes import cause_of
from ledger.kernel.engines import is_sqlite, reader_engine, writer_engine
from ledger.kernel.errors import Unavailable
from ledger.kernel.faults import (
    RACES,
    find_unavailable,
    is_lost_race,
    is_write_refused,
    lost_for_good,
    must_rerun,
)
from ledger.kernel.group_commit import WAIT_SECONDS, GroupWriter
from ledger.kernel.measures import measured_unit
from ledger.kernel.sending import driver_of
from ledger.kernel.unit import Unit, refuse_inside

_RERUNS = 6


class Database:
    """A database with its engines. Thread-safe, and usable after a fork."""

    def __init__(self, url: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.url = url
        # Whether it is known to be founded by the installation that uses it; `in_transaction` asks once.
        self.is_known = False
        self._wait_seconds = wait_seconds
        self._left_behind: list[sa.Engine] = []
        self._open()
        _databases.add(self)

    def run_unit(self, unit: Unit) -> Any:
        """Run a unit to its end; returns its value or raises its error."""
        with measured_unit():
            if self._group is not None:
                self._group.submit(unit)
            else:
                self._run_on_postgres(unit)
            if unit.error is not None:
                raise unit.error
            return unit.value

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A read-only session on one snapshot; raises Unavailable if none can be had in time."""
        refuse_inside()
        try:
            with Session(self.reader, expire_on_commit=False) as session, session.begin():
                yield session
        except sa.exc.SQLAlchemyError as error:
            told = find_unavailable(error)
            if told is None or is_write_refused(error):
                raise
            raise told from error

    def cause_of(self, error: BaseException) -> str | None:
        """What an operator is told of an error of this database; None if the error doesn't come from it."""
        return cause_of(error, self.url)

    def hold(self) -> None:
        """Open a connection and leave it in the pool, so that nothing is restored under a service that has no requests.

        Does nothing where the database can't be had now: whoever asks it first is told.
        """
        with suppress(sa.exc.SQLAlchemyError, Unavailable), self.writer.connect():
            pass

    def close(self) -> None:
        """Close all connections. SQLite's last one moves what its log holds into the main file."""
        self.writer.dispose()
        self.reader.dispose()

    def settle(self) -> None:
        """Move what SQLite's log holds into the main file, and close. Does nothing on PostgreSQL."""
        if self._group is not None:
            with self.writer.connect() as connection:
                driver_of(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()

    def reopen_after_fork(self) -> None:
        """Start with no connections, and leave the parent's open for the parent."""
        self._left_behind += [self.writer, self.reader]
        self._open()

    def _open(self) -> None:
        self.writer = writer_engine(self.url)
        self.reader = reader_engine(self.url, self.writer)
        self._group = GroupWriter(self.writer, wait_seconds=self._wait_seconds) if is_sqlite(self.url) else None

    def _run_on_postgres(self, unit: Unit) -> None:
        races = 0
        for attempt in range(1, _RERUNS + 1):
            try:
                with self.writer.begin() as connection:
                    unit.run(connection)
                return
            except sa.exc.SQLAlchemyError as error:
                if is_lost_race(error):
                    races += 1
                    if races == RACES:
                        raise lost_for_good(error) from error
                    continue
                if not isinstance(error, sa.exc.DBAPIError) or not must_rerun(error):
                    told = find_unavailable(error)
                    if told is None:
                        raise
                    raise told from error
            # No locks are held while waiting, so the next try meets a different interleaving.
            time.sleep(random.uniform(0.002, 0.02) * attempt)  # noqa: S311 - spread, not secrecy
        raise Unavailable("service.busy")


_databases: WeakSet[Database] = WeakSet()


def _reopen_all() -> None:
    for database in list(_databases):
        database.reopen_after_fork()


os.register_at_fork(after_in_child=_reopen_all)
