"""Statements of the hot path, compiled once and sent straight to the driver, which halves their cost.

For a small cached statement, SQLAlchemy takes several times as long as SQLite. Listeners and errors behave the same
either way. Connections of other drivers take SQLAlchemy's usual path.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.pipelined import PipelinedConnection
from ledger.kernel.sending import ask, driver_of, tell

CONNECTION = "connection"
_Convert = Callable[[Any], Any] | None
_Statement = sa.Select[Any] | sa.CompoundSelect[Any] | sa.Insert | sa.Update


def connection_of(session: Session) -> sa.Connection:
    """The connection of a session; units store theirs, because asking the session costs as much as a statement."""
    known: sa.Connection | None = session.info.get(CONNECTION)
    # Inside a nested transaction ask the session, which only then sets the savepoint.
    return session.connection() if known is None or session.in_nested_transaction() else known


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement's text for the driver, converters of its values and columns, and its number of parameters.

    `listed` is the parameter that is a list; `named` is whether the driver takes values by name or by position.
    """

    text: str
    values: tuple[tuple[str, _Convert], ...]
    constants: dict[str, Any]
    listed: str | None
    names: int
    columns: tuple[_Convert, ...]
    named: bool

    def bound(self, row: Mapping[str, Any]) -> tuple[str, Any]:
        """The text, and a row's values in the driver's format."""
        if len(row) != self.names:
            raise ValueError(f"a row of {len(row)} values for a statement of {self.names}")
        if self.constants:
            row = {**row, **self.constants}
        if self.named:
            return self.text, {name: self._one(name, convert, row[name]) for name, convert in self.values}
        if self.listed is None:
            return self.text, [row[name] if convert is None else convert(row[name]) for name, convert in self.values]
        return self._with_places(row)

    def _one(self, name: str, convert: _Convert, value: Any) -> Any:
        if convert is None:
            return value
        return [convert(each) for each in value] if name == self.listed else convert(value)

    def _with_places(self, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
        places = ", ".join("?" * len(row[self.listed or ""]))
        values: list[Any] = []
        for name, convert in self.values:
            given = row[name] if name == self.listed else (row[name],)
            values += given if convert is None else map(convert, given)
        return self.text.replace(f"__[POSTCOMPILE_{self.listed}]", places), values

    def read(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Rows with values converted by the columns' types."""
        if not any(self.columns):
            return rows
        columns = self.columns
        return [
            tuple(
                [
                    value if convert is None or value is None else convert(value)
                    for value, convert in zip(row, columns, strict=True)
                ]
            )
            for row in rows
        ]


class Prepared:
    """A statement with named parameters, at most one of them a list (`expanding`); all rows must name the same ones."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._for_sqlite: _Compiled | None = None
        self._for_postgres: _Compiled | None = None

    def rows(self, session: Session, row: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Run the statement and return plain rows."""
        return self.rows_on(connection_of(session), row)

    def rows_on(self, connection: sa.Connection, row: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Run the statement on a connection and return plain rows."""
        compiled = self._compiled(connection, row)
        if compiled is None:
            return connection.execute(self._statement, row).all()
        return compiled.read(ask(connection, *compiled.bound(row)))

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement for each row, without results."""
        if rows:
            self.run_on(connection_of(session), rows)

    def run_on(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement on a connection for each row, of which there must be at least one."""
        compiled = self._compiled(connection, rows[0])
        if compiled is None:
            connection.execute(self._statement, rows)
        elif len(rows) == 1:
            tell(connection, *compiled.bound(rows[0]))
        else:
            tell(connection, compiled.text, [compiled.bound(row)[1] for row in rows], many=True)

    def _compiled(self, connection: sa.Connection, row: Mapping[str, Any]) -> _Compiled | None:
        driver = driver_of(connection)
        if isinstance(driver, sqlite3.Connection):
            if self._for_sqlite is None:
                self._for_sqlite = self._compile(connection.dialect, row)
            return self._for_sqlite
        if isinstance(driver, PipelinedConnection):
            if self._for_postgres is None:
                self._for_postgres = self._compile(connection.dialect, row)
            return self._for_postgres
        return None

    def _compile(self, dialect: sa.Dialect, row: Mapping[str, Any]) -> _Compiled:
        compiled = self._statement.compile(dialect=dialect, column_keys=list(row))
        if getattr(compiled, "insert_prefetch", ()):
            raise TypeError("a column with a default of Python's must be given")
        named = not compiled.positional
        by_name = {name: bind for bind, name in compiled.bind_names.items()}
        binds = [(name, by_name[name]) for name in (by_name if named else compiled.positiontup or ())]
        # PostgreSQL's driver converts numbers correctly by itself.
        kinds = [column.type for column in self._statement.exported_columns]
        read = [sa.types.NULLTYPE if named and isinstance(kind, sa.Numeric | sa.Float) else kind for kind in kinds]
        listed = next((name for name, bind in binds if bind.expanding), None)
        text = compiled.string
        if named and listed is not None:
            text = _with_array(text, listed, dialect.type_compiler_instance.process(by_name[listed].type))
        return _Compiled(
            text=text,
            values=tuple((name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds),
            constants={name: bind.effective_value for name, bind in binds if name not in row and not bind.required},
            listed=listed,
            names=len(row),
            columns=tuple(kind.dialect_impl(dialect).result_processor(dialect, None) for kind in read),
            named=named,
        )


def _with_array(text: str, listed: str, type_: str) -> str:
    """Pass a list as one array, so that the statement's text doesn't depend on the list's length."""
    place = f" IN (__[POSTCOMPILE_{listed}])"
    if place not in text:
        raise TypeError(f"a statement for an array without{place}: {text}")
    return text.replace(place, f" = ANY (%({listed})s::{type_}[])")
