"""The lock shared by all our connections to a PostgreSQL database, so that a restore can prove that it is alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from ledger.kernel.errors import Unavailable
from ledger.kernel.settings import SettingsError

NAME = "ningxin"
_LOCK_NUMBER = 727002
# A session is still listed for a moment after its client has left.
_ENDING_SECONDS = 2.0
# Of others' sessions, PostgreSQL shows only the number and the database to users without privileges.
_OTHERS = """
    SELECT pid, coalesce(nullif(application_name, ''), 'a program'), coalesce(usename::text, 'an unknown user'),
           coalesce(host(client_addr), 'this machine')
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND coalesce(backend_type, 'client backend') = 'client backend'
    ORDER BY pid
"""


def share_lock(connection: "psycopg.Connection[Any]") -> None:
    """Share the lock until the connection ends. Raises Unavailable("service.restoring") during a restore."""
    before, connection.autocommit = connection.autocommit, True
    if not _ask(connection, "pg_try_advisory_lock_shared"):
        raise Unavailable("service.restoring")
    connection.autocommit = before


@contextmanager
def alone_with(target: str, *, password: str | None = None) -> Iterator["psycopg.Connection[Any]"]:
    """Keep our services from a database (a connection string). Raises SettingsError while anybody is connected.

    PGPASSWORD would overrule the file that the string names, but not a `password`.
    """
    with psycopg.connect(target, password=password, autocommit=True, application_name=NAME) as connection:
        until = time.monotonic() + _ENDING_SECONDS
        while (others := _others(connection)) or not _ask(connection, "pg_try_advisory_lock"):
            if time.monotonic() > until:
                listed = f": {', '.join(others)}" if others else ""
                raise SettingsError(
                    f"the database is in use: stop the service first, and whatever is connected{listed}"
                )
            time.sleep(0.1)
        try:
            yield connection
        finally:
            # Unless it is given back, it is held until the server sees that we have left.
            with suppress(psycopg.Error):
                _ask(connection, "pg_advisory_unlock")


def _others(connection: "psycopg.Connection[Any]") -> list[str]:
    found = connection.execute(_OTHERS)
    return [f"{name} (user {user}, from {host}, pid {pid})" for pid, name, user, host in found]


def _ask(connection: "psycopg.Connection[Any]", function: str) -> bool:
    row = psycopg.Cursor(connection).execute(f"SELECT {function}({_LOCK_NUMBER})".encode()).fetchone()
    return bool(row and row[0])
