"""Posting and sealing in any order: the log proves itself, and folded balances equal the postings."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel import clock
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.points.book import queries
from ledger.points.sealing import queries as seal_queries
from ledger.proof.tree import verify_consistency, verify_inclusion
from tests.points.books import Books, member, new_books
from tests.points.logs import Log, assert_whole
from tests.proof import standard

MOMENT = datetime(2026, 6, 3, 8, 0, 0, 123456, tzinfo=UTC)


steps = st.lists(st.tuples(st.sampled_from(["award", "spend", "hold", "seal"]), st.integers(1, 9)), max_size=25)


@given(steps)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_in_whatever_order_things_are_posted_and_sealed(database: Database, done: list[tuple[str, int]]) -> None:
    """The root is the standard's root over the leaves, and each checkpoint extends all earlier ones."""
    books = new_books()
    log = Log(books.center_id)
    for each in (1, 2):
        books.award(1_000, member(each))
    for what, number in done:
        # Another machine's clock may be behind, so the batch sealed last is not always recorded last.
        with clock.at(clock.now() - timedelta(seconds=number) if number % 3 == 0 else clock.now()):
            if what == "seal":
                log.seal(limit=number)
            elif what == "hold":
                books.resolve(books.hold(number, by=member(number % 2 + 1)), "void" if number % 2 else "post")
            else:
                getattr(books, what)(number, member(number % 2 + 1))
    log.seal(limit=3)

    assert_whole(log)
    encodings = [facts.encoding for *_, facts in log.streamed() if facts is not None]
    checkpoints = log.opened()
    assert [each.root for each in checkpoints] == [standard.mth(encodings[: each.size]) for each in checkpoints]
    assert_proved(log)
    times = [row["recorded_at"] for row in books.transfers()]
    assert_folded(
        books,
        [None, times[0] - timedelta(days=1), *(time + timedelta(microseconds=by) for time in times for by in (-1, 0))],
    )


def assert_proved(log: Log) -> None:
    """Each leaf is in the last checkpoint, and each checkpoint extends all earlier ones."""
    last = log.opened()[-1]
    for leaf in log.leaves:
        found = in_snapshot(seal_queries.prove_batch, leaf.batch_id, center_id=log.center_id)
        assert verify_inclusion(leaf.hash, leaf.leaf_index, last.size, found.path, last.root)
    for old in log.opened():
        proof = in_snapshot(seal_queries.prove_consistency, log.center_id, last.size, old_size=old.size)
        assert proof.old_root == old.root
        assert verify_consistency(old.size, last.size, old.root, last.root, proof.path)


def test_a_balance_of_the_past_counts_what_was_recorded_then_and_sealed_much_later(books: Books, log: Log) -> None:
    for number in range(4):
        with clock.at(MOMENT + timedelta(minutes=number)):
            books.award(1, member(number))
            log.seal()
    early = MOMENT + timedelta(seconds=1)
    with clock.at(early):
        books.award(500, member(9))
        log.seal()
        books.award(70, member(10))

    assert [block.late for block in log.blocks] == [False] * 4 + [True]
    assert_folded(books, [None, *(MOMENT + timedelta(seconds=each) for each in (-1, 0, 1, 60, 179, 180))])
    assert folded(books, kinds_of_folded(books), early) == {"issuance": -571}


def assert_folded(books: Books, moments: Iterable[datetime | None]) -> None:
    """The service's folded balances as of each moment are the sums of the transfers."""
    kinds, transfers = kinds_of_folded(books), books.transfers()
    for moment in moments:
        assert folded(books, kinds, moment) == folded_by_hand(kinds, transfers, moment)


def kinds_of_folded(books: Books) -> dict[int, str]:
    """Kinds of the accounts that are not counted, by key."""
    return {account["id"]: account["kind"] for account in books.accounts() if not account["counted"]}


def folded(books: Books, kinds: dict[int, str], moment: datetime | None) -> dict[str, int]:
    """Folded balances as of a moment, from the service."""
    return {
        kind: in_snapshot(queries.get_account, key, books.center_id, as_of=moment).balance
        for key, kind in kinds.items()
    }


def folded_by_hand(kinds: dict[int, str], transfers: list[dict[str, Any]], moment: datetime | None) -> dict[str, int]:
    """The same, summed from the transfers."""
    found = dict.fromkeys(kinds.values(), 0)
    for row in transfers:
        if row["kind"] in ("posted", "post") and (moment is None or row["recorded_at"] <= moment):
            for side, sign in (("debit", -1), ("credit", 1)):
                if row[f"{side}_account_id"] in kinds:
                    found[kinds[row[f"{side}_account_id"]]] += sign * row["amount"]
    return found
