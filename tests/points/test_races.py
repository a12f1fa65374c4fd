"""Two connections compete for the same thing: exactly one gets it, and the other learns the true reason."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from ledger.kernel import clock, db
from ledger.kernel.database import Database
from ledger.kernel.errors import LedgerError
from ledger.points.policy import AccountKey, Balance, Movement
from tests.at_once import LONGEST_SECONDS, at_once
from tests.points.books import HALF_AN_HOUR, ISSUANCE, REDEEMED, Books, member, new_books, new_source
from tests.points.race_workers import spend_all
from tests.processes import in_processes
from tests.runtimes import use_database

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
ROUNDS = 200


class Pair:
    """Two services on one database, each with its own connections, and a book that both write to."""

    def __init__(self, url: str) -> None:
        self.databases = [Database(url), Database(url)]
        use_database(self.databases[0])
        self.books = new_books()

    def race(self, rounds: int, *contenders: Callable[[int], Any]) -> list[tuple[Any, Any]]:
        """Run each round in both at the same moment. Returns per round each result: a value or the refusal's code."""
        barrier = threading.Barrier(2)

        def run(number: int) -> list[Any]:
            use_database(self.databases[number])
            outcomes = []
            for round_ in range(rounds):
                barrier.wait(LONGEST_SECONDS)
                try:
                    outcomes.append(contenders[number](round_))
                except LedgerError as error:
                    outcomes.append(error.code)
            return outcomes

        first, second = at_once([lambda number=number: run(number) for number in range(2)])
        return list(zip(first, second, strict=True))


@pytest.fixture
def pair(own_database_url: str) -> Iterator[Pair]:
    """Two services on a database of their own."""
    both = Pair(own_database_url)
    yield both
    for database in both.databases:
        database.close()


def award_all(books: Books, members: int) -> None:
    """Award 100 points to each member, in one batch."""
    books.post(*[Movement(ISSUANCE, member(number), 100, "award") for number in range(1, members + 1)])


def won(action: Callable[[], Any]) -> str:
    """Run the action. Returns "won"."""
    action()
    return "won"


def test_two_tills_spend_the_same_balance(pair: Pair) -> None:
    award_all(pair.books, ROUNDS)
    spend = [lambda round_: won(lambda: pair.books.spend(100, member(round_ + 1)))] * 2
    outcomes = pair.race(ROUNDS, *spend)
    assert {frozenset(outcome) for outcome in outcomes} == {frozenset({"won", "points.exceeds_credits"})}
    assert {pair.books.balance(member(number)) for number in range(1, ROUNDS + 1)} == {Balance(0, 0)}


def test_two_tills_hold_the_same_balance(pair: Pair) -> None:
    award_all(pair.books, ROUNDS)
    hold = [lambda round_: won(lambda: pair.books.hold(60, by=member(round_ + 1)))] * 2
    outcomes = pair.race(ROUNDS, *hold)
    assert {frozenset(outcome) for outcome in outcomes} == {frozenset({"won", "points.exceeds_credits"})}
    assert {pair.books.balance(member(number)) for number in range(1, ROUNDS + 1)} == {Balance(100, 60)}


def test_two_processes_spend_the_same_balances(pair: Pair) -> None:
    award_all(pair.books, ROUNDS)
    outcomes = in_processes(spend_all, pair.databases[0].url, pair.books.center_id, ROUNDS)
    assert {frozenset(outcome) for outcome in zip(*outcomes, strict=True)} == {
        frozenset({"won", "points.exceeds_credits"})
    }
    assert {pair.books.balance(member(number)) for number in range(1, ROUNDS + 1)} == {Balance(0, 0)}


