"""Reading the book: balances as of any time, statements page by page, the trial balance."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.kernel import clock
from ledger.kernel.actor import Actor
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import NotFound, Rejected
from ledger.kernel.paging import PageRequest
from ledger.points.book import entries, queries, reading
from ledger.points.book.entries import Entry
from ledger.points.policy import COUNTS_AS_POSTED, MINUTE, AccountKey, Movement
from tests.points.books import ISSUANCE, REDEEMED, Books, member, new_books
from tests.runtimes import use_database

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)


def derived(rows: list[dict[str, Any]], account_id: int, until: datetime) -> tuple[int, int]:
    """Balance and held amount of an account, derived from the transfers recorded up to then."""
    balance = held = 0
    amounts = {row["id"]: row["amount"] for row in rows}
    for row in rows:
        if row["recorded_at"] > until:
            continue
        if row["kind"] in COUNTS_AS_POSTED:
            balance += row["amount"] * (
                (row["credit_account_id"] == account_id) - (row["debit_account_id"] == account_id)
            )
        if row["debit_account_id"] == account_id:
            held += row["amount"] if row["kind"] == "pending" else -amounts.get(row["pending_id"], 0)
    return balance, held


@pytest.fixture(scope="module")
def month_of_all(shared_database: Database) -> Books:
    """A month that tests only read."""
    use_database(shared_database)
    return fill_a_month(new_books())


@pytest.fixture
def month(month_of_all: Books, database: Database) -> Books:
    """The same, in use."""
    return month_of_all


@pytest.fixture
def own_month(books: Books) -> Books:
    """A month to which the test adds."""
    return fill_a_month(books)


def fill_a_month(books: Books) -> Books:
    """Post a month of awards, redemptions, holds and gifts, some at the same moment."""
    for day in range(30):
        with clock.at(NOON + timedelta(days=day)):
            books.award(100)
            held = books.hold(30, 20)
            books.post(
                Movement(member(1), member(2), 5, "gift"),
                Movement(member(2), REDEEMED, 3, "redeem"),
                Movement(member(1), REDEEMED, 10, "redeem"),
            )
            if day % 3 == 0:
                books.resolve(held, "post", amounts={held[0]: 7})
            elif day % 3 == 1:
                books.resolve(held, "void")
        if day % 3 == 2:
            with clock.at(NOON + timedelta(days=day, hours=1)):
                books.resolve(held, "expire")
    return books


def test_balance_as_of_any_time_is_that_replayed(month: Books) -> None:
    rows = month.transfers()
    times = sorted({row["recorded_at"] for row in rows})
    asked = [time + step for time in times for step in (timedelta(microseconds=-1), timedelta(0))]
    asked += [NOON - timedelta(days=1), NOON + timedelta(days=99)]
    for key in (ISSUANCE, REDEEMED, member(1), member(2)):
        account_id = month.account_id(key)
        for time in asked[:: 1 if key == member(1) else 7]:
            view = in_snapshot(queries.get_account, account_id, month.center_id, as_of=time)
            balance, held = derived(rows, account_id, time)
            assert (view.balance, view.held) == (balance, held if view.counted else 0), f"{key} at {time}"


def test_balance_without_a_time_is_the_last_one(month: Books) -> None:
    for key in (ISSUANCE, REDEEMED, member(1), member(2)):
        account_id = month.account_id(key)
        now = in_snapshot(queries.get_account, account_id, month.center_id)
        assert now == in_snapshot(queries.get_account, account_id, month.center_id, as_of=NOON + timedelta(days=99))
        assert now.available == now.balance - now.held


def test_account_that_was_never_opened_holds_nothing(books: Books) -> None:
    assert books.balance(member(77)) == queries.NOTHING
    assert in_snapshot(queries.balances, [member(77)], books.center_id) == {member(77): queries.NOTHING}
    assert in_snapshot(queries.balances, [], books.center_id) == {}
    with pytest.raises(NotFound):
        in_snapshot(queries.get_account, 12345, books.center_id)


def _statement(books: Books, key: AccountKey, request: PageRequest) -> tuple[list[Entry], str | None]:
    page = in_snapshot(entries.statement, books.account_id(key), books.center_id, request=request)
    return page.items, page.next


def _whole(books: Books, key: AccountKey, *, sort: str, limit: int) -> list[Entry]:
    found: list[Entry] = []
    after: str | None = None
    while True:
        items, after = _statement(books, key, PageRequest(limit, after, sort))
        found += items
        if after is None:
            return found


@pytest.mark.parametrize("limit", [4, 7, 200])
def test_statement_page_by_page_is_the_whole_in_order(month: Books, limit: int) -> None:
    mine = month.account_id(member(1))
    rows = [row for row in month.transfers() if mine in (row["debit_account_id"], row["credit_account_id"])]
    up = _whole(month, member(1), sort="recorded_at", limit=limit)
    assert [entry.transfer_id for entry in up] == [row["id"] for row in rows]
    assert _whole(month, member(1), sort="-recorded_at", limit=limit) == up[::-1]
    assert _whole(month, member(1), sort="", limit=limit) == up[::-1]


def test_statement_adds_up_line_by_line(month: Books) -> None:
    balance = held = 0
    for entry in _whole(month, member(1), sort="recorded_at", limit=200):
        balance, held = balance + entry.amount, held + entry.held_change
        assert (entry.balance_after, entry.held_after) == (balance, held)
    assert month.balance().balance == balance
    assert month.balance().held == held


def test_statement_of_a_folded_account_has_amounts_only(month: Books) -> None:
    found = _whole(month, ISSUANCE, sort="recorded_at", limit=200)
    assert [entry.amount for entry in found] == [-100] * 30
    assert {(entry.balance_after, entry.held_after) for entry in found} == {(None, None)}
    assert {entry.other_account_id for entry in found} == {month.account_id(member(1))}


def test_statement_that_grows_between_two_pages_stays_right(own_month: Books) -> None:
    """Keyset pages: new entries come before the first page and shift nothing."""
    first, after = _statement(own_month, member(1), PageRequest(5))
    own_month.award(1)
    second, _ = _statement(own_month, member(1), PageRequest(5, after))
    whole = _whole(own_month, member(1), sort="", limit=200)
    assert first + second == whole[1:11]


@pytest.mark.parametrize(
    "request_", [PageRequest(sort="reason"), PageRequest(after="abc"), PageRequest(after="WzEsMl0")]
)
def test_statement_asked_for_in_a_way_that_is_not(books: Books, request_: PageRequest) -> None:
    books.award(1)
    with pytest.raises(Rejected) as caught:
        _statement(books, member(1), request_)
    assert caught.value.code in ("page.sort_unknown", "page.cursor_invalid")


def test_trial_balance_sums_to_zero_in_each_unit(own_month: Books) -> None:
    own_month.post(Movement(AccountKey(MINUTE, "service"), member(1, MINUTE), 125, "hours"))
    own_month.hold(1)
    lines = in_snapshot(queries.trial_balance, own_month.center_id)
    assert [(line.unit, line.kind) for line in lines] == [
        ("minute", "member"), ("minute", "service"), ("point", "issuance"), ("point", "member"), ("point", "redeemed"),
    ]  # fmt: skip
    for unit in ("minute", "point"):
        assert sum(line.debits - line.credits for line in lines if line.unit == unit) == 0
    by_kind = {(line.unit, line.kind): line for line in lines}
    assert by_kind["minute", "member"].credits == 125
    assert by_kind["point", "issuance"].debits == 3000
    assert by_kind["point", "redeemed"].credits == 30 * 13 + 10 * 27
    assert by_kind["point", "member"].accounts == 2


def test_trial_balance_counts_accounts_of_either_side(books: Books) -> None:
    """One member only received, another gave on what a third had given; each counts as an account."""
    books.award(10, member(1))
    books.award(10, member(2))
    books.post(Movement(member(2), member(3), 10, "gift"))
    assert {line.kind: line.accounts for line in in_snapshot(queries.trial_balance, books.center_id)} == {
        "issuance": 1,
        "member": 3,
    }


def test_trial_balance_as_of_a_time(month: Books) -> None:
    lines = in_snapshot(queries.trial_balance, month.center_id, as_of=NOON + timedelta(hours=1))
    assert {line.kind: (line.debits, line.credits) for line in lines} == {
        "issuance": (100, 0),
        "member": (5 + 3 + 10 + 27, 105),
        "redeemed": (0, 40),
    }
    assert in_snapshot(queries.trial_balance, month.center_id, as_of=NOON - timedelta(days=1)) == []


def test_a_member_reads_of_a_batch_only_what_touches_no_other_member(books: Books) -> None:
    given, passed_on, others, spent = (
        Movement(ISSUANCE, member(1), 100, "award"),
        Movement(member(1), member(2), 30, "gift"),
        Movement(ISSUANCE, member(2), 100, "award"),
        Movement(member(2), REDEEMED, 50, "redeem"),
    )
    posted = books.post(given, passed_on, others, spent)

    def read_by(volunteer_id: int) -> list[int]:
        actor = Actor(identity_id=2, center_id=books.center_id, volunteer_id=volunteer_id)
        return [each.id for each in in_snapshot(reading.get_batch, posted.batch_id, actor).transfers]

    assert read_by(1) == posted.transfer_ids[:1]
    assert read_by(2) == posted.transfer_ids[2:]
    with pytest.raises(NotFound, match="batch_not_found"):
        read_by(3)
