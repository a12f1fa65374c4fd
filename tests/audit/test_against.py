"""`ningxin verify --against`: only a checkpoint kept outside reveals that a whole file was restored or rewritten."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result

from ledger.app import create_app
from ledger.audit.verifying.verify import verify
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.settings import Settings
from ledger.points.policy import POINT
from ledger.points.raw import service as raw
from ledger.points.raw.service import WantedTransfer
from ledger.points.sealing import keys as seal_keys
from ledger.points.sealing import queries as seal_queries
from tests.audit.attacks import copy_of, rewrite_everything
from tests.audit.full_book import FullBook, make_full_book
from tests.audit.small_book import seal
from tests.audit.test_verification import full_book
from tests.commands import invoke
from tests.runtimes import TEST_SECRET, use_database
from tests.world import World

__all__ = ["full_book"]
Run = Callable[..., Result]


@pytest.fixture
def book(own_database: Database) -> FullBook:
    """A sealed book in the test's own database."""
    return make_full_book(World(own_database))


@pytest.fixture
def verify_against(tmp_path: Path) -> Run:
    """Run the command on a database against the text of a checkpoint."""

    def run(database: Database, *options: str) -> Result:
        settings = Settings(
            environment="development",
            database_url=database.url,
            secret_key=TEST_SECRET,
            base_url="https://jf.example.org",
            host="127.0.0.1",
            port=8000,
            timezone=ZoneInfo("Asia/Shanghai"),
            data_folder=tmp_path,
        )
        app = create_app(settings, database=database)
        return invoke(app, "verify", *options)

    return run


def checkpoint_of(book: FullBook) -> str:
    """The newest checkpoint as published."""
    return in_snapshot(seal_queries.get_checkpoint, book.world.center_id).text


def go_on(book: FullBook, amount: int) -> None:
    """Post and seal something on another day."""
    move = WantedTransfer(None, *book.free_accounts, amount, POINT)
    in_transaction(raw.transfer_all, [move], actor=book.world.builder)
    seal(book.world)


def test_a_log_that_has_grown_still_has_what_was_kept(book: FullBook, verify_against: Run, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(checkpoint_of(book), encoding="utf-8")
    go_on(book, 5)

    result = verify_against(book.world.database, "--against", str(kept))

    assert (result.exit_code, "still has the 278 leaves" in result.output) == (0, True), result.output


def test_yesterday_s_file_put_back_is_shorter_and_then_another(
    book: FullBook, verify_against: Run, request: pytest.FixtureRequest
) -> None:
    with copy_of(book.world.database, request) as yesterday:
        go_on(book, 5)
        kept = checkpoint_of(book)

        shorter = verify_against(yesterday, "--against", kept)
        use_database(yesterday)
        go_on(book, 6)
        another = verify_against(yesterday, "--against", kept)
        without = verify_against(yesterday)

    assert (shorter.exit_code, "shorter than" in shorter.output) == (1, True), shorter.output
    assert (another.exit_code, "history was rewritten" in another.output) == (1, True), another.output
    assert without.exit_code == 0, without.output


def test_a_book_that_was_rewritten_and_signed_anew_agrees_with_itself_alone(
    book: FullBook, verify_against: Run
) -> None:
    kept = checkpoint_of(book)
    key = in_snapshot(seal_keys.keys, book.world.center_id)[-1].text

    rewrite_everything(book)

    assert in_snapshot(verify, book.world.center_id).clean
    unsigned = verify_against(book.world.database, "--against", kept)
    rewritten = verify_against(book.world.database, "--against", kept, "--key", key)
    assert (unsigned.exit_code, "not signed by any key" in unsigned.output) == (1, True), unsigned.output
    assert (rewritten.exit_code, "history was rewritten" in rewritten.output) == (1, True), rewritten.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no checkpoint\n", "a note is a text"),
        (
            "elsewhere.example.org/x\n5\n" + "A" * 43 + "=\n\n— elsewhere.example.org/x AAAAAAAA\n",
            "not signed by any key",
        ),
    ],
)
def test_what_is_no_checkpoint_of_ours_is_told_so(
    full_book: FullBook, verify_against: Run, text: str, said: str
) -> None:
    result = verify_against(full_book.world.database, "--against", text)

    assert (result.exit_code, said in result.output) == (1, True), result.output


def test_a_file_that_is_not_there_is_told_so(own_database: Database, verify_against: Run, tmp_path: Path) -> None:
    result = verify_against(own_database, "--against", str(tmp_path / "none"))

    assert (result.exit_code, "not a checkpoint to compare with" in result.output) == (1, True), result.output
