"""Group commit on SQLite: units that wait are run one after another and made durable by one COMMIT.

Flat combining: the thread that finds the writer free leads, runs its own unit and all that wait, commits once and
then wakes them. Nobody is answered before COMMIT. SQLite ends a whole transaction by itself on a full disk, an I/O
error or an interrupt, so the driver is asked after every unit and before COMMIT whether the transaction still stands;
if not, every unit of the group is run again alone.
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
from ledger.kernel.faults import RACES, find_unavailable, is_lost_race, lost_for_good
from ledger.kernel.measures import GROUP_SIZE
from ledger.kernel.sending import driver_of
from ledger.kernel.unit import Unit

_log = logging.getLogger(__name__)
MOST_PER_GROUP = 128
GROUP_SECONDS = 0.25
WAIT_SECONDS = 30.0


class TransactionGoneError(Exception):
    """SQLite has ended the transaction by itself: what was run in it is not there."""


_LOST = (TransactionGoneError, sa.exc.OperationalError, sa.exc.TimeoutError, sqlite3.Error)


class _Ticket:
    """A unit in the queue, until when its caller waits, and the lock it sleeps on.

    `done` means the unit was committed or has failed for good; `gone` that its caller no longer waits for it.
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
        """Run the unit and return once it is durable or has failed; Unavailable after the longest wait."""
        own = _Ticket(unit, time.monotonic() + self._wait_seconds)
        group = [own]
        try:
            self._come(own)
            if own.leads:
                self._run_group(group)
        finally:
            # Whatever happens to this thread, nobody is left asleep: what is done is answered, the rest runs again.
            self._leave(own, group)

    def _come(self, own: _Ticket) -> None:
        """Lead at once where nobody does, else sleep until done or made leader."""
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
        # The unit may be running this very moment, so the refusal is raised here and not written into it.
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
        """Whoever has waited longest and still does; the mutex is held."""
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
        """The writer's connection with BEGIN done; another process may hold it up no longer than the ticket waits."""
        with self._engine.connect() as connection:
            milliseconds = int(ticket.seconds_left() * 1000)
            driver_of(connection).execute(f"PRAGMA busy_timeout={milliseconds}")
            with connection.begin():
                yield connection


def _run_on(connection: sa.Connection, unit: Unit) -> None:
    """Run a unit inside a savepoint; its error is kept for its caller, on whose thread it is raised.

    What is thrown into this thread from outside (an interpreter that stops) is no unit's error and ends the group.
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
    """Take back all that a unit did: not left to the session, whose own savepoints may be what failed."""
    try:
        driver.execute("ROLLBACK TO unit")
    except sqlite3.Error:
        raise TransactionGoneError from error


def _commit(connection: sa.Connection, group: Sequence[_Ticket]) -> None:
    """COMMIT, sent as SQL: the driver's own commit() says nothing when there is no transaction any more."""
    driver = driver_of(connection)
    if not driver.in_transaction:
        raise TransactionGoneError
    committed: list[Any] = []
    try:
        # One step of the interpreter, so that not even a thread being stopped gets in between COMMIT and the note of
        # it; a unit that is durable without the note would be run a second time.
        committed.extend(map(driver.execute, ("COMMIT",)))
    except sqlite3.Error as error:
        raise TransactionGoneError from error
    finally:
        if committed:
            for ticket in group:
                ticket.done = True


def _told(error: BaseException) -> BaseException:
    """What the caller of a unit that was lost even alone is told: busy, a failed storage, or the fault itself."""
    # A full disk shows as a savepoint that is not there any more, so what was raised first is looked for.
    told = next(filter(None, map(find_unavailable, _origins(error))), None)
    if told is None and isinstance(error, TransactionGoneError):
        told = Unavailable("service.storage_failed")
    if told is None:
        return error
    _log.error("a unit could not be stored: %s", _origins(error)[-1])
    told.__cause__ = error
    return told


def _origins(error: BaseException) -> list[BaseException]:
    """The error and what led to it, first cause last; an error raised twice can be its own cause."""
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or found.__context__
    return chain
