"""Statements of the hot path, compiled once: on SQLite they go straight to the driver, which halves what they cost.

SQLAlchemy spends several times what SQLite does on a small statement that it knows already. On PostgreSQL the way to
the server weighs more, so there they take the usual way. Who listens is told either way, and errors are the same.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

_Convert = Callable[[Any], Any] | None
_Statement = sa.Select[Any] | sa.CompoundSelect[Any] | sa.Insert | sa.Update


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The text for the driver, how each of its values is made, what a row names, and how each column is read."""

    text: str
    values: tuple[tuple[str, _Convert], ...]
    constants: dict[str, Any]
    listed: str | None
    names: int
    columns: tuple[_Convert, ...]

    def bound(self, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The text, and the values of a row in its order."""
        if len(row) != self.names:
            raise ValueError(f"a row of {len(row)} values for a statement of {self.names}")
        if self.constants:
            row = {**row, **self.constants}
        if self.listed is None:
            return self.text, [row[name] if convert is None else convert(row[name]) for name, convert in self.values]
        places = ", ".join("?" * len(row[self.listed]))
        values: list[Any] = []
        for name, convert in self.values:
            given = row[name] if name == self.listed else (row[name],)
            values += given if convert is None else map(convert, given)
        return self.text.replace(f"__[POSTCOMPILE_{self.listed}]", places), values

    def read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row as the columns' types have it."""
        return tuple(
            [
                value if convert is None or value is None else convert(value)
                for value, convert in zip(row, self.columns, strict=True)
            ]
        )


class Prepared:
    """A statement with named parameters, at most one of them a list (`expanding`); its rows always name the same."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._compiled: _Compiled | None = None

    def rows(self, session: Session, row: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """What the statement returns, as plain rows."""
        connection = session.connection()
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, row).all()
        compiled = self._compiled or self._compile(connection, row)
        found = _send(connection, *compiled.bound(row)).fetchall()
        return [compiled.read(each) for each in found] if any(compiled.columns) else found

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of the rows; nothing is returned."""
        connection = session.connection()
        if not rows:
            return
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, rows)
            return
        compiled = self._compiled or self._compile(connection, rows[0])
        if len(rows) == 1:
            _send(connection, *compiled.bound(rows[0]))
        else:
            _send(connection, compiled.text, [compiled.bound(row)[1] for row in rows], many=True)

    def _compile(self, connection: sa.Connection, row: Mapping[str, Any]) -> _Compiled:
        dialect = connection.dialect
        compiled = self._statement.compile(dialect=dialect, column_keys=list(row))
        if getattr(compiled, "insert_prefetch", ()):
            raise TypeError("a column with a default of Python's must be given")
        names = compiled.positiontup or []
        named = [(name, compiled.binds[name]) for name in names]
        read = [column.type.dialect_impl(dialect) for column in self._statement.exported_columns]
        self._compiled = _Compiled(
            text=compiled.string,
            values=tuple((name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in named),
            constants={name: bind.effective_value for name, bind in named if name not in row and not bind.required},
            listed=next((name for name, bind in named if bind.expanding), None),
            names=len(row),
            columns=tuple(type_.result_processor(dialect, None) for type_ in read),
        )
        return self._compiled


def _send(connection: sa.Connection, text: str, values: Any, *, many: bool = False) -> sqlite3.Cursor:
    driver: Any = connection.connection.driver_connection
    cursor: sqlite3.Cursor = driver.cursor()
    try:
        _tell(connection, cursor, text, values, many=many)
        return cursor.executemany(text, values) if many else cursor.execute(text, values)
    except sqlite3.Error as error:
        # As SQLAlchemy does, and without the values, because logs must hold nothing personal.
        raise sa.exc.DBAPIError.instance(
            text, values, error, sqlite3.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


def _tell(connection: sa.Connection, cursor: sqlite3.Cursor, text: str, values: Any, *, many: bool) -> None:
    """Tell those who listen to what the writer is sent: a count of statements, a fault that a test lets happen."""
    for hear in connection.dispatch.before_cursor_execute:
        hear(connection, cursor, text, values, None, many)
    for hear in _listeners(connection, many=many):
        hear(cursor, text, values, None)


def _listeners(connection: sa.Connection, *, many: bool) -> Iterator[Callable[..., Any]]:
    events = connection.dialect.dispatch
    return iter(events.do_executemany if many else events.do_execute)
