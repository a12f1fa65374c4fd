"""A hold reserves an amount until it is posted, wholly or in part, voided or expired."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.kernel import clock
from ledger.kernel.errors import Conflict, NotFound, Rejected
from ledger.points.policy import Balance, Kind, Movement
from tests.points.books import HALF_AN_HOUR, ISSUANCE, REDEEMED, Books, member, new_source

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)


def test_held_amount_is_there_but_not_available(books: Books) -> None:
    books.award(100)
    books.hold(60)
    assert books.balance() == Balance(100, 60)
    assert books.balance().available == 40
    with pytest.raises(Rejected) as caught:
        books.spend(41)
    assert (caught.value.context["available"], caught.value.context["held"]) == (40, 60)
    with pytest.raises(Rejected):
        books.hold(41)
    books.spend(40)
    assert books.balance() == Balance(60, 60)


def test_post_takes_what_was_held(books: Books) -> None:
    books.award(100)
    posted = books.resolve(books.hold(60), "post")
    assert posted.balances == {member(): Balance(40, 0)}
    assert books.balance() == Balance(40, 0)


def test_partial_post_releases_the_rest(books: Books) -> None:
    books.award(100)
    first, second = books.hold(60, 30)
    books.resolve([first, second], "post", amounts={first: 25})
    assert books.balance() == Balance(45, 0)
    assert [row["amount"] for row in books.transfers() if row["kind"] == "post"] == [25, 30]


@pytest.mark.parametrize("kind", ["void", "expire"])
def test_release_gives_all_back(books: Books, kind: Kind) -> None:
    with clock.at(NOON):
        books.award(100)
        held = books.hold(60, 30)
    with clock.at(NOON + HALF_AN_HOUR):
        books.resolve(held, kind)
    assert books.balance() == Balance(100, 0)
    assert [row["amount"] for row in books.transfers() if row["kind"] == kind] == [60, 30]


def test_hold_towards_a_counted_account_waits_on_both_sides(books: Books) -> None:
    books.award(100)
    held = books.post(Movement(member(1), member(2), 30, "gift", clock.now() + HALF_AN_HOUR)).transfer_ids
    rows = {row["owner_id"]: row for row in books.accounts() if row["kind"] == "member"}
    assert (rows[1]["debits_pending"], rows[2]["credits_pending"]) == (30, 30)
    assert books.balance(member(2)) == Balance(0, 0)
    with pytest.raises(Rejected):
        books.spend(1, member(2))
    books.resolve(held, "post", amounts={held[0]: 10})
    assert (books.balance(member(1)), books.balance(member(2))) == (Balance(90, 0), Balance(10, 0))
    rows = {row["owner_id"]: row for row in books.accounts() if row["kind"] == "member"}
    assert (rows[1]["debits_pending"], rows[2]["credits_pending"]) == (0, 0)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("post", "points.pending_transfer_already_posted"),
        ("void", "points.pending_transfer_already_voided"),
        ("expire", "points.pending_transfer_expired"),
    ],
)
@pytest.mark.parametrize("second", ["post", "void", "expire"])
def test_hold_is_resolved_once(books: Books, first: Kind, second: Kind, code: str) -> None:
    with clock.at(NOON):
        books.award(100)
        held = books.hold(60)
    with clock.at(NOON + HALF_AN_HOUR if first == "expire" else NOON):
        books.resolve(held, first)
    before = books.balance()
    with clock.at(NOON + HALF_AN_HOUR), pytest.raises(Conflict) as caught:
        books.resolve(held, second)
    assert caught.value.code == code
    assert books.balance() == before


def test_one_resolved_hold_refuses_the_whole_batch(books: Books) -> None:
    books.award(100)
    first, second = books.hold(60, 30)
    books.resolve([second], "void")
    with pytest.raises(Conflict):
        books.resolve([first, second], "post")
    assert books.balance() == Balance(100, 60)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), timedelta(days=1)])
def test_hold_whose_time_is_over_can_not_be_posted(books: Books, late: timedelta) -> None:
    """Even before the sweeper runs, the clock decides."""
    with clock.at(NOON):
        books.award(100)
        held = books.hold(60)
    with clock.at(NOON + HALF_AN_HOUR + late), pytest.raises(Conflict) as caught:
        books.resolve(held, "post")
    assert caught.value.code == "points.pending_transfer_expired"
    assert books.balance() == Balance(100, 60)


def test_hold_can_be_posted_until_its_last_moment_and_not_expired_before(books: Books) -> None:
    with clock.at(NOON):
        books.award(100)
        held = books.hold(60)
    with clock.at(NOON + HALF_AN_HOUR - timedelta(microseconds=1)):
        with pytest.raises(Conflict) as caught:
            books.resolve(held, "expire")
        assert caught.value.code == "points.pending_transfer_not_expired"
        books.resolve(held, "post")
    assert books.balance() == Balance(40, 0)


def test_hold_is_never_recorded_as_posted_after_its_end(books: Books) -> None:
    """The account's last entry is later than the clock; the time of recording decides, not the clock alone."""
    with clock.at(NOON):
        books.award(100)
        held = books.hold(60)
    with clock.at(NOON + HALF_AN_HOUR):
        books.award(1)
    with clock.at(NOON + timedelta(minutes=1)), pytest.raises(Conflict) as caught:
        books.resolve(held, "post")
    assert caught.value.code == "points.pending_transfer_expired"


