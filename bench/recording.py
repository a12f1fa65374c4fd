"""Record the statements sent to a writer, unit by unit, and replay them with the bare driver on a database's copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

# Savepoints isolate units from each other; bare SQL of one request has none.
_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO")
_KEPT_OUT = ("BEGIN", "COMMIT")
Sent = tuple[str, Any, bool]


class Recorder:
    """The statements sent to a writer, unit by unit: each begins with its transaction.

    `savepoints` records those too: a unit that goes on after a refusal must roll back the refused part.
    """

    def __init__(self, engine: sa.Engine, *, savepoints: bool = False) -> None:
        self._engine = engine
        self._kept_out = _KEPT_OUT if savepoints else (*_KEPT_OUT, *_SAVEPOINTS)
        self.units: list[list[Sent]] = []

    def start(self) -> None:
        """Start recording."""
        self.units = []
        sa.event.listen(self._engine, "begin", self._begin)
        sa.event.listen(self._engine, "before_cursor_execute", self._hear)

    def stop(self) -> None:
        """Stop recording."""
        sa.event.remove(self._engine, "begin", self._begin)
        sa.event.remove(self._engine, "before_cursor_execute", self._hear)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Record within the block."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def _begin(self, _connection: Any) -> None:
        self.units.append([])

    def _hear(self, _connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        if not text.startswith(self._kept_out):
            # The text of one statement may contain many rows.
            rows = many and isinstance(values[0], list | tuple | dict)
            self.units[-1].append((text, values or (), rows))


def sqlite_driver(path: Path) -> sqlite3.Connection:
    """A connection with the pragmas of the product's writer."""
    driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        driver.execute(f"PRAGMA {pragma}")
    return driver


def replay_unit(driver: sqlite3.Connection, unit: list[Sent]) -> None:
    """Replay a unit as one transaction."""
    driver.execute("BEGIN IMMEDIATE")
    for text, values, many in unit:
        (driver.executemany if many else driver.execute)(text, values).fetchall()
    driver.execute("COMMIT")
