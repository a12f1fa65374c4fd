"""Attacks by a database owner who switches all guards off for good."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from ledger.kernel.append_only import create_guards
from ledger.kernel.database import Database
from ledger.points.models import Batch
from ledger.tables import metadata
from tests.audit.full_book import FullBook
from tests.audit.small_book import seal
from tests.databases import PostgresServer, drop_postgres_database, fresh_postgres_database
from tests.runtimes import use_database

LOG = ("folded_balance", "leaf", "checkpoint", "tree_node", "block", "seal_key")
FACTS = ("batch", "transfer", "lot", "lot_use")


@contextmanager
def copy_of(database: Database, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A copy of the database as it is now: another file, or another database on the same server."""
    database.close()
    if database.url.startswith("sqlite"):
        path = database.url.removeprefix("sqlite:///")
        with sa.create_engine(database.url).connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(path, f"{path}.yesterday")
        yield Database(f"{database.url}.yesterday")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = fresh_postgres_database(server, template=database.url.rpartition("/")[2])
    copied = Database(url)
    yield copied
    copied.close()
    drop_postgres_database(server, url)


def without_guards(connection: sa.Connection) -> None:
    """Disable the triggers, as an owner may."""
    for table in (*FACTS, *LOG):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            for name in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{name}")


def with_guards(connection: sa.Connection) -> None:
    """Enable the triggers again, so that the service starts normally."""
    if connection.dialect.name == "postgresql":
        for table in (*FACTS, *LOG):
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    else:
        create_guards(connection, [*FACTS, *LOG])


def rewrite_everything(book: FullBook, *, amount: int = 900) -> None:
    """Increase one transfer and everything that follows from it, and seal the whole book again with a new key."""
    source, target = book.free_accounts
    owner = sa.create_engine(book.world.database.url, poolclass=sa.pool.NullPool)
    with owner.begin() as connection:
        without_guards(connection)
        first = f"(SELECT min(id) FROM transfer WHERE debit_account_id = {source})"
        connection.exec_driver_sql(f"UPDATE transfer SET amount = amount + {amount} WHERE id = {first}")
        connection.exec_driver_sql(
            f"UPDATE transfer SET debit_balance_after = debit_balance_after - {amount},"
            f" credit_balance_after = credit_balance_after + {amount} WHERE debit_account_id = {source}"
        )
        connection.exec_driver_sql(f"UPDATE account SET debits_posted = debits_posted + {amount} WHERE id = {source}")
        connection.exec_driver_sql(f"UPDATE account SET credits_posted = credits_posted + {amount} WHERE id = {target}")
        for table in LOG:
            connection.execute(sa.delete(metadata.tables[table]))
        batches = sa.select(Batch.center_id, Batch.id)
        connection.execute(sa.insert(metadata.tables["unsealed"]).from_select(["center_id", "batch_id"], batches))
        with_guards(connection)
    owner.dispose()
    use_database(book.world.database)
    seal(book.world)
