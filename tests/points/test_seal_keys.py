"""A log's keys, guards and job, and the operators' view of the sealer's backlog."""

from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy.orm import Session

from ledger import jobs
from ledger.jobs import SCHEDULE, AtOnce, Job
from ledger.kernel import clock, runtime
from ledger.kernel.crypto import keyring
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing.service import seal
from ledger.proof.checkpoints import endorsed_key
from ledger.proof.notes import NoteError, Signer, parse_verifier
from ledger.tables import metadata
from tests.at_once import at_once
from tests.points.books import Books, new_books
from tests.points.logs import Log, assert_whole, award
from tests.runtimes import use_database, use_instead

_slots = count(1)


def new_slot() -> datetime:
    """A slot unused by other tests on the shared database."""
    return datetime(2019, 1, 1, tzinfo=UTC) + timedelta(hours=next(_slots))


def keys(books: Books) -> list[seal_keys.KeyView]:
    """All keys of the center."""
    return in_snapshot(seal_keys.keys, books.center_id)


def test_a_new_key_signs_what_comes_and_the_old_one_vouches_for_it(books: Books, log: Log) -> None:
    books.award(1)
    log.seal()
    changed = in_transaction(seal_keys.change_key, books.center_id)
    books.award(2)
    log.seal()

    old, new = keys(books)
    assert new == changed
    assert (old.origin, old.endorsement) == (new.origin, None)
    assert old.valid_until is not None
    assert new.valid_until is None
    assert parse_verifier(endorsed_key(new.endorsement or "", old.verifier)) == new.verifier
    first, second = log.checkpoints
    assert (first.key_id, second.key_id) == (old.id, new.id)
    with pytest.raises(NoteError):
        old.verifier.verify(second.text)
    assert_whole(log)


def test_two_who_change_the_key_leave_one_that_signs(books: Books, log: Log) -> None:
    books.award(1)
    log.seal()

    at_once([lambda: in_transaction(seal_keys.change_key, books.center_id)] * 4)

    chain = keys(books)
    assert len(chain) == 5
    assert [key.valid_until is None for key in chain] == [False] * 4 + [True]
    for old, new in pairwise(chain):
        assert parse_verifier(endorsed_key(new.endorsement or "", old.verifier)) == new.verifier


def private_keys(books: Books) -> list[Any]:
    """The private halves in the database."""
    query = sa.text("SELECT private_key FROM seal_key WHERE center_id = :c ORDER BY id")
    return list(in_snapshot(lambda session: session.execute(query, {"c": books.center_id}).scalars().all()))


def test_a_private_key_stands_encrypted_and_is_wiped_at_its_end(books: Books, log: Log) -> None:
    books.award(1)
    log.seal()
    [stored] = private_keys(books)
    seed = bytes.fromhex(keyring().open(bytes(stored), label="seal_key.private_key"))
    [key] = keys(books)
    assert Signer(key.origin, seed).verifier == key.verifier
    assert seed not in bytes(stored)
    assert seed.hex().encode() not in bytes(stored)

    in_transaction(seal_keys.change_key, books.center_id)

    assert private_keys(books)[0] is None


def test_a_log_keeps_its_name_when_the_service_moves(books: Books, log: Log) -> None:
    books.award(1)
    log.seal()
    use_instead(host="elsewhere.example")
    books.award(2)
    log.seal()
    in_transaction(seal_keys.change_key, books.center_id)

    assert len({key.origin for key in keys(books)} | {each.origin for each in log.opened()}) == 1


TABLES = ("leaf", "block", "tree_node", "checkpoint", "folded_balance", "seal_key")


@pytest.fixture(scope="module")
def long_log(shared_database: Database) -> Log:
    """A log with a node, which nothing changes."""
    use_database(shared_database)
    books = new_books()
    log = Log(books.center_id)
    in_transaction(lambda session: [books.post_in(session, award(1)).batch_id for _ in range(256)])
    log.seal()
    assert_whole(log)
    return log


def stored(session: Session, center_id: int) -> list[list[Any]]:
    """All rows of the log."""
    tables = [metadata.tables[name] for name in TABLES]
    return [list(session.execute(sa.select(each).where(each.c.center_id == center_id))) for each in tables]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET center_id = center_id", "DELETE FROM {}"])
def test_what_is_sealed_is_neither_changed_nor_deleted(long_log: Log, table: str, statement: str) -> None:
    before = in_snapshot(stored, long_log.center_id)
    with pytest.raises(sa.exc.DBAPIError, match=f"{table} is append only"):
        in_transaction(lambda session: session.execute(sa.text(statement.format(table))) and None)
    assert all(before)
    assert in_snapshot(stored, long_log.center_id) == before


@pytest.mark.parametrize("column", ["origin", "public_key", "endorsement", "valid_from"])
def test_of_a_key_only_its_end_can_be_written(books: Books, log: Log, column: str) -> None:
    books.award(1)
    log.seal()
    with pytest.raises(sa.exc.DBAPIError, match="seal_key is append only"):
        in_transaction(lambda session: session.execute(sa.text(f"UPDATE seal_key SET {column} = {column}")) and None)


def test_the_job_goes_on_until_nothing_waits(books: Books, log: Log) -> None:
    for number in range(7):
        books.award(number + 1)
    mine = Job("seal-in-twos", 60, AtOnce(lambda session: seal(session, books.center_id, limit=2), full=2))
    assert jobs.run(runtime.current(), mine, at=new_slot()) == 7
    assert [block.leaves for block in log.blocks] == [2, 2, 2, 1]


def test_the_schedule_seals(books: Books, log: Log) -> None:
    books.award(1)
    job = next(each for each in SCHEDULE if each.name == "seal")
    assert jobs.run(runtime.current(), job, at=new_slot()) >= 1
    assert log.waiting == []


def test_metrics_say_how_far_the_sealer_is_behind(books: Books, log: Log, client: FlaskClient) -> None:
    def measured() -> tuple[float, float]:
        assert client.get("/metrics").status_code == 200
        names = ("ningxin_seal_backlog_batches", "ningxin_seal_lag_seconds")
        batches, seconds = (REGISTRY.get_sample_value(name) or 0.0 for name in names)
        return batches, seconds

    before, _ = measured()
    books.award(1)
    books.award(1)
    with clock.at(clock.now() + timedelta(days=300)):
        behind, lag = measured()
    assert behind == before + 2
    assert lag >= timedelta(days=299).total_seconds()
    log.seal()
    assert measured()[0] == before
