"""Sends statements past SQLAlchemy, but notifies its engine's listeners and raises its errors all the same.

On PostgreSQL, statements without results wait for the next query (pipelined.py); SQLite wouldn't gain from that.
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
    """Run a query and return its rows. Raises sa.exc.DBAPIError, on PostgreSQL also for deferred statements."""
    driver = driver_of(connection)
    try:
        announce(connection, text, values)
        if isinstance(driver, PipelinedConnection):
            return driver.ask(text, values)
        return list(driver.execute(text, values))
    except (sqlite3.Error, psycopg.Error) as error:
        raise _as_sqlalchemy_has_it(connection, text, error) from error


def tell(connection: sa.Connection, text: str, values: Any = (), *, many: bool = False) -> None:
    """Run a statement without results, with `many` once per element of `values`. Raises sa.exc.DBAPIError."""
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
    """Notify listeners of a statement: they count statements, or inject faults in tests."""
    for hear in connection.dispatch.before_cursor_execute:
        hear(connection, None, text, values, None, many)
    events = connection.dialect.dispatch
    for hear in events.do_executemany if many else events.do_execute:
        hear(None, text, values, None)


def _as_sqlalchemy_has_it(connection: sa.Connection, text: str, error: Any) -> BaseException:
    """Wrap in SQLAlchemy's error class, without values, which may be personal; invalidate lost connections."""
    gone = connection.dialect.is_disconnect(error, driver_of(connection), None)
    kind: Any = sqlite3.Error if isinstance(error, sqlite3.Error) else psycopg.Error
    wrapped: BaseException = sa.exc.DBAPIError.instance(
        text, None, error, kind, hide_parameters=True, connection_invalidated=gone, dialect=connection.dialect
    )
    if gone:
        connection.invalidate(error)
    return wrapped
