"""The two dialects of SQLAlchemy, with what every unit does sent straight to the driver: its savepoints."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from ledger.kernel.pipelined import PipelinedConnection
from ledger.kernel.sending import announce, driver_of, tell


class SqliteDialect(SQLiteDialect_pysqlite):
    """SQLite by Python's own driver."""

    supports_statement_cache = True

    def do_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Set a savepoint."""
        tell(connection, f"SAVEPOINT {name}")

    def do_rollback_to_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Take back all since the savepoint."""
        tell(connection, f"ROLLBACK TO {name}")

    def do_release_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Give up a savepoint; what was done since stays."""
        tell(connection, f"RELEASE {name}")


class PostgresDialect(PGDialect_psycopg):
    """PostgreSQL by psycopg, on connections that can be told things."""

    supports_statement_cache = True

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """A new connection."""
        return PipelinedConnection.connect(*args, **kwargs)

    def _do_isolation_level(self, connection: Any, autocommit: bool, isolation_level: Any) -> None:
        # The driver is never to begin a transaction by itself, which would be a question of its own: `do_begin` does.
        connection.autocommit = True
        connection.isolation_level = isolation_level

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin a transaction."""
        _own(dbapi_connection).begin()

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether a pooled connection is alive: the server is asked only where it has said something meanwhile."""
        driver = _own(dbapi_connection)
        if not driver.is_quiet():
            driver.execute(b";")
        return True

    def do_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Set a savepoint."""
        announce(connection, f"SAVEPOINT {name}")
        driver_of(connection).savepoint(name)

    def do_rollback_to_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Take back all since the savepoint."""
        announce(connection, f"ROLLBACK TO SAVEPOINT {name}")
        driver_of(connection).rollback_to(name)

    def do_release_savepoint(self, connection: sa.Connection, name: str) -> None:
        """Give up a savepoint; what was done since stays."""
        announce(connection, f"RELEASE SAVEPOINT {name}")
        driver_of(connection).release(name)


def _own(dbapi_connection: Any) -> PipelinedConnection:
    """The driver's connection within what the pool hands out."""
    driver = getattr(dbapi_connection, "driver_connection", dbapi_connection)
    assert isinstance(driver, PipelinedConnection)  # noqa: S101 - `connect` makes no other
    return driver


registry.register("sqlite.ledger", __name__, "SqliteDialect")
registry.register("postgresql.ledger", __name__, "PostgresDialect")


def with_our_dialect(url: str) -> sa.URL:
    """The address of a database, to be opened by one of these."""
    made = sa.make_url(url)
    return made.set(drivername=f"{made.get_backend_name()}+ledger")
