"""Column types and the declarative base of all tables, for SQLite (STRICT) and PostgreSQL."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column

_SQLITE_STRICT_TYPES: dict[type[sa.types.TypeEngine[Any]], str] = {
    sa.String: "TEXT",
    sa.Text: "TEXT",
    sa.Date: "TEXT",
    sa.Boolean: "INTEGER",
    sa.JSON: "TEXT",
    sa.BigInteger: "INTEGER",
    sa.LargeBinary: "BLOB",
    sa.Float: "REAL",
}


def _teach_strict(kind: type[sa.types.TypeEngine[Any]], name: str) -> None:
    """SQLite's STRICT tables accept only six type names, so map each of our types to one of them."""
    compiles(kind, "sqlite")(lambda element, compiler, **options: name)


for _kind, _name in _SQLITE_STRICT_TYPES.items():
    _teach_strict(_kind, _name)


@lru_cache(maxsize=1024)
def _text(value: datetime) -> str:
    """An instant as SQLite stores it; cached, because rows of a batch repeat the same few."""
    # Not strftime, which writes the year 500 with three digits, so that it sorts after all others.
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: timestamptz on PostgreSQL, fixed-width ISO text that sorts by time on SQLite; always aware UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The Python type of a value, for cursors of lists."""
        return datetime

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Use text on SQLite, which has no type for instants."""
        return dialect.type_descriptor(sa.String() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Refuse an instant without an offset, which would depend on the machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs an offset")
        return _text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Return an aware instant in UTC."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables; constraint names are derived, so that both databases and the migrations agree on them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, int: sa.BigInteger, str: sa.Text}


center_key = Annotated[int, mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)]
key = Annotated[int, mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)]


def inside_center(column: str, table: str) -> sa.ForeignKeyConstraint:
    """A foreign key within a center: (center_id, column) to (center_id, id) of `table`."""
    return sa.ForeignKeyConstraint(["center_id", column], [f"{table}.center_id", f"{table}.id"])


def index_where(condition: str, name: str, *columns: str, unique: bool = False) -> sa.Index:
    """A partial index: only of rows that meet the condition."""
    where = sa.text(condition)
    return sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def table_of(model: type[Base]) -> sa.Table:
    """The table of a mapped class, for statements that bypass the ORM."""
    table = model.__table__
    assert isinstance(table, sa.Table)  # noqa: S101 - a class of ours is never mapped to anything else
    return table


STRICT: dict[str, Any] = {"sqlite_strict": True}
