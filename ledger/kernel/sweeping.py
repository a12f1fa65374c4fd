"""Deletes rows that are over: a bounded number per unit, so that a sweep holds SQLite's writer only briefly."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

MOST_SWEPT = 1_000


def sweep(session: Session, table: sa.Table, *which: sa.ColumnElement[bool], limit: int = MOST_SWEPT) -> int:
    """Delete at most `limit` of the rows that meet the conditions; returns how many. They need an index."""
    key = table.primary_key.columns
    some = sa.select(*key).where(*which).limit(limit).correlate(None)
    # The conditions are repeated for a row that another unit of PostgreSQL changes after it was chosen.
    delete = sa.delete(table).where(sa.tuple_(*key).in_(some), *which)
    return int(session.connection().execute(delete).rowcount)
