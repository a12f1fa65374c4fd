"""The sealer: each batch gets one leaf, regardless of sealer and order; sealed batches stay unchanged."""

import hashlib
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.kernel import clock
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import new_id, public_id
from ledger.points.book.rows import await_seal
from ledger.points.models import Batch, Lot, Transfer
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing import queries as seal_queries
from ledger.points.sealing.facts import FactsReader
from ledger.points.sealing.models import TreeNode
from ledger.points.sealing.rows import SealRows
from ledger.proof.tree import root_of, verify_inclusion
from tests.points.books import Books, rows_of, transfers_of
from tests.points.logs import Log, assert_whole, award, rows

MOMENT = datetime(2026, 6, 3, 8, 0, 0, 123456, tzinfo=UTC)


def write_some(books: Books) -> list[int]:
    """Post an award, a redemption and a partly posted hold. Returns the batches."""
    first, second = books.award(500), books.spend(100)
    [held] = books.hold(80)
    third = books.resolve([held], "post", amounts={held: 50})
    hold = next(row["batch_id"] for row in books.transfers() if row["id"] == held)
    return [first.batch_id, second.batch_id, hold, third.batch_id]


def test_what_waits_gets_its_leaf_a_block_and_a_signed_checkpoint(books: Books, log: Log) -> None:
    batches = write_some(books)
    assert log.waiting == sorted(batches)

    with clock.at(MOMENT):
        assert log.seal() == 4

    assert log.waiting == []
    assert [leaf.batch_id for leaf in log.leaves] == sorted(batches)
    [block], [checkpoint] = log.blocks, log.opened()
    assert (block.number, block.first_leaf, block.leaves, block.closed_at) == (1, 0, 4, MOMENT)
    assert block.root == root_of([leaf.hash for leaf in log.leaves])
    assert (checkpoint.origin, checkpoint.size) == (f"jf.example.org/{public_id(books.center_id)}", 4)
    assert checkpoint.root == block.root
    assert_whole(log)


def test_nothing_is_sealed_twice(books: Books, log: Log) -> None:
    write_some(books)
    log.seal()
    before = log.leaves, log.blocks, log.checkpoints

    assert [log.seal(), log.seal()] == [0, 0]

    assert (log.leaves, log.blocks, log.checkpoints) == before


def test_a_center_where_nothing_waits_has_no_key_yet(books: Books, log: Log) -> None:
    assert log.seal() == 0
    assert in_snapshot(seal_keys.keys, books.center_id) == []


def test_a_block_takes_no_more_than_it_is_told(books: Books, log: Log) -> None:
    write_some(books)

    assert [log.seal(limit=3), log.seal(limit=3), log.seal(limit=3)] == [3, 1, 0]

    assert [(block.first_leaf, block.leaves) for block in log.blocks] == [(0, 3), (3, 1)]
    assert_whole(log)


def test_a_leaf_is_the_digest_of_the_batch_as_it_stands(books: Books, log: Log) -> None:
    """An independent implementation of the leaf layout, for one batch."""
    with clock.at(MOMENT):
        posted = books.award(500)
    log.seal()
    [batch], [transfer], [lot] = (in_snapshot(rows, each, books.center_id) for each in (Batch, Transfer, Lot))
    micros = int(MOMENT.timestamp()) * 1_000_000 + MOMENT.microsecond
    none = -(1 << 63)

    def number(value: int, size: int = 8) -> bytes:
        return value.to_bytes(size, "big", signed=size == 8)

    def text(value: str) -> bytes:
        return number(len(value.encode()), 4) + value.encode()

    def account(account_id: int, kind: str, owner: int) -> bytes:
        return number(account_id) + number(owner) + number(2, 1) + text("point") + text(kind)

    expected = [
        number(1, 1), number(books.center_id), number(posted.batch_id), text("test"),
        hashlib.sha256(batch.source_ref.encode()).digest(), text("post"),
        number(micros), number(micros), number(1), hashlib.sha256(b"test").digest(), text(batch.evidence_hash),
        number(1, 4),
        number(transfer.id), number(500), number(none), number(none), number(none),
        number(none), number(none), number(none), number(1), number(500), number(0), number(none), number(micros),
        account(transfer.debit_account_id, "issuance", 0), account(transfer.credit_account_id, "member", 1),
        text("point"), text("award"), text("posted"),
        number(1, 4), number(lot.id), number(lot.account_id), number(500), number(micros), number(none),
        number(0, 4),
    ]  # fmt: skip
    assert [leaf.hash for leaf in log.leaves] == [hashlib.sha256(b"\x00" + b"".join(expected)).digest()]


def backdated(session: Session, books: Books, early: int) -> None:
    """A batch whose id was taken before others that are already sealed."""
    batch = rows_of(session, Batch, books.center_id)[0] | {"id": early, "step": "late"}
    transfer = transfers_of(session, books.center_id)[0] | {"id": new_id(), "batch_id": early, "credit_version": 1_000}
    session.execute(sa.insert(Batch.__table__), batch)
    session.execute(sa.insert(Transfer.__table__), transfer)
    await_seal(session, [batch])


def test_a_batch_whose_id_is_older_than_what_is_sealed_gets_its_leaf(books: Books, log: Log) -> None:
    """Sealing "ids greater than the last one" would never seal such a batch."""
    early = new_id()
    write_some(books)
    log.seal()

    in_transaction(backdated, books, early)

    assert log.seal() == 1
    assert log.leaves[-1].batch_id == early < log.leaves[0].batch_id
    assert_whole(log)


def test_a_batch_left_behind_is_read_without_what_was_posted_since(books: Books) -> None:
    batches = [books.award(amount).batch_id for amount in range(1, 30)]
    first, last = batches[0], batches[-1]

    def spans(session: Session, wanted: list[int]) -> list[tuple[int, int]]:
        return list(SealRows(session, books.center_id).spans_of_batches(wanted))

    def read(session: Session, wanted: list[int]) -> dict[int, bytes]:
        return {key: facts.leaf_hash for key, facts in FactsReader(session, books.center_id).read(wanted).items()}

    assert in_snapshot(spans, batches) == [(first, last)]
    assert in_snapshot(spans, [first, last]) == [(first, first), (last, last)]
    all_of_them = in_snapshot(read, batches)
    assert list(all_of_them) == batches
    assert in_snapshot(read, [last, first]) == {key: all_of_them[key] for key in (first, last)}


def test_a_log_longer_than_a_tile_keeps_the_nodes_above(books: Books, log: Log) -> None:
    in_transaction(lambda session: [books.post_in(session, award(1)).batch_id for _ in range(530)])

    while log.seal(limit=200):
        pass

    assert [(node.level, node.position) for node in in_snapshot(rows, TreeNode, books.center_id)] == [(1, 0), (1, 1)]
    last, leaves = log.opened()[-1], log.leaves
    assert last.root == root_of([leaf.hash for leaf in leaves])
    for index in (0, 255, 256, 511, 512, 529):
        found = in_snapshot(seal_queries.prove_batch, leaves[index].batch_id, center_id=books.center_id)
        assert verify_inclusion(leaves[index].hash, index, 530, found.path, last.root)
