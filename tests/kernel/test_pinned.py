"""Undocumented details of SQLAlchemy and psycopg that the kernel relies on.

Look here first after an upgrade: a failure names the file to open. `test_prepared.py` and `test_pipelined.py` test
the behaviour of statements.
"""

import ast
import inspect
import re
import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import _connection_base as base
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from ledger.kernel.dialects import PostgresDialect, SqliteDialect
from ledger.kernel.job_runs import JobRun
from ledger.kernel.pipelined import PipelinedConnection
from tests.source import dotted, product

_table = sa.Table("pinned", sa.MetaData(), sa.Column("a", sa.BigInteger), sa.Column("b", sa.Text, default=lambda: "b"))
_LISTED = sa.select(_table.c.a, _table.c.b).where(
    _table.c.a.in_(sa.bindparam("list", expanding=True)), _table.c.b == sa.bindparam("one"), _table.c.b != "constant"
)
# Methods of the dialects' classes that we call or override.
_DIALECTS = ((SqliteDialect, SQLiteDialect_pysqlite), (PostgresDialect, PGDialect_psycopg))


def compiled(dialect: sa.Dialect, statement: Any = _LISTED, names: tuple[str, ...] = ("list", "one")) -> Any:
    """Compile a statement as `Prepared` does."""
    return statement.compile(dialect=dialect, column_keys=list(names))


def binds(dialect: sa.Dialect) -> dict[str, Any]:
    """The parameters of the statement by name."""
    return {name: bind for bind, name in compiled(dialect).bind_names.items()}


SQLITE, POSTGRES = SqliteDialect(), PostgresDialect()
# Attributes of SQLAlchemy's objects that `prepared.py` and `sending.py` read, and what they need.
PINS: dict[str, Callable[[], bool]] = {
    "compiled.positional": lambda: (compiled(SQLITE).positional, compiled(POSTGRES).positional) == (True, False),
    "compiled.positiontup": lambda: compiled(SQLITE).positiontup == ["list", "one", "b_1"],
    "compiled.bind_names": lambda: set(binds(POSTGRES)) == {"list", "one", "b_1"},
    "compiled.insert_prefetch": lambda: (
        [column.name for column in compiled(SQLITE, sa.insert(_table), ("a",)).insert_prefetch] == ["b"]
        and not compiled(SQLITE, sa.insert(_table), ("a", "b")).insert_prefetch
    ),
    # Placeholder of a list: `_Compiled._with_places` and `_with_array` replace it.
    "compiled.string": lambda: all(
        text.count(" IN (__[POSTCOMPILE_list])") == 1 and text.count("POSTCOMPILE") == 1
        for text in (compiled(SQLITE).string, compiled(POSTGRES).string)
    ),
    "bind.expanding": lambda: {name for name, bind in binds(SQLITE).items() if bind.expanding} == {"list"},
    "bind.required": lambda: {name for name, bind in binds(SQLITE).items() if bind.required} == {"list", "one"},
    "bind.effective_value": lambda: binds(SQLITE)["b_1"].effective_value == "constant",
    "bind.type.dialect_impl": lambda: all(
        callable(bind.type.dialect_impl(SQLITE).bind_processor) for bind in binds(SQLITE).values()
    ),
    "dialect.type_compiler_instance.process": lambda: (
        POSTGRES.type_compiler_instance.process(_table.c.a.type) == "BIGINT"
    ),
    "connection.dispatch.before_cursor_execute": lambda: hears("before_cursor_execute", 6),
    "connection.dialect.dispatch": lambda: hears("do_execute", 4) and hears("do_executemany", 4),
    "connection.dialect.is_disconnect": lambda: takes(sa.Dialect.is_disconnect, "self", "e", "connection", "cursor"),
    "connection.connection.driver_connection": lambda: isinstance(sqlites_own(), sqlite3.Connection),
    "connection.invalidate": lambda: takes(sa.Connection.invalidate, "self", "exception"),
    "sa.exc.DBAPIError.instance": lambda: takes(
        sa.exc.DBAPIError.instance,
        *("statement", "params", "orig", "dbapi_base_err", "hide_parameters", "connection_invalidated", "dialect"),
    ),
}


def takes(function: Any, *names: str) -> bool:
    """Whether a function has parameters with these names in this order, among others."""
    return [name for name in inspect.signature(function).parameters if name in names] == list(names)


def hears(event: str, arguments: int) -> bool:
    """Whether an engine's listener is where `sending.announce` looks for it, with the same signature."""
    heard = []
    engine = sa.create_engine("sqlite://")
    sa.event.listen(engine, event, lambda *given: heard.append(len(given)))
    with engine.connect() as connection:
        for owner in (connection.dispatch, connection.dialect.dispatch):
            for hear in getattr(owner, event, ()):
                hear(*[None] * arguments)
    return heard == [arguments]


def sqlites_own() -> Any:
    """The driver's connection inside SQLAlchemy's wrapper."""
    with sa.create_engine("sqlite://").connect() as connection:
        return connection.connection.driver_connection


@pytest.mark.parametrize("name", PINS)
def test_sqlalchemy_has_what_prepared_and_sending_read_of_it(name: str) -> None:
    assert PINS[name](), f"{name} is not what it was: look at ledger/kernel/prepared.py and sending.py"


# Documented, or ours.
_PROMISED = {
    "connection.execute", "connection.dialect", "connection.connection", "dialect.name", "compiled.text",
    "compiled.bound", "compiled.read", "sa.exc.DBAPIError",
}  # fmt: skip


def test_all_that_they_read_is_pinned() -> None:
    owners = ("compiled", "bind", "dialect", "connection", "sa.exc.DBAPIError")
    read = {
        dotted(node)
        for source in product()
        if source.path in ("ledger/kernel/prepared.py", "ledger/kernel/sending.py")
        for node in source.nodes()
        if isinstance(node, ast.Attribute) and dotted(node).startswith(tuple(f"{owner}." for owner in owners))
    }
    whole = {name for name in read if not any(other.startswith(f"{name}.") for other in read)}

    assert {name for name in whole if not name.startswith(tuple(PINS))} <= _PROMISED


@pytest.mark.parametrize(("own", "base"), _DIALECTS)
def test_a_dialect_has_the_methods_that_ours_replace(own: Any, base: Any) -> None:
    """`_do_isolation_level` is private; SQLAlchemy reaches the driver by all others. See ledger/kernel/dialects.py."""
    for name, function in vars(own).items():
        if inspect.isfunction(function) and name != "connect":
            theirs = list(inspect.signature(getattr(base, name)).parameters)
            assert list(inspect.signature(function).parameters) == theirs, f"{base.__name__}.{name} takes {theirs}"


def test_psycopg_has_no_name_that_we_have_given_to_something_else() -> None:
    """See ledger/kernel/pipelined.py: for example, psycopg must not start to call our `begin` by itself."""
    names = re.compile(r"\bself\.(\w+)")
    theirs = {name for module in (psycopg.connection, base) for name in names.findall(inspect.getsource(module))}
    theirs |= set(dir(psycopg.Connection))
    ours = {name for name in vars(PipelinedConnection) if not name.startswith("__")}
    ours |= set(names.findall(inspect.getsource(PipelinedConnection)))
    used = {"commit", "rollback", "cursor_factory", "server_cursor_factory", "pipeline", "fileno"}
    used |= {"isolation_level", "read_only"}

    assert ours & theirs == used


def test_a_mapped_object_is_known_by_its_state() -> None:
    """See `unit.refuse_mapped`."""
    assert hasattr(JobRun(), "_sa_instance_state")