def test_hold_whose_time_is_over_may_still_be_voided(books: Books) -> None:
    with clock.at(NOON):
        books.award(100)
        held = books.hold(60)
    with clock.at(NOON + timedelta(days=1)):
        books.resolve(held, "void")
    assert books.balance() == Balance(100, 0)


def test_more_than_was_held_or_nothing_can_not_be_posted(books: Books) -> None:
    books.award(100)
    (held,) = books.hold(60)
    for amount, code in ((61, "exceeds_pending_transfer_amount"), (0, "amount_must_be_positive")):
        with pytest.raises(Rejected) as caught:
            books.resolve([held], "post", amounts={held: amount})
        assert caught.value.code == f"points.{code}"
    assert books.balance() == Balance(100, 60)


def test_only_a_pending_transfer_of_this_center_can_be_resolved(books: Books) -> None:
    posted = books.award(100)
    with pytest.raises(Rejected) as rejected:
        books.resolve(posted.transfer_ids, "post")
    assert rejected.value.code == "points.pending_transfer_not_pending"
    with pytest.raises(NotFound) as missing:
        books.resolve([*books.hold(10), 12345], "post")
    assert missing.value.code == "points.pending_transfer_not_found"


def test_transfer_named_twice_is_resolved_once(books: Books) -> None:
    books.award(100)
    (held,) = books.hold(60)
    posted = books.resolve([held, held], "post")
    assert len(posted.transfer_ids) == 1
    assert books.balance() == Balance(40, 0)


def test_same_step_of_the_same_source_resolves_once(books: Books) -> None:
    books.award(100)
    first, second = books.hold(10), books.hold(20)
    source = new_source("post")
    books.resolve(first, "post", source=source)
    with pytest.raises(Conflict) as caught:
        books.resolve(second, "post", source=source)
    assert caught.value.code == "points.already_posted"
    assert books.balance() == Balance(90, 20)


def test_hold_between_folded_accounts_is_resolved_once_too(books: Books) -> None:
    """No counted account is locked, so only the unique key decides."""
    held = books.post(Movement(ISSUANCE, REDEEMED, 5, "test", clock.now() + HALF_AN_HOUR)).transfer_ids
    books.resolve(held, "void")
    with pytest.raises(Conflict) as caught:
        books.resolve(held, "post")
    assert caught.value.code == "points.pending_transfer_already_voided"
