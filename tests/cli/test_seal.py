"""The command `seal`: it seals everything that waits, and its output can be kept and verified elsewhere."""

from pathlib import Path

import pytest

from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.sealing import keys as seal_keys
from ledger.proof.checkpoints import open_checkpoint
from tests.cli.test_commands import Console, console_at
from tests.points.books import Books, new_books
from tests.points.logs import Log, assert_whole, award


@pytest.fixture
def console(own_database: Database, tmp_path: Path) -> Console:
    """A migrated installation without a center."""
    return console_at(own_database.url, tmp_path)


def seal(console: Console, *options: str) -> str:
    """Run `ningxin seal` and return its output."""
    result = console.run("seal", *options)
    assert result.exit_code == 0, result.output
    return result.output


def test_without_a_center_there_is_nothing_to_seal(console: Console) -> None:
    assert "no center yet" in seal(console)


def test_all_that_waits_is_sealed_and_the_checkpoint_printed(console: Console) -> None:
    books, empty = new_books(), new_books()
    in_transaction(lambda session: [books.post_in(session, award(1)).batch_id for _ in range(3)])

    output = seal(console)

    log = Log(books.center_id)
    assert "演示区: 3 batches sealed." in output
    assert "演示区: 0 batches sealed." in output
    assert [block.leaves for block in log.blocks] == [3]
    assert log.checkpoints[-1].text in output
    assert public_id(empty.center_id) not in output
    assert "3 batches" not in seal(console)
    assert_whole(log)


def keys(books: Books) -> list[seal_keys.KeyView]:
    """The keys of a book's log."""
    return in_snapshot(seal_keys.keys, books.center_id)


def test_a_new_key_is_printed_for_whoever_keeps_the_old_one(console: Console) -> None:
    books = new_books()
    in_transaction(lambda session: books.post_in(session, award(1)).batch_id)

    output = seal(console, "--new-key")

    old, new = keys(books)
    assert new.text in output
    [row] = Log(books.center_id).checkpoints
    assert open_checkpoint(row.text, old.verifier, old.origin).size == 1
    seal(console)
    assert len(keys(books)) == 2
