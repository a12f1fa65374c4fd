"""What a writer is sent, written down unit by unit, and sent again by the bare driver to a copy of the database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

# A savepoint is how a unit is kept apart from others; bare SQL of one request has none.
_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO")
_KEPT_OUT = ("BEGIN", "COMMIT")
Sent = tuple[str, Any, bool]


class Recorder:
    """What a writer is sent, unit by unit: each begins with its transaction.

    With `savepoints` they are kept too: where a unit goes on after a refusal, what was refused must be taken back.
    """

    def __init__(self, engine: sa.Engine, *, savepoints: bool = False) -> None:
        self._engine = engine
        self._kept_out = _KEPT_OUT if savepoints else (*_KEPT_OUT, *_SAVEPOINTS)
        self.units: list[list[Sent]] = []

    def start(self) -> None:
        """Write down what is sent from now on."""
        self.units = []
        sa.event.listen(self._engine, "begin", self._begin)
        sa.event.listen(self._engine, "before_cursor_execute", self._hear)

    def stop(self) -> None:
        """Write down no more."""
        sa.event.remove(self._engine, "begin", self._begin)
        sa.event.remove(self._engine, "before_cursor_execute", self._hear)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Write down what is sent within the block."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def _begin(self, _connection: Any) -> None:
        self.units.append([])

    def _hear(self, _connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        if not text.startswith(self._kept_out):
            # Many rows may have been put into the text of one statement.
            rows = many and isinstance(values[0], list | tuple | dict)
            self.units[-1].append((text, values or (), rows))


def sqlite_driver(path: Path) -> sqlite3.Connection:
    """A connection with the switches of the product's writer."""
    driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        driver.execute(f"PRAGMA {pragma}")
    return driver


def replay_unit(driver: sqlite3.Connection, unit: list[Sent]) -> None:
    """Send a unit again, as one transaction."""
    driver.execute("BEGIN IMMEDIATE")
    for text, values, many in unit:
        (driver.executemany if many else driver.execute)(text, values).fetchall()
    driver.execute("COMMIT")
