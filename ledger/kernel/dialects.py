"""SQLAlchemy dialects for the two databases.

They send savepoints, which every unit sets, straight to the driver, and tell others that the database is in use, so
that none is restored while it is open.
"""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from ledger.kernel.pipelined import PipelinedConnection
from ledger.kernel.postgres_lock import share_lock
from ledger.kernel.sending import announce, driver_of, tell
from ledger.kernel.sqlite_files import Hold, open_for_use


class HeldConnection(sqlite3.Connection):
    """A connection to a SQLite file that shares its lock as long as it is open."""

    hold: Hold

    def close(self) -> None:
        """Close, and only then give back the share."""
        super().close()
        self.hold.end()


class SqliteDialect(SQLiteDialect_pysqlite):
    """SQLite with Python's own driver."""

    supports_statement_cache = True

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """A new connection to a file that is there.

        Raises Unavailable("service.restoring"), sqlite3.OperationalError.
        """
        if args[0] == ":memory:":
            return super().connect(*args, **kwargs)
        hold = None
        try:
            hold = open_for_use(Path(args[0]).resolve())
            connection = super().connect(*args, factory=HeldConnection, **kwargs)
        except sqlite3.Error:
            if hold is not None:
                hold.end()
            raise
        except OSError as error:
            told = sqlite3.OperationalError(f"{error.strerror}: {error.filename}")
            told.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise told from error
        connection.hold = hold
        return connection

    def do_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Set a savepoint."""
        tell(connection, f"SAVEPOINT {name}")

    def do_rollback_to_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Roll back to the savepoint."""
        tell(connection, f"ROLLBACK TO {name}")

    def do_release_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Release a savepoint and keep the changes since."""
        tell(connection, f"RELEASE {name}")


class PostgresDialect(PGDialect_psycopg):
    """PostgreSQL with psycopg, on pipelined connections."""

    supports_statement_cache = True

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """A new connection. Raises Unavailable("service.restoring"), psycopg.Error."""
        connection = PipelinedConnection.connect(*args, **kwargs)
        try:
            share_lock(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _do_isolation_level(self, connection: Any, autocommit: bool, isolation_level: Any) -> None:
        # The driver must not begin transactions by itself, which would cost a round trip: `do_begin` does.
        connection.autocommit = True
        connection.isolation_level = isolation_level

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin a transaction."""
        _own(dbapi_connection).begin()

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether a pooled connection is alive; asks the server only if it has sent something meanwhile."""
        driver = _own(dbapi_connection)
        if not driver.is_quiet():
            driver.execute(b";")
        return True

    def do_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Set a savepoint."""
        announce(connection, f"SAVEPOINT {name}")
        driver_of(connection).savepoint(name)

    def do_rollback_to_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Roll back to the savepoint."""
        announce(connection, f"ROLLBACK TO SAVEPOINT {name}")
        driver_of(connection).rollback_to(name)

    def do_release_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Release a savepoint and keep the changes since."""
        announce(connection, f"RELEASE SAVEPOINT {name}")
        driver_of(connection).release(name)


def _own(dbapi_connection: Any) -> PipelinedConnection:
    """The driver's connection inside the pool's wrapper."""
    driver = getattr(dbapi_connection, "driver_connection", dbapi_connection)
    assert isinstance(driver, PipelinedConnection)  # noqa: S101 - `connect` makes no other
    return driver


registry.register("sqlite.ledger", __name__, "SqliteDialect")
registry.register("postgresql.ledger", __name__, "PostgresDialect")


def with_our_dialect(url: str) -> sa.URL:
    """The URL of a database, changed to use these dialects."""
    made = sa.make_url(url)
    return made.set(drivername=f"{made.get_backend_name()}+ledger")
