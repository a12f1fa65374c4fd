"""Statements sent straight to the driver behave as in SQLAlchemy: values, lists, errors, listeners."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_transaction
from ledger.kernel.errors import Conflict
from ledger.kernel.prepared import Prepared
from ledger.kernel.types import UtcDateTime

_table = sa.Table(
    "prepared_sample",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("day", sa.Date),
    sa.Column("at", UtcDateTime),
    sa.Column("yes", sa.Boolean),
)
_INSERT = Prepared(sa.insert(_table))
_LISTED = sa.select(_table).where(_table.c.id.in_(sa.bindparam("ids", expanding=True)), _table.c.name != "left out")
NOON = datetime(2026, 6, 3, 12, 0, 0, 5, tzinfo=UTC)


def row(number: int, **values: Any) -> dict[str, Any]:
    """A row with a value of every type."""
    return {"id": number, "name": "某", "day": date(2026, 6, 3), "at": NOON, "yes": True} | values


@pytest.fixture
def sample(own_database: Database) -> Database:
    """A database with a table for the test."""
    in_transaction(lambda session: _table.create(session.connection()))
    return own_database


def both(session: Session, ids: list[int]) -> tuple[list[Any], list[Any]]:
    """Rows of the prepared statement, and of SQLAlchemy."""
    found = [tuple(each) for each in Prepared(_LISTED).rows(session, {"ids": ids})]
    usual = [tuple(each) for each in session.connection().execute(_LISTED, {"ids": ids})]
    return sorted(found), sorted(usual)


def test_rows_are_those_of_sqlalchemy(sample: Database) -> None:
    def work(session: Session) -> None:
        _INSERT.run(session, [row(1)])
        _INSERT.run(session, [row(2, day=None, at=None, yes=False), row(3, name="left out"), row(4, name=None)])
        _INSERT.run(session, [])
        found, usual = both(session, [1, 2, 3])
        assert found == usual == [tuple(row(1).values()), (2, "某", None, None, False)]
        assert both(session, []) == ([], [])

    in_transaction(work)


def test_an_error_is_what_sqlalchemy_raises_and_shows_no_values(sample: Database) -> None:
    def twice(session: Session) -> None:
        _INSERT.run(session, [row(1, name="张三的秘密"), row(1, name="张三的秘密")])

    with pytest.raises(Conflict) as caught:
        in_transaction(twice)
    assert caught.value.code == "service.conflict"
    assert isinstance(caught.value.__cause__, sa.exc.IntegrityError)
    if sample.writer.dialect.name == "sqlite":
        assert "张三" not in str(caught.value.__cause__)


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("given", [{"id": 2}, row(2, other=1)], ids=["too few", "too many"])
def test_a_row_of_another_shape_is_a_mistake(sample: Database, given: dict[str, Any]) -> None:
    """A value unknown to the statement would be lost silently."""

    def work(session: Session) -> None:
        _INSERT.run(session, [row(1)])
        _INSERT.run(session, [given])

    with pytest.raises(ValueError, match="values for a statement of 5"):
        in_transaction(work)


@pytest.mark.parametrize("own_database_url", ["sqlite"], indirect=True)
def test_who_listens_hears_of_it(sample: Database) -> None:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        heard.append(text.split(maxsplit=1)[0])

    sa.event.listen(sample.writer, "before_cursor_execute", hear)
    try:
        in_transaction(lambda session: _INSERT.run(session, [row(1)]))
    finally:
        sa.event.remove(sample.writer, "before_cursor_execute", hear)
    assert "INSERT" in heard
