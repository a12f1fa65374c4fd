"""A PostgreSQL connection that defers statements without results and sends them with the next query or COMMIT.

A unit runs three or four queries and otherwise only writes, and waiting for each INSERT costs more than the INSERT.
Deferred statements are sent in order, in libpq's pipeline mode. If one fails, the server skips everything after it,
including COMMIT, and the next query raises the error.
"""

import select
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import IsolationLevel

_LEVELS = {level: level.name.replace("_", " ") for level in IsolationLevel}


class _Told(NamedTuple):
    text: str
    values: Any
    many: bool


class PipelinedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection with deferred statements; every cursor on it sends them first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: list[_Told] = []
        self._sockets = select.poll()
        self._sockets.register(self.fileno(), select.POLLIN)
        self.cursor_factory = _Cursor
        self.server_cursor_factory = _ServerCursor

    def begin(self) -> None:
        """Begin a transaction together with the first query; the driver itself begins none."""
        level = _LEVELS[self.isolation_level or IsolationLevel.READ_COMMITTED]
        self.tell(f"BEGIN ISOLATION LEVEL {level}{' READ ONLY' if self.read_only else ''}")

    def is_quiet(self) -> bool:
        """Whether the server has sent nothing; a server that ends a connection sends a message or hangs up."""
        return not self._sockets.poll(0)

    def tell(self, text: str, values: Any = None, *, many: bool = False) -> None:
        """Defer a statement until the next query; with `many`, run it once per element of `values`."""
        self._waiting.append(_Told(text, values, many))

    def ask(self, text: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Send deferred statements and a query; returns its rows. Raises psycopg.Error of any of them."""
        cursor = psycopg.Cursor(self)
        waiting = self._take()
        if not waiting:
            return cursor.execute(text.encode(), values).fetchall()
        with self.pipeline():
            self._send(waiting)
            return cursor.execute(text.encode(), values).fetchall()

    def send_waiting(self) -> None:
        """Send deferred statements and wait until they are done. Raises psycopg.Error."""
        waiting = self._take()
        if waiting:
            with self.pipeline():
                self._send(waiting)

    def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        self.tell(f"SAVEPOINT {name}")

    def rollback_to(self, name: str) -> None:
        """Roll back to the savepoint; statements not sent yet are dropped."""
        mark = _Told(f"SAVEPOINT {name}", None, False)
        if mark in self._waiting:
            del self._waiting[self._waiting.index(mark) :]
        else:
            self._waiting.clear()
            self.tell(f"ROLLBACK TO SAVEPOINT {name}")

    def release(self, name: str) -> None:
        """Release a savepoint and keep the changes since."""
        self.tell(f"RELEASE SAVEPOINT {name}")

    def commit(self) -> None:
        """Send deferred statements together with COMMIT. If it raises psycopg.Error, nothing was committed."""
        if self._waiting:
            self.tell("COMMIT")
            self.send_waiting()
        else:
            super().commit()

    def rollback(self) -> None:
        """Drop deferred statements and roll back the others."""
        self._waiting.clear()
        super().rollback()

    def _take(self) -> list[_Told]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _send(self, waiting: Sequence[_Told]) -> None:
        cursor = psycopg.Cursor(self)
        for text, values, many in waiting:
            if many:
                cursor.executemany(text.encode(), values)
            else:
                cursor.execute(text.encode(), values)


class _Cursor(psycopg.Cursor[tuple[Any, ...]]):
    """A cursor that sends deferred statements before its own."""

    def execute(self, *args: Any, **kwargs: Any) -> "_Cursor":
        _send_before(self.connection)
        return super().execute(*args, **kwargs)

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        _send_before(self.connection)
        super().executemany(*args, **kwargs)


class _ServerCursor(psycopg.ServerCursor[tuple[Any, ...]]):
    """The same for server-side cursors."""

    def execute(self, *args: Any, **kwargs: Any) -> "_ServerCursor":
        _send_before(self.connection)
        return super().execute(*args, **kwargs)


def _send_before(connection: psycopg.Connection[Any]) -> None:
    if isinstance(connection, PipelinedConnection):
        connection.send_waiting()
