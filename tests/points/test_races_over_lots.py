"""Two connections compete for the same lots or award: nothing is taken twice, and lots still match balances."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.kernel import clock
from ledger.kernel.actor import Actor, Grant
from ledger.kernel.db import in_snapshot, in_transaction, in_transaction_once
from ledger.kernel.idempotency import Once
from ledger.kernel.permissions import Permission
from ledger.points.book import queries
from ledger.points.corrections import clawback
from ledger.points.expiry import queries as expiry_queries
from ledger.points.expiry import service as expiry
from ledger.points.models import Lot, LotUse
from ledger.points.policy import POINT, AccountKey, Balance, Movement
from tests.at_once import at_once, failures
from tests.points.books import HALF_AN_HOUR, ISSUANCE, REDEEMED, Books, member, rows_of
from tests.points.soundness import assert_lots, assert_sound
from tests.points.test_races import Pair, won
from tests.runtimes import use_database

LAST_DAY, LATER = date(2026, 12, 31), date(2027, 12, 31)
EARNED = datetime(2026, 6, 3, 8, tzinfo=UTC)
OVER = datetime(2027, 2, 3, 8, tzinfo=UTC)
ENDING, STAYING, SPENT = 100, 60, 90


@pytest.fixture
def pair(own_database_url: str) -> Iterator[Pair]:
    """Two services on a database of their own."""
    both = Pair(own_database_url)
    yield both
    for database in both.databases:
        database.close()


def assert_whole(books: Books) -> None:
    """The book and its lots are sound."""
    assert_sound(books.accounts(), books.transfers())
    lots, uses = (in_snapshot(rows_of, model, books.center_id) for model in (Lot, LotUse))
    assert_lots(books.accounts(), lots, uses)


def debt(number: int) -> AccountKey:
    """A volunteer's debt."""
    return AccountKey(POINT, "debt", number)


def expired(books: Books) -> dict[int, int]:
    """Amounts moved to the month's breakage account, by member account."""
    breakage = AccountKey(POINT, "breakage", LAST_DAY.year * 100 + LAST_DAY.month)
    try:
        account_id = books.account_id(breakage)
    except KeyError:
        return {}
    rows = [row for row in books.transfers() if row["credit_account_id"] == account_id]
    assert len({row["debit_account_id"] for row in rows}) == len(rows), "a lot has expired twice"
    return {row["debit_account_id"]: row["amount"] for row in rows}


def give(books: Books, members: int) -> None:
    """Award each member points that have ended by now and points that have not."""
    with clock.at(EARNED):
        for number in range(1, members + 1):
            books.post(
                Movement(ISSUANCE, member(number), ENDING, "award", good_until=LAST_DAY),
                Movement(ISSUANCE, member(number), STAYING, "award", good_until=LATER),
            )


def release_run(books: Books) -> int:
    """Prepare and release a run; the two-person rule is tested with approvals."""
    admin = Actor(1, books.center_id, frozenset({Grant(Permission.PROPOSE, "/")}))
    run_id = in_transaction(expiry.prepare, LAST_DAY, actor=admin)
    in_transaction(expiry.release, run_id, actor=admin)
    return run_id


def at(instant: datetime, action: Callable[[int], Any]) -> Callable[[int], Any]:
    """The action, run with the clock at that instant."""

    def run(round_: int) -> Any:
        with clock.at(instant):
            return action(round_)

    return run


def race_an_expiry(pair: Pair, rounds: int, contender: Callable[[int], Any]) -> list[tuple[Any, Any]]:
    """In each round a lot expires while the contender acts on its member."""
    books = pair.books
    give(books, rounds)
    with clock.at(OVER):
        run_id = release_run(books)

    def expire(_round: int) -> int:
        return in_transaction(expiry.carry_out, books.center_id, limit=1)

    outcomes = pair.race(rounds, at(OVER, expire), at(OVER, contender))
    with clock.at(OVER):
        while in_transaction(expiry.carry_out, books.center_id):
            pass
    run = in_snapshot(expiry_queries.get_run, run_id, books.center_id)
    assert run.status == "done"
    assert run.expired_amount == sum(expired(books).values())
    assert_whole(books)
    return outcomes


def test_an_expiry_and_redemptions_of_the_same_lots(pair: Pair) -> None:
    """The first gets the lot: either it is spent and its rest expires, or it expires and too little is left."""
    rounds, books = 40, pair.books
    redeem = lambda round_: won(lambda: books.spend(SPENT, member(round_ + 1)))  # noqa: E731 - one of two contenders

    outcomes = race_an_expiry(pair, rounds, redeem)

    gone = expired(books)
    for number, (_, redeemed) in enumerate(outcomes, start=1):
        assert redeemed in ("won", "points.exceeds_credits")
        lost = gone.get(books.account_id(member(number)), 0)
        spent = SPENT if redeemed == "won" else 0
        assert lost == ENDING - spent
        assert books.balance(member(number)) == Balance(STAYING, 0)


