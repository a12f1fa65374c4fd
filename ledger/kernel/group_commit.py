"""Group commit on SQLite: waiting units run one after another and share one COMMIT.

Flat combining: the thread that finds the writer free becomes leader, runs its own unit and all waiting ones, commits
once and then wakes their callers. Nobody is answered before COMMIT. SQLite rolls back a whole transaction by itself on
a full disk, an I/O error or an interrupt, so the leader checks after every unit and before COMMIT that the transaction
is still open; if not, every unit of the group is run again alone.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ledger.kernel.errors import Unavailable
from ledger.kernel.faults import RACES, find_unavailable, is_lost_race, lost_for_good, origins
from ledger.kernel.measures import GROUP_SIZE
from ledger.kernel.sending import driver_of
from ledger.kernel.unit import Unit

_log = logging.getLogger(__name__)
MOST_PER_GROUP = 128
GROUP_SECONDS = 0.25
WAIT_SECONDS = 30.0


class TransactionGoneError(Exception):
    """SQLite ended the transaction by itself: its changes are lost."""


_LOST = (TransactionGoneError, sa.exc.OperationalError, sa.exc.TimeoutError, sqlite3.Error)


class _Ticket:
    """A queued unit, its caller's deadline, and the lock on which the caller sleeps.

    `done`: the unit was committed or failed for good. `gone`: its caller no longer waits.
    """

    __slots__ = ("done", "gone", "leads", "unit", "until", "wake")

    def __init__(self, unit: Unit, until: float) -> None:
        self.unit = unit
        self.until = until
        self.wake = threading.Lock()
        self.wake.acquire()
        self.leads = self.done = self.gone = False

    def seconds_left(self) -> float:
        return max(0.0, self.until - time.monotonic())


class GroupWriter:
    """The only way to write to a SQLite database from this process."""

    def __init__(self, engine: sa.Engine, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._engine = engine
        self._wait_seconds = wait_seconds
        self._mutex = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._led = False

    def submit(self, unit: Unit) -> None:
        """Run the unit and return once it is durable or has failed; raises Unavailable on timeout."""
        own = _Ticket(unit, time.monotonic() + self._wait_seconds)
        group = [own]
        try:
            self._come(own)
            if own.leads:
                self._run_group(group)
        finally:
            # Whatever happens to this thread, wake everybody: done units are answered, the others run again.
            self._leave(own, group)

    def _come(self, own: _Ticket) -> None:
        """Become leader if there is none, else sleep until the unit is done or this thread is made leader."""
        with self._mutex:
            if not self._led:
                self._led = own.leads = True
                return
            self._waiting.append(own)
        if own.wake.acquire(timeout=own.seconds_left()):
            return
        with self._mutex:
            if own.leads or own.done:
                return
            own.gone = True
        # The unit may be running right now, so raise the refusal here instead of storing it in the unit.
        raise Unavailable("service.busy")

    def _leave(self, own: _Ticket, group: list[_Ticket]) -> None:
        with self._mutex:
            own.gone = True
            if not own.leads:
                return
            self._waiting.extendleft(ticket for ticket in reversed(group) if not ticket.done)
            heir = self._next()
            self._led = heir is not None
            if heir is not None:
                heir.leads = True
        for ticket in group:
            if ticket.done and ticket is not own:
                ticket.wake.release()
        if heir is not None:
            heir.wake.release()

    def _next(self) -> _Ticket | None:
        """The longest-waiting caller that hasn't given up. Call with the mutex held."""
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.gone:
                return ticket
        return None

    def _take(self, group: list[_Ticket]) -> _Ticket | None:
        with self._mutex:
            ticket = self._next() if len(group) < MOST_PER_GROUP else None
            if ticket is not None:
                group.append(ticket)
            return ticket

    def _run_group(self, group: list[_Ticket]) -> None:
        try:
            self._commit_together(group)
        except _LOST as error:
            if len(group) > 1:
                _log.warning("a group of %d units lost its transaction, each is run alone: %s", len(group), error)
            for ticket in group:
                self._run_alone(ticket)

    def _commit_together(self, group: list[_Ticket]) -> None:
        with self._transaction(group[0]) as connection:
            until = time.monotonic() + GROUP_SECONDS
            ticket: _Ticket | None = group[0]
            while ticket is not None:
                _run_on(connection, ticket.unit)
                ticket = self._take(group) if time.monotonic() < until else None
            _commit(connection, group)
        GROUP_SIZE.observe(len(group))

    def _run_alone(self, ticket: _Ticket) -> None:
        try:
            with self._transaction(ticket) as connection:
                _run_on(connection, ticket.unit)
                _commit(connection, [ticket])
            GROUP_SIZE.observe(1)
        except _LOST as error:
            ticket.unit.error = _told(error)
            ticket.done = True

    @contextmanager
    def _transaction(self, ticket: _Ticket) -> Iterator[sa.Connection]:
        """The writer's connection inside a transaction; waits for other processes no longer than the ticket does."""
        with self._engine.connect() as connection:
            milliseconds = int(ticket.seconds_left() * 1000)
            driver_of(connection).execute(f"PRAGMA busy_timeout={milliseconds}")
            with connection.begin():
                yield connection


def _run_on(connection: sa.Connection, unit: Unit) -> None:
    """Run a unit inside a savepoint and store its error, to be raised on its caller's thread.

    Exceptions thrown into this thread from outside (interpreter shutdown) belong to no unit and end the group.
    """
    driver = driver_of(connection)
    for attempt in range(1, RACES + 1):
        driver.execute("SAVEPOINT unit")
        try:
            unit.run(connection)
        except Exception as error:
            if isinstance(error, sa.exc.OperationalError) and driver.in_transaction:
                raise
            unit.error = error
            _undo(driver, error)
        if not driver.in_transaction:
            raise TransactionGoneError from unit.error
        driver.execute("RELEASE unit")
        if not is_lost_race(unit.error):
            return
        if attempt == RACES:
            unit.error = lost_for_good(unit.error)


def _undo(driver: Any, error: Exception) -> None:
    """Roll back a unit; don't rely on the session, whose own savepoints may have failed."""
    try:
        driver.execute("ROLLBACK TO unit")
    except sqlite3.Error:
        raise TransactionGoneError from error


def _commit(connection: sa.Connection, group: Sequence[_Ticket]) -> None:
    """Send COMMIT as SQL: the driver's own commit() stays silent if the transaction is gone."""
    driver = driver_of(connection)
    if not driver.in_transaction:
        raise TransactionGoneError
    committed: list[Any] = []
    try:
        # One step of the interpreter, so that even a thread being stopped can't separate COMMIT from its record; a
        # durable unit without the record would be run a second time.
        committed.extend(map(driver.execute, ("COMMIT",)))
    except sqlite3.Error as error:
        raise TransactionGoneError from error
    finally:
        if committed:
            for ticket in group:
                ticket.done = True


def _told(error: BaseException) -> BaseException:
    """The error for the caller of a unit that failed even alone: busy, failed storage, or the error itself."""
    # A full disk surfaces as a missing savepoint, so look for the original error.
    told = next(filter(None, map(find_unavailable, origins(error))), None)
    if told is None and isinstance(error, TransactionGoneError):
        told = Unavailable("service.storage_failed")
    if told is None:
        return error
    _log.error("a unit could not be stored: %s", origins(error)[-1])
    told.__cause__ = error
    return told
