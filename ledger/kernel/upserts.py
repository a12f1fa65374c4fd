"""Inserts that may find their row there already.

Both databases write ON CONFLICT in the same words, so one statement serves both: SQLAlchemy's insert for PostgreSQL
compiles for SQLite too (tests/kernel/test_upserts.py holds it to that). To learn whether a row was written, ask for a
column by RETURNING: SQLAlchemy keeps no count of the rows of an INSERT on PostgreSQL.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def insert_or_ignore(table: sa.Table, *, columns: Sequence[str] | None = None) -> postgresql.Insert:
    """Insert a row, or leave the one that has the same values in the columns; in any unique key if none are named."""
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=columns)


def insert_or_update(table: sa.Table, changes: Mapping[str, Any], *, columns: Sequence[str]) -> postgresql.Insert:
    """Insert a row, or make the changes to the one that has the same values in the columns."""
    return postgresql.insert(table).on_conflict_do_update(index_elements=columns, set_=dict(changes))