def test_last_bag_goes_to_one_of_two_members(pair: Pair) -> None:
    """Points and goods move in one batch; the contended account is not the member's."""
    books, rounds = pair.books, 50
    award_all(books, 2)
    books.post(*[Movement(ISSUANCE, AccountKey("point", "stock", number), 1, "goods in") for number in range(rounds)])

    def buy(who: int) -> Callable[[int], str]:
        return lambda round_: won(
            lambda: books.post(
                Movement(member(who), REDEEMED, 1, "redeem"),
                Movement(AccountKey("point", "stock", round_), REDEEMED, 1, "goods"),
            )
        )

    outcomes = pair.race(rounds, buy(1), buy(2))
    assert {frozenset(outcome) for outcome in outcomes} == {frozenset({"won", "points.exceeds_credits"})}
    left = books.balance(member(1)).balance + books.balance(member(2)).balance
    assert left == 200 - rounds


def test_late_post_and_sweeper(pair: Pair) -> None:
    """By the till's clock the hold is open, by the sweeper's it is over: the first wins, and the other learns of it."""
    rounds, books = 100, pair.books
    with clock.at(NOON):
        award_all(books, rounds)
        holds = [books.hold(60, by=member(number)) for number in range(1, rounds + 1)]

    def resolve(kind: Any, instant: datetime) -> Callable[[int], str]:
        def run(round_: int) -> str:
            with clock.at(instant):
                return won(lambda: books.resolve(holds[round_], kind))

        return run

    in_time, over = NOON + HALF_AN_HOUR / 2, NOON + HALF_AN_HOUR
    outcomes = pair.race(rounds, resolve("post", in_time), resolve("expire", over))
    assert set(outcomes) <= {
        ("won", "points.pending_transfer_already_posted"),
        ("points.pending_transfer_expired", "won"),
    }
    balances = Counter(books.balance(member(number)) for number in range(1, rounds + 1))
    posted = Counter(outcomes)["won", "points.pending_transfer_already_posted"]
    assert balances == Counter({Balance(40, 0): posted, Balance(100, 0): rounds - posted})


def test_void_and_post_of_a_hold_that_locks_no_account(pair: Pair) -> None:
    """Between folded accounts nothing is locked; the unique key decides, and the loser learns why."""
    rounds, books = 50, pair.books
    holds = [
        books.post(Movement(ISSUANCE, REDEEMED, 1, "test", clock.now() + HALF_AN_HOUR)).transfer_ids
        for _ in range(rounds)
    ]
    outcomes = pair.race(
        rounds,
        lambda round_: won(lambda: books.resolve(holds[round_], "post")),
        lambda round_: won(lambda: books.resolve(holds[round_], "void")),
    )
    assert set(outcomes) <= {
        ("won", "points.pending_transfer_already_posted"),
        ("points.pending_transfer_already_voided", "won"),
    }


def test_two_reversals_of_one_redemption(pair: Pair) -> None:
    rounds, books = 50, pair.books
    award_all(books, rounds)
    sold = [books.spend(60, member(number)).transfer_ids[0] for number in range(1, rounds + 1)]

    def reverse(round_: int) -> str:
        movement = Movement(REDEEMED, member(round_ + 1), 60, "void", reverses_id=sold[round_])
        return won(lambda: books.post(movement))

    outcomes = pair.race(rounds, reverse, reverse)
    assert {frozenset(outcome) for outcome in outcomes} == {frozenset({"won", "points.already_reversed"})}
    assert {books.balance(member(number)) for number in range(1, rounds + 1)} == {Balance(100, 0)}


def test_refunds_from_two_sides_stay_within_the_original(pair: Pair) -> None:
    rounds, books = 50, pair.books
    award_all(books, rounds)
    sold = [books.spend(60, member(number)).transfer_ids[0] for number in range(1, rounds + 1)]

    def refund(round_: int) -> str:
        movement = Movement(REDEEMED, member(round_ + 1), 40, "refund", refund_of=sold[round_])
        return won(lambda: books.post(movement))

    outcomes = pair.race(rounds, refund, refund)
    assert {frozenset(outcome) for outcome in outcomes} == {frozenset({"won", "points.exceeds_refundable"})}