def test_an_expiry_and_holds_of_the_same_lots_that_are_posted(pair: Pair) -> None:
    """Held points don't expire, and expired points can't be held."""
    rounds, books = 40, pair.books

    def buy(round_: int) -> str:
        until = clock.now() + HALF_AN_HOUR
        held = books.hold(SPENT, by=member(round_ + 1), until=until)
        return won(lambda: books.resolve(held, "post"))

    outcomes = race_an_expiry(pair, rounds, buy)

    gone = expired(books)
    for number, (_, bought) in enumerate(outcomes, start=1):
        assert bought in ("won", "points.exceeds_credits")
        lost = gone.get(books.account_id(member(number)), 0)
        assert lost == ENDING - (SPENT if bought == "won" else 0)
        assert books.balance(member(number)) == Balance(STAYING, 0)


def test_an_expiry_and_holds_that_are_released(pair: Pair) -> None:
    """Nothing is lost, held or not: the rest of the lot is left or has expired, never both."""
    rounds, books = 40, pair.books

    def look(round_: int) -> str:
        held = books.hold(SPENT, by=member(round_ + 1), until=clock.now() + HALF_AN_HOUR)
        return won(lambda: books.resolve(held, "void"))

    race_an_expiry(pair, rounds, look)

    gone = expired(books)
    for number in range(1, rounds + 1):
        lost = gone.get(books.account_id(member(number)), 0)
        # While the lot was held, only its free part expired; the rest goes with the next run.
        assert lost in (ENDING, ENDING - SPENT, 0)
        assert books.balance(member(number)) == Balance(ENDING + STAYING - lost, 0)


def test_two_runs_of_the_job_expire_each_lot_once(pair: Pair) -> None:
    """The job runs twice, on two machines."""
    members, books = 30, pair.books
    give(books, members)
    with clock.at(OVER):
        release_run(books)
    carry_out = at(OVER, lambda _round: in_transaction(expiry.carry_out, books.center_id, limit=2))

    outcomes = pair.race(members, carry_out, carry_out)

    assert sum(done for both in outcomes for done in both if isinstance(done, int)) == members
    assert list(expired(books).values()) == [ENDING] * members
    assert_whole(books)


def test_two_clawbacks_of_one_award(pair: Pair) -> None:
    """The second is refused, whether or not the points are already spent; nobody owes anything twice."""
    rounds, books = 40, pair.books
    awards = [books.award(100, member(number)).transfer_ids[0] for number in range(1, rounds + 1)]
    for number in range(1, rounds + 1, 2):
        books.spend(70, member(number))

    def take_back(round_: int) -> str:
        return won(lambda: in_transaction(clawback.claw_back, awards[round_], actor=books.actor, reason="test"))

    outcomes = pair.race(rounds, take_back, take_back)

    for number, outcome in enumerate(outcomes, start=1):
        assert "won" in outcome
        assert set(outcome) & {"points.already_reversed", "points.already_posted"}
        assert books.balance(member(number)) == Balance(0, 0)
        assert in_snapshot(queries.balance, debt(number), books.center_id).balance == (-70 if number % 2 else 0)
    lots, uses = (in_snapshot(rows_of, model, books.center_id) for model in (Lot, LotUse))
    assert_lots(books.accounts(), lots, uses)


def test_a_clawback_and_a_redemption(pair: Pair) -> None:
    """Either the points are spent and owed, or clawed back before they can be spent."""
    rounds, books = 40, pair.books
    awards = [books.award(100, member(number)).transfer_ids[0] for number in range(1, rounds + 1)]

    def take_back(round_: int) -> str:
        return won(lambda: in_transaction(clawback.claw_back, awards[round_], actor=books.actor, reason="test"))

    outcomes = pair.race(rounds, take_back, lambda round_: won(lambda: books.spend(70, member(round_ + 1))))

    assert {taken for taken, _ in outcomes} == {"won"}
    for number, (_, spent) in enumerate(outcomes, start=1):
        assert spent in ("won", "points.exceeds_credits")
        owed = in_snapshot(queries.balance, debt(number), books.center_id).balance
        assert owed == (-70 if spent == "won" else 0)
        assert books.balance(member(number)) == Balance(0, 0)
    lots, uses = (in_snapshot(rows_of, model, books.center_id) for model in (Lot, LotUse))
    assert_lots(books.accounts(), lots, uses)


def test_one_key_fifty_times_at_once_posts_once(pair: Pair) -> None:
    """From two services: all wait for the one that posts, and get its answer."""
    books, number = pair.books, 50
    books.award(1_000)
    asked: list[bool] = []

    def spend(session: Any) -> dict[str, Any]:
        posted = books.post_in(session, Movement(member(), REDEEMED, 30, "redeem"))
        return {"batch": posted.batch_id, "left": posted.balances[member()].balance}

    def ask(caller: int) -> Any:
        use_database(pair.databases[caller % 2])
        once = Once(books.center_id, "till", "one key", "one body")
        answer = in_transaction_once(once, spend)
        asked.append(once.replayed)
        return answer

    outcomes = at_once([lambda caller=caller: ask(caller) for caller in range(number)])

    assert failures(outcomes) == []
    assert [outcome["left"] for outcome in outcomes] == [970] * number
    assert len({outcome["batch"] for outcome in outcomes}) == 1
    assert sorted(asked) == [False] + [True] * (number - 1)
    assert books.balance() == Balance(970, 0)
    assert_whole(books)
