"""Statements of the hot path, compiled once and sent straight to the driver, which halves what they cost.

SQLAlchemy spends several times what SQLite does on a small statement that it knows already. Who listens is told either
way, and errors are the same. A connection of another driver than ours takes SQLAlchemy's usual way.
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
    """The connection of a session: a unit has written down its own, for to ask costs as much as a statement."""
    known: sa.Connection | None = session.info.get(CONNECTION)
    # Within a savepoint of its own a session must be asked, since that is when it sets it.
    return session.connection() if known is None or session.in_nested_transaction() else known


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The text for the driver, how each of its values is made, what a row names, and how each column is read.

    `listed` is the parameter that is a list; `named` says whether the driver takes values by name or in their order.
    """

    text: str
    values: tuple[tuple[str, _Convert], ...]
    constants: dict[str, Any]
    listed: str | None
    names: int
    columns: tuple[_Convert, ...]
    named: bool

    def bound(self, row: Mapping[str, Any]) -> tuple[str, Any]:
        """The text, and the values of a row as the driver wants them."""
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
        """Rows as the columns' types have it."""
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
    """A statement with named parameters, at most one of them a list (`expanding`); its rows always name the same."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._for_sqlite: _Compiled | None = None
        self._for_postgres: _Compiled | None = None

    def rows(self, session: Session, row: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """What the statement returns, as plain rows."""
        return self.rows_on(connection_of(session), row)

    def rows_on(self, connection: sa.Connection, row: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """What the statement returns on a connection."""
        compiled = self._compiled(connection, row)
        if compiled is None:
            return connection.execute(self._statement, row).all()
        return compiled.read(ask(connection, *compiled.bound(row)))

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of the rows; nothing is returned."""
        if rows:
            self.run_on(connection_of(session), rows)

    def run_on(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it on a connection for each of the rows, of which there is one at least."""
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
        # Of numbers the driver of PostgreSQL knows best what they are.
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
    """A list as one array, so that the server knows the statement again whatever the list's length."""
    place = f" IN (__[POSTCOMPILE_{listed}])"
    if place not in text:
        raise TypeError(f"a statement for an array without{place}: {text}")
    return text.replace(place, f" = ANY (%({listed})s::{type_}[])")
