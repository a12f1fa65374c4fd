"""The database itself refuses what the service would never do, even for direct SQL."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id
from ledger.points.models import Account, Batch, Transfer
from ledger.points.policy import MINUTE, AccountKey, Movement
from tests.points.books import HALF_AN_HOUR, ISSUANCE, Books, member, new_books

TABLES = ("batch", "transfer")


@pytest.fixture
def written(books: Books) -> Books:
    """A book with an award, a redemption, an open and a posted hold, in points and in minutes."""
    books.award(500)
    books.spend(100)
    books.resolve(books.hold(50), "post")
    books.hold(30)
    books.post(Movement(AccountKey(MINUTE, "service"), member(1, MINUTE), 60, "hours"))
    return books


def run(statement: str, **values: Any) -> None:
    """Run SQL in a unit."""
    in_transaction(lambda session: session.execute(sa.text(statement), values) and None)


def refused(statement: str, **values: Any) -> str:
    """The database's message when it refuses a statement."""
    with pytest.raises(sa.exc.DBAPIError) as caught:
        run(statement, **values)
    return str(caught.value)


def everything(session: Session, center_id: int) -> list[Any]:
    """All rows of the book."""
    return [
        tuple(row)
        for model in (Account, Batch, Transfer)
        for row in session.execute(sa.select(model.__table__).where(model.__table__.c.center_id == center_id))
    ]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET recorded_at = recorded_at WHERE center_id = :c",
        "UPDATE {table} SET center_id = center_id + 1 WHERE center_id = :c",
        "DELETE FROM {table} WHERE center_id = :c",
        "DELETE FROM {table}",
    ],
)
def test_facts_are_not_changed_nor_deleted(written: Books, table: str, statement: str) -> None:
    before = in_snapshot(everything, written.center_id)
    values = {"c": written.center_id} if ":c" in statement else {}
    assert f"{table} is append only" in refused(statement.format(table=table), **values)
    assert in_snapshot(everything, written.center_id) == before


@pytest.mark.parametrize("table", TABLES)
def test_facts_are_not_replaced_nor_truncated(written: Books, database: Database, table: str) -> None:
    """SQLite's REPLACE fires no DELETE trigger unless recursive_triggers is on; TRUNCATE fires no row trigger."""
    before = in_snapshot(everything, written.center_id)
    if database.url.startswith("sqlite"):
        statements = [
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
            f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
            f"UPDATE OR REPLACE {table} SET id = (SELECT max(id) FROM {table})",
            f"INSERT INTO {table} SELECT * FROM {table} WHERE 1 ON CONFLICT (center_id, id) DO UPDATE SET id = id",
        ]
    else:
        statements = [
            f"TRUNCATE {table} CASCADE",
            f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (center_id, id) DO UPDATE SET recorded_at = now()",
        ]
    for statement in statements:
        assert f"{table} is append only" in refused(statement)
    assert in_snapshot(everything, written.center_id) == before


ACCOUNT_LIES = {
    "not_below_zero": "debits_posted = credits_posted + 1",
    "held too": "debits_pending = credits_posted - debits_posted + 1",
    "counters": "credits_pending = -1",
}


@pytest.mark.parametrize("lie", ACCOUNT_LIES)
def test_counted_account_is_not_below_zero_even_by_sql(written: Books, lie: str) -> None:
    message = refused(
        f"UPDATE account SET {ACCOUNT_LIES[lie]} WHERE center_id = :c AND kind = 'member' AND unit = 'point'",
        c=written.center_id,
    )
    assert "ck_account_counters" in message if lie == "counters" else "ck_account_not_below_zero" in message


def test_account_with_an_overdraft_may_be_below_zero(written: Books) -> None:
    run(
        "UPDATE account SET overdraft = true, debits_posted = credits_posted + 1"
        " WHERE center_id = :c AND kind = 'member' AND unit = 'point'",
        c=written.center_id,
    )


def test_folded_account_keeps_no_counters(written: Books) -> None:
    message = refused(
        "UPDATE account SET credits_posted = 1 WHERE center_id = :c AND kind = 'issuance'", c=written.center_id
    )
    assert "ck_account_folded_keeps_no_counters" in message


