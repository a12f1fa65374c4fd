"""A connection to PostgreSQL on which what needs no answer waits, and goes along with the next question or COMMIT.

A unit asks three or four times and otherwise only tells, and to wait for the end of each INSERT costs more than the
INSERT. What is told is sent in its order, in libpq's pipeline mode; when something of it fails the server does nothing
of what comes behind it, COMMIT included, and the error is raised by whatever was asked next.
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
    """A connection that can be told things; any other cursor on it sends what was told first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: list[_Told] = []
        self._sockets = select.poll()
        self._sockets.register(self.fileno(), select.POLLIN)
        self.cursor_factory = _Cursor
        self.server_cursor_factory = _ServerCursor

    def begin(self) -> None:
        """Begin a transaction, together with the first question; the driver itself begins none."""
        level = _LEVELS[self.isolation_level or IsolationLevel.READ_COMMITTED]
        self.tell(f"BEGIN ISOLATION LEVEL {level}{' READ ONLY' if self.read_only else ''}")

    def is_quiet(self) -> bool:
        """Whether nothing has come from the server; one that stops or ends a connection says so or hangs up."""
        return not self._sockets.poll(0)

    def tell(self, text: str, values: Any = None, *, many: bool = False) -> None:
        """Send it with the next question; with `many` once for each of the values."""
        self._waiting.append(_Told(text, values, many))

    def ask(self, text: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of an answer; what was told goes before it. Raises psycopg.Error, of what was told too."""
        cursor = psycopg.Cursor(self)
        waiting = self._take()
        if not waiting:
            return cursor.execute(text.encode(), values).fetchall()
        with self.pipeline():
            self._send(waiting)
            return cursor.execute(text.encode(), values).fetchall()

    def send_waiting(self) -> None:
        """Send what was told, and wait until it is done. Raises psycopg.Error."""
        waiting = self._take()
        if waiting:
            with self.pipeline():
                self._send(waiting)

    def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        self.tell(f"SAVEPOINT {name}")

    def rollback_to(self, name: str) -> None:
        """Take back all since the savepoint: what has not been sent yet never is."""
        mark = _Told(f"SAVEPOINT {name}", None, False)
        if mark in self._waiting:
            del self._waiting[self._waiting.index(mark) :]
        else:
            self._waiting.clear()
            self.tell(f"ROLLBACK TO SAVEPOINT {name}")

    def release(self, name: str) -> None:
        """Give up a savepoint; what was done since stays."""
        self.tell(f"RELEASE SAVEPOINT {name}")

    def commit(self) -> None:
        """Send what was told and COMMIT together. Raises psycopg.Error, and then nothing was committed."""
        if self._waiting:
            self.tell("COMMIT")
            self.send_waiting()
        else:
            super().commit()

    def rollback(self) -> None:
        """Forget what was told, and take back all the rest."""
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
    """A cursor of anybody's, before whose statements goes what was told."""

    def execute(self, *args: Any, **kwargs: Any) -> "_Cursor":
        _send_before(self.connection)
        return super().execute(*args, **kwargs)

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        _send_before(self.connection)
        super().executemany(*args, **kwargs)


class _ServerCursor(psycopg.ServerCursor[tuple[Any, ...]]):
    """The same for a cursor that the server keeps."""

    def execute(self, *args: Any, **kwargs: Any) -> "_ServerCursor":
        _send_before(self.connection)
        return super().execute(*args, **kwargs)


def _send_before(connection: psycopg.Connection[Any]) -> None:
    if isinstance(connection, PipelinedConnection):
        connection.send_waiting()
