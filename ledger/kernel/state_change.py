"""Updates of rows that must still have the status in which they were read."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.prepared import Prepared


class StateChange:
    """Updates columns of one row of a center, with one statement per set of columns."""

    def __init__(self, table: sa.Table, *returning: sa.ColumnElement[Any]) -> None:
        self._table = table
        self._returning = returning
        self._statements: dict[tuple[str, ...], Prepared] = {}

    def rows(
        self, session: Session, row_id: int, center_id: int, *, status: str, values: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Update the row and return its `returning` columns; empty if it no longer has that status."""
        names = tuple(sorted(values))
        if names not in self._statements:
            self._statements[names] = self._statement(names)
        parameters = {"of_center": center_id, "of_id": row_id, "of_status": status, **values}
        return self._statements[names].rows(session, parameters)

    def _statement(self, names: Sequence[str]) -> Prepared:
        columns = self._table.c
        return Prepared(
            sa.update(self._table)
            .where(
                columns.center_id == sa.bindparam("of_center"),
                columns.id == sa.bindparam("of_id"),
                columns.status == sa.bindparam("of_status"),
            )
            .values({name: sa.bindparam(name) for name in names})
            .returning(*self._returning)
        )
