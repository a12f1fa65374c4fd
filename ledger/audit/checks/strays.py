"""Find rows of centers that do not exist: two mixed databases leave them, and no center's checks look at them."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.ids import public_id
from ledger.kernel.types import Base
from ledger.places import queries as places


@dataclass(frozen=True, slots=True)
class Strays:
    """So many rows of a table, all of one center that does not exist."""

    table: str
    center_id: int
    rows: int


def find_strays(session: Session) -> list[Strays]:
    """All rows that belong to no center, of every table whose rows belong to one."""
    known = set(places.center_ids(session))
    return [
        Strays(table.name, center_id, _count(session, table, center_id))
        for table in Base.metadata.sorted_tables
        if "center_id" in table.columns
        for center_id in _centers_in(session, table)
        if center_id not in known
    ]


def _centers_in(session: Session, table: sa.Table) -> Iterator[int]:
    """The centers of a table's rows, in order; one look at its index for each, however many rows they have."""
    column, last = table.columns.center_id, None
    while True:
        query = sa.select(sa.func.min(column))
        last = session.execute(query if last is None else query.where(column > last)).scalar_one()
        if last is None:
            return
        yield last


def _count(session: Session, table: sa.Table, center_id: int) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(table.columns.center_id == center_id)
    return int(session.execute(query).scalar_one())


def stray_words(found: Strays) -> str:
    """What was found, for an operator."""
    return (
        f"{found.rows:,} rows of {found.table} are of the center {public_id(found.center_id)}, which does not exist: "
        "two databases were mixed; restore a backup"
    )
