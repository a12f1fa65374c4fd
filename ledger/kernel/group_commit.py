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
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.errors import Unavailable
from ledger.kernel.unit import Unit, is_refusal

_log = logging.getLogger(__name__)
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_STORAGE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
}
MOST_PER_GROUP = 128
GROUP_SECONDS = 0.25
WAIT_SECONDS = 30.0


class TransactionGoneError(Exception):
    """SQLite has ended the transaction by itself: what was run in it is not there."""


class _Ticket:
    """A unit in the queue and the lock its caller sleeps on."""

    __slots__ = ("answered", "durable", "leads", "unit", "wake")

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.wake = threading.Lock()
        self.wake.acquire()
        self.leads = False
        self.durable = False
        self.answered = False

    def answer(self) -> None:
        self.answered = True
        self.wake.release()


class GroupWriter:
    """The only way to write to a SQLite database from this process."""

    def __init__(self, engine: sa.Engine, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._engine = engine
        self._wait_seconds = wait_seconds
        self._mutex = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._busy = False

    def submit(self, unit: Unit) -> None:
        """Run the unit and return once it is durable or has failed; Unavailable after the longest wait."""
        ticket = _Ticket(unit)
        with self._mutex:
            if self._busy:
                self._waiting.append(ticket)
            else:
                self._busy = ticket.leads = True
        if not ticket.leads:
            self._sleep(ticket)
        if ticket.leads:
            self._lead(ticket)

    def _sleep(self, ticket: _Ticket) -> None:
        if ticket.wake.acquire(timeout=self._wait_seconds):
            return
        with self._mutex:
            if ticket.leads or ticket.answered:
                return
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        # The unit may be running this very moment, so the refusal is raised here and not written into it.
        raise Unavailable("service.busy")

    def _lead(self, own: _Ticket) -> None:
        group = [own]
        try:
            self._run_group(group)
        finally:
            # Whatever happened to this thread, nobody is left asleep: what is durable is answered, the rest runs again.
            self._hand_over(group, own)

    def _hand_over(self, group: list[_Ticket], own: _Ticket) -> None:
        others = [ticket for ticket in group if ticket is not own]
        for ticket in others:
            if ticket.durable:
                ticket.answer()
        with self._mutex:
            self._waiting[:0] = [ticket for ticket in others if not ticket.durable]
            if not self._waiting:
                self._busy = False
                return
            heir = self._waiting.pop(0)
            heir.leads = True
        heir.wake.release()

    def _take(self, group: list[_Ticket]) -> _Ticket | None:
        with self._mutex:
            if len(group) >= MOST_PER_GROUP or not self._waiting:
                return None
            ticket = self._waiting.pop(0)
            group.append(ticket)
            return ticket

    def _run_group(self, group: list[_Ticket]) -> None:
        try:
            self._commit_together(group)
        except (TransactionGoneError, sa.exc.OperationalError):
            _log.warning("a group of %d units lost its transaction; running them one by one", len(group))
            for ticket in group:
                self._run_alone(ticket)

    def _commit_together(self, group: list[_Ticket]) -> None:
        with self._engine.connect() as connection, connection.begin():
            until = time.monotonic() + GROUP_SECONDS
            ticket: _Ticket | None = group[0]
            while ticket is not None:
                _run_on(connection, ticket.unit)
                ticket = self._take(group) if time.monotonic() < until else None
            _commit(connection)
        for ticket in group:
            ticket.durable = True

    def _run_alone(self, ticket: _Ticket) -> None:
        try:
            with self._engine.connect() as connection, connection.begin():
                _run_on(connection, ticket.unit)
                _commit(connection)
        except (TransactionGoneError, sa.exc.OperationalError) as error:
            _log.error("a unit could not be stored: %s", error)
            ticket.unit.error = _storage_error(error)
        ticket.durable = True


def _run_on(connection: sa.Connection, unit: Unit) -> None:
    try:
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            with session.begin():
                unit.run(session)
    except sa.exc.OperationalError:
        raise
    except BaseException as error:  # it belongs to the unit's caller, on whose thread it is raised
        unit.error = error
        if not is_refusal(error) and not _stands(connection):
            raise TransactionGoneError from error
    if not _stands(connection):
        raise TransactionGoneError


def _stands(connection: sa.Connection) -> bool:
    driver: Any = connection.connection.driver_connection
    return bool(driver.in_transaction)


def _commit(connection: sa.Connection) -> None:
    if not _stands(connection):
        raise TransactionGoneError
    # Sent as SQL: the driver's own commit() says nothing when there is no transaction any more.
    connection.exec_driver_sql("COMMIT")


def _storage_error(error: Exception) -> BaseException:
    """What the caller is told: busy, a failed storage, or the fault itself where it is neither."""
    cause = error.orig if isinstance(error, sa.exc.OperationalError) else error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None and not isinstance(error, TransactionGoneError):
        return error
    primary = None if code is None else code & 0xFF
    if primary is not None and primary not in _BUSY | _STORAGE:
        return error
    failure = Unavailable("service.busy" if primary in _BUSY else "service.storage_failed")
    failure.__cause__ = error
    return failure
