"""A unit that fails at any of its statements leaves nothing behind, and the next one succeeds."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.actor import system_actor
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.errors import Rejected
from ledger.kernel.idempotency import Once
from ledger.kernel.ids import new_id
from ledger.organisations.service import create_center
from ledger.points.book import service
from ledger.points.policy import POINT, AccountKey, Movement, Source
from ledger.tables import metadata
from tests.kernel.rows import add, new_job

JOB = new_job()


def booking(session: Session, center_id: int) -> str:
    """A typical unit: rows by the ORM, a posting, an answer."""
    add(session, JOB, str(new_id()))
    movement = Movement(AccountKey(POINT, "issuance"), AccountKey(POINT, "member", 7), 100, "award")
    source = Source("test", str(new_id()), "post")
    service.post(session, [movement], source=source, actor=system_actor(center_id), reason="test")
    add(session, JOB, str(new_id()))
    return "booked"


def refused(session: Session, center_id: int) -> str:
    """A unit that posts and is refused, with a row that is kept."""
    booking(session, center_id)
    raise Rejected("service.conflict", keep=lambda session: add(session, JOB, str(new_id())))


class Statements:
    """Counts the writer's statements, and fails one if `fail` has an error for its number."""

    _EVENTS = ("do_execute", "do_executemany", "do_execute_no_params")

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.sent = 0
        self.fail: Callable[[int], BaseException | None] = lambda _number: None

    def _before(self, *_arguments: Any) -> None:
        self.sent += 1
        error = self.fail(self.sent)
        if error is not None:
            raise error

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count and fail only within the block."""
        self.sent = 0
        for name in self._EVENTS:
            sa.event.listen(self._engine, name, self._before)
        try:
            yield
        finally:
            for name in self._EVENTS:
                sa.event.remove(self._engine, name, self._before)


def _state(session: Session) -> tuple[dict[str, int], list[Any]]:
    """Row counts of the tables that the units write to, and the accounts with their counters."""
    counts = {
        name: session.scalar(sa.select(sa.func.count()).select_from(metadata.tables[name])) or 0
        for name in ("job_run", "idempotency", "batch", "transfer", "account")
    }
    accounts = metadata.tables["account"]
    return counts, [tuple(row) for row in session.execute(sa.select(accounts).order_by(accounts.c.id))]


def _grown(before: tuple[dict[str, int], Any], after: tuple[dict[str, int], Any]) -> dict[str, int]:
    """The number of new rows per table."""
    return {name: after[0][name] - before[0][name] for name in after[0] if after[0][name] != before[0][name]}


def _error(database: Database, *, fault: bool) -> Exception:
    if fault:
        return RuntimeError("a fault of ours")
    if database.url.startswith("sqlite"):
        return sqlite3.OperationalError("disk I/O error")
    return psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize("work", [booking, refused])
@pytest.mark.parametrize("fault", [True, False], ids=["fault", "driver"])
@pytest.mark.parametrize("once_only", [True, False], ids=["once", "from-then-on"])
def test_unit_that_fails_at_each_statement(own_database: Database, work: Any, fault: bool, once_only: bool) -> None:
    center_id = in_transaction(create_center, name="演示区")
    statements = Statements(own_database.writer)

    def run() -> object:
        once = Once(center_id, "scope", str(new_id()), "hash")
        try:
            with statements.watched():
                return in_transaction_once(once, work, center_id)
        except Exception as caught:
            return caught

    run()  # opens the accounts
    before = in_snapshot(_state)
    expected = run()
    assert expected == "booked" or isinstance(expected, Rejected)
    grown, total = _grown(before, in_snapshot(_state)), statements.sent
    assert total > 10
    for number in range(1, total + 1):
        statements.fail = lambda sent, number=number: (
            _error(own_database, fault=fault) if sent == number or (sent > number and not once_only) else None
        )
        before = in_snapshot(_state)
        outcome = run()
        after = in_snapshot(_state)
        if str(outcome) == str(expected):
            # A group that lost its transaction is run again, without the failure.
            assert _grown(before, after) == grown
        else:
            assert isinstance(outcome, Exception)
            assert after == before, f"statement {number} failed and something stayed"
    statements.fail = lambda _number: None
    assert str(run()) == str(expected)
    assert (own_database.writer.pool.checkedout(), own_database.reader.pool.checkedout()) == (0, 0)