def test_same_source_from_two_sides_posts_once(pair: Pair) -> None:
    """Different accounts, so that no lock orders the postings."""
    rounds, books = 50, pair.books
    sources = [new_source() for _ in range(rounds)]

    def award(who: int) -> Callable[[int], str]:
        movement = Movement(ISSUANCE, member(who), 1, "award")
        return lambda round_: won(lambda: books.post(movement, source=sources[round_]))

    outcomes = pair.race(rounds, award(1), award(2))
    assert {frozenset(outcome) for outcome in outcomes} == {frozenset({"won", "points.already_posted"})}
    assert books.balance(member(1)).balance + books.balance(member(2)).balance == rounds


def test_account_opened_from_two_sides_is_one_account(pair: Pair) -> None:
    rounds, books = 50, pair.books
    award = [lambda round_: won(lambda: books.award(5, member(1000 + round_)))] * 2
    assert set(pair.race(rounds, *award)) == {("won", "won")}
    assert {books.balance(member(1000 + round_)) for round_ in range(rounds)} == {Balance(10, 0)}


def test_gifts_crosswise_are_never_told_as_too_few_points(pair: Pair) -> None:
    """Both units lock both accounts, named in opposite order: no deadlock, no false refusal."""
    rounds, books = 100, pair.books
    award_all(books, 2)

    def give(giver: int, taker: int) -> Callable[[int], str]:
        return lambda _round: won(lambda: books.post(Movement(member(giver), member(taker), 1, "gift")))

    assert set(pair.race(rounds, give(1, 2), give(2, 1))) == {("won", "won")}
    assert (books.balance(member(1)), books.balance(member(2))) == (Balance(100, 0), Balance(100, 0))


def test_units_that_lock_account_after_account_crosswise(pair: Pair) -> None:
    """Two postings in one unit can deadlock on PostgreSQL; the unit is retried and the caller doesn't notice."""
    books = pair.books
    award_all(books, 2)
    books.post(Movement(ISSUANCE, REDEEMED, 1, "test"))  # Open, so only members contend.
    both_hold_one = threading.Barrier(2)
    one_writer = pair.databases[0].url.startswith("sqlite")
    runs: list[int] = []

    def twice(first: int, second: int) -> Callable[[int], str]:
        def work(session: Any) -> str:
            books.post_in(session, Movement(member(first), REDEEMED, 1, "redeem"))
            runs.append(first)
            if runs.count(first) == 1 and not one_writer:
                both_hold_one.wait(LONGEST_SECONDS)
            books.post_in(session, Movement(member(second), REDEEMED, 1, "redeem"))
            return "won"

        return lambda _round: db.in_transaction(work)

    assert pair.race(1, twice(1, 2), twice(2, 1)) == [("won", "won")]
    assert len(runs) == (2 if one_writer else 3)
    assert [books.balance(member(number)) for number in (1, 2)] == [Balance(98, 0)] * 2


def test_versions_have_no_gap_after_many_writers(pair: Pair) -> None:
    books, threads, each = pair.books, 8, 15
    books.award(1000)

    def write(number: int) -> None:
        use_database(pair.databases[number % 2])
        for _ in range(each):
            books.award(3)
            books.spend(2)
            books.resolve(books.hold(1), "post")

    assert at_once([lambda number=number: write(number) for number in range(threads)]) == [None] * threads
    assert books.balance() == Balance(1000, 0)
    mine = books.account_id(member())
    chain = sorted(
        (row[f"{side}_version"], row[f"{side}_balance_after"], row["recorded_at"])
        for row in books.transfers()
        for side in ("debit", "credit")
        if row[f"{side}_account_id"] == mine
    )
    assert [version for version, _, _ in chain] == list(range(1, 1 + 1 + threads * each * 4))
    assert all(earlier < later for (_, _, earlier), (_, _, later) in pairwise(chain))
