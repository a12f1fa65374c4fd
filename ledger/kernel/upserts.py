"""Inserts whose row may exist already.

Both databases use the same syntax for ON CONFLICT, so one statement serves both: SQLAlchemy's insert for PostgreSQL
compiles for SQLite too (tests/kernel/test_upserts.py checks it). To find out whether a row was written, use RETURNING:
SQLAlchemy keeps no row count of an INSERT on PostgreSQL.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def insert_or_ignore(table: sa.Table, *, columns: Sequence[str] | None = None) -> postgresql.Insert:
    """Insert a row unless one has the same values in the columns, or in any unique key if none are given."""
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=columns)


def insert_or_update(
    table: sa.Table,
    changes: Mapping[str, Any],
    *,
    columns: Sequence[str],
    where: "sa.ColumnElement[bool] | None" = None,
) -> postgresql.Insert:
    """Insert a row, or apply the changes to one that has the same values in the columns, if it meets `where`."""
    return postgresql.insert(table).on_conflict_do_update(index_elements=columns, set_=dict(changes), where=where)
