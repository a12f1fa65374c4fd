"""Statements sent past SQLAlchemy: those who listen to its engine are told all the same, and errors are the same.

On PostgreSQL what is told waits for the next question (pipelined.py); on SQLite nothing would be saved by that.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

from ledger.kernel.pipelined import PipelinedConnection


def driver_of(connection: sa.Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.driver_connection


def ask(connection: sa.Connection, text: str, values: Any) -> Sequence[Any]:
    """The rows that a statement answers. Raises sa.exc.DBAPIError, on PostgreSQL also of what was told before."""
    driver = driver_of(connection)
    try:
        announce(connection, text, values)
        if isinstance(driver, PipelinedConnection):
            return driver.ask(text, values)
        return list(driver.execute(text, values))
    except (sqlite3.Error, psycopg.Error) as error:
        raise _as_sqlalchemy_has_it(connection, text, error) from error


def tell(connection: sa.Connection, text: str, values: Any = (), *, many: bool = False) -> None:
    """Run a statement that answers nothing, with `many` for each of the values. Raises sa.exc.DBAPIError."""
    driver = driver_of(connection)
    try:
        announce(connection, text, values, many=many)
        if isinstance(driver, PipelinedConnection):
            driver.tell(text, values, many=many)
        elif many:
            driver.executemany(text, values)
        else:
            driver.execute(text, values)
    except (sqlite3.Error, psycopg.Error) as error:
        raise _as_sqlalchemy_has_it(connection, text, error) from error


def announce(connection: sa.Connection, text: str, values: Any = (), *, many: bool = False) -> None:
    """Tell those who listen to what the writer is sent: a count of statements, a fault that a test lets happen."""
    for hear in connection.dispatch.before_cursor_execute:
        hear(connection, None, text, values, None, many)
    events = connection.dialect.dispatch
    for hear in events.do_executemany if many else events.do_execute:
        hear(None, text, values, None)


def _as_sqlalchemy_has_it(connection: sa.Connection, text: str, error: Any) -> BaseException:
    """The class of SQLAlchemy's, without the values, for logs hold nothing personal; a lost connection is let go."""
    gone = connection.dialect.is_disconnect(error, driver_of(connection), None)
    kind: Any = sqlite3.Error if isinstance(error, sqlite3.Error) else psycopg.Error
    wrapped: BaseException = sa.exc.DBAPIError.instance(
        text, None, error, kind, hide_parameters=True, connection_invalidated=gone, dialect=connection.dialect
    )
    if gone:
        connection.invalidate(error)
    return wrapped
