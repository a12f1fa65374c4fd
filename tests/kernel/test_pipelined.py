"""On PostgreSQL, statements without results go with the next query: in order, all or nothing."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.errors import Conflict, Rejected
from ledger.kernel.prepared import Prepared
from tests.kernel.rows import add

pytestmark = pytest.mark.postgres

_table = sa.Table(
    "told",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("note", sa.Text, sa.CheckConstraint("note <> 'bad'")),
)
_INSERT = Prepared(sa.insert(_table))
_UPDATE = Prepared(sa.update(_table).where(_table.c.id == sa.bindparam("of_id")).values({"note": sa.bindparam("note")}))
_FIND = Prepared(sa.select(_table.c.note).where(_table.c.id.in_(sa.bindparam("ids", expanding=True))))


def tell(session: Session, number: int, note: str = "told") -> None:
    """Defer the insert of a row."""
    _INSERT.run(session, [{"id": number, "note": note}])


def told() -> list[tuple[int, str]]:
    """The committed rows."""
    query = sa.select(_table).order_by(_table.c.id)
    return in_snapshot(lambda session: [tuple(row) for row in session.execute(query)])


@pytest.fixture
def database(postgres_database: Database) -> Database:
    """A database with the table."""
    in_transaction(lambda session: _table.create(session.connection()))
    return postgres_database


@pytest.mark.usefixtures("database")
def test_a_unit_that_only_tells_is_durable() -> None:
    in_transaction(tell, 1)
    assert told() == [(1, "told")]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("asks", ["prepared", "core", "stream", "orm"])
def test_every_question_sees_what_was_told_before_it(asks: str) -> None:
    def work(session: Session) -> list[Any]:
        tell(session, 1, "first")
        _UPDATE.run(session, [{"of_id": 1, "note": "second"}])
        query = sa.select(_table.c.note)
        if asks == "prepared":
            return [row[0] for row in _FIND.rows(session, {"ids": [1, 2]})]
        if asks == "stream":
            return list(session.execute(query, execution_options={"yield_per": 10}).scalars())
        return list(session.connection().execute(query).scalars() if asks == "core" else session.scalars(query))

    assert in_transaction(work) == ["second"]


@pytest.mark.usefixtures("database")
def test_what_fails_when_it_is_sent_leaves_nothing_and_hinders_nobody() -> None:
    """Repeated until the driver keeps the statements prepared, with successful ones in between."""

    def work(session: Session, number: int, note: str) -> None:
        add(session, "job", str(number))
        session.flush()
        tell(session, number, note)
        tell(session, number + 1)

    for number in range(0, 80, 4):
        with pytest.raises(sa.exc.IntegrityError):
            in_transaction(work, number, "bad")
        in_transaction(work, number + 2, "good")
    assert [number for number, _ in told()] == [n for n in range(80) if n % 4 > 1]


@pytest.mark.usefixtures("database")
def test_a_question_raises_the_error_of_what_was_told_before_it() -> None:
    def work(session: Session) -> None:
        tell(session, 1, "bad")
        tell(session, 2)
        _FIND.rows(session, {"ids": [2]})
        raise AssertionError("an answer after a statement that failed")

    with pytest.raises(sa.exc.IntegrityError):
        in_transaction(work)
    assert told() == []


@pytest.mark.usefixtures("database")
def test_a_key_that_was_taken_meanwhile_is_found_out_at_commit_and_the_unit_run_again() -> None:
    in_transaction(tell, 1)
    runs: list[int] = []

    def work(session: Session) -> int:
        runs.append(len(runs) + 1)
        tell(session, runs[-1])
        return runs[-1]

    assert in_transaction(work) == 2
    assert told() == [(1, "told"), (2, "told")]
    with pytest.raises(Conflict, match=r"service\.conflict"):
        in_transaction(tell, 1)


@pytest.mark.usefixtures("database")
def test_a_refusal_takes_back_what_was_told_and_keeps_what_it_keeps() -> None:
    def work(session: Session) -> None:
        tell(session, 1)
        raise Rejected("service.conflict", keep=lambda session: tell(session, 2, "kept"))

    with pytest.raises(Rejected):
        in_transaction(work)
    assert told() == [(2, "kept")]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("asked", [True, False], ids=["sent", "not sent yet"])
def test_a_savepoint_takes_back_what_was_told_since(asked: bool) -> None:
    def work(session: Session) -> None:
        tell(session, 1)
        with session.begin_nested() as inner:
            tell(session, 2)
            if asked:
                assert _FIND.rows(session, {"ids": [2]})
            inner.rollback()
        with session.begin_nested():
            tell(session, 3)

    in_transaction(work)
    assert told() == [(1, "told"), (3, "told")]
