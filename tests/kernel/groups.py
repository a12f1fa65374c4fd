"""Deliberate groups of units on SQLite: the first leads and waits inside its unit until the others queue."""

import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any

from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction_once
from ledger.kernel.idempotency import Once
from tests.at_once import LONGEST_SECONDS
from tests.kernel.rows import add

Work = Callable[[Session], Any]


JOB = "job"


def adding(slot: str) -> Work:
    """A unit that writes one row."""
    return lambda session: add(session, JOB, slot)


def failing(error: BaseException) -> Work:
    """A unit that writes and then fails."""

    def work(session: Session) -> None:
        add(session, JOB, "of the failed")
        session.flush()
        raise error

    return work


class ThreadStop(BaseException):
    """Thrown into a thread like at interpreter shutdown; no unit raises it by itself."""


class Groups:
    """A SQLite database, and the statements that its writer received."""

    def __init__(self, database: Database) -> None:
        assert database._group is not None
        self.database = database
        self.queue = database._group._waiting
        self.statements: list[str] = []
        self.driver.set_trace_callback(self.statements.append)

    @property
    def driver(self) -> Any:
        """The writer's one connection."""
        with self.database.writer.connect() as connection:
            return connection.connection.driver_connection

    def count(self, statement: str) -> int:
        """How often the writer received a statement."""
        return self.statements.count(statement)

    def run(self, *works: Work, keys: Sequence[Once | None] = ()) -> list[Any]:
        """Run the works as one group in this order, under their keys; returns each caller's value or error."""
        outcomes: list[Any] = [None] * len(works)
        leading, all_there = threading.Event(), threading.Event()

        def first(session: Session) -> Any:
            leading.set()
            assert all_there.wait(LONGEST_SECONDS)
            return works[0](session)

        def call(number: int, work: Work) -> None:
            try:
                outcomes[number] = in_transaction_once(keys[number] if keys else None, work)
            except BaseException as error:  # a test looks at it
                outcomes[number] = error

        threads = []
        for number, work in enumerate((first, *works[1:])):
            threads.append(threading.Thread(target=copy_context().run, args=(call, number, work), daemon=True))
            threads[-1].start()
            assert leading.wait(LONGEST_SECONDS)
            self.await_queue(number)
        all_there.set()
        for thread in threads:
            thread.join(LONGEST_SECONDS)
        assert not any(thread.is_alive() for thread in threads), "somebody was left asleep"
        return outcomes

    def await_queue(self, length: int) -> None:
        """Wait until this many queue behind the leader."""
        until = time.monotonic() + LONGEST_SECONDS
        while len(self.queue) < length:
            assert time.monotonic() < until, f"{len(self.queue)} of {length} came"
            time.sleep(0.001)