# Forgeries: the changed columns in a copy of the redemption, and what the database reports.
FORGERIES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing moved": ({"amount": 0}, "ck_transfer_amount"),
    "moved backwards": ({"amount": -5}, "ck_transfer_amount"),
    "to itself": ({"credit_account_id": "{debit}"}, "ck_transfer_two_accounts"),
    "unknown kind": ({"kind": "gift"}, "ck_transfer_kind"),
    "held without an end": ({"kind": "pending"}, "ck_transfer_pending_expires"),
    "posted with an end": ({"expires_at": "{now}"}, "ck_transfer_pending_expires"),
    "resolution of nothing": ({"kind": "void"}, "ck_transfer_resolves"),
    "resolution that is posted": ({"pending_id": "{pending}"}, "ck_transfer_resolves"),
    "resolved again": ({"kind": "void", "pending_id": "{resolved}"}, "pending_id"),
    "version without its balance": ({"debit_balance_after": None}, "ck_transfer_debit_side"),
    "balance without its version": ({"credit_balance_after": 5}, "ck_transfer_credit_side"),
    "version used before": ({}, "debit_version"),
    "key used before": ({"id": "{id}"}, ""),
    "unit of neither account": ({"unit": "minute"}, ""),
    "account in another unit": ({"credit_account_id": "{minutes}"}, ""),
    "account that is not there": ({"credit_account_id": 12345}, ""),
    "batch that is not there": ({"batch_id": 12345}, ""),
    "another center's account": ({"credit_account_id": "{stranger}"}, ""),
    "in another center": ({"center_id": "{neighbour}"}, ""),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_transfer_is_refused(written: Books, forgery: str) -> None:
    neighbour = new_books()
    neighbour.award(1)
    changes, name = FORGERIES[forgery]
    rows = written.transfers()
    spent = next(row for row in rows if row["code"] == "redeem" and row["kind"] == "posted")
    names = {
        "{debit}": spent["debit_account_id"],
        "{now}": clock.now() + HALF_AN_HOUR,
        "{pending}": next(row["id"] for row in reversed(rows) if row["kind"] == "pending"),
        "{resolved}": next(row["pending_id"] for row in rows if row["pending_id"]),
        "{id}": spent["id"],
        "{minutes}": written.account_id(member(1, MINUTE)),
        "{stranger}": neighbour.account_id(ISSUANCE),
        "{neighbour}": neighbour.center_id,
    }
    forged = {
        **spent,
        "id": new_id(),
        "debit_version": 1000,
        **{key: names.get(value, value) for key, value in changes.items()},
    }
    if forgery == "version used before":
        forged["debit_version"] = spent["debit_version"]
    with pytest.raises(sa.exc.SQLAlchemyError) as caught:
        _insert(forged)
    assert name in str(caught.value)
    assert written.transfers() == rows


def _insert(row: dict[str, Any]) -> None:
    # Bypass the unit's retries, which would turn a unique violation into a refusal.
    def work(session: Session) -> str:
        with session.begin_nested():
            try:
                session.execute(sa.insert(Transfer.__table__), row)
            except sa.exc.IntegrityError as error:
                raise _Refused(str(error)) from error
        return "written"

    in_transaction(work)


class _Refused(sa.exc.SQLAlchemyError):
    pass


def test_honest_transfer_in_the_same_way_is_written(written: Books) -> None:
    """Proves that the forgeries above are refused for their errors only."""
    spent = next(row for row in written.transfers() if row["code"] == "redeem" and row["kind"] == "posted")
    _insert({**spent, "id": new_id(), "debit_version": 1000})
    assert len(written.transfers()) == 7


def test_account_of_a_unit_that_is_not_there(books: Books) -> None:
    refused(
        "INSERT INTO account (center_id, id, unit, kind, owner_id, counted, in_lots, overdraft, debits_pending,"
        " debits_posted, credits_pending, credits_posted, version, opened_at)"
        " SELECT :c, 1, 'tractor', 'free', 0, true, false, false, 0, 0, 0, 0, 0, created_at FROM center WHERE id = :c",
        c=books.center_id,
    )
    assert books.accounts() == []
