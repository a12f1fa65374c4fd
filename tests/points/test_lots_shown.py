"""Lots as people see them: what posted holds used, and what ends next."""

from datetime import date

import pytest

from ledger.kernel.db import in_snapshot
from ledger.points.lots.listing import DatedPoints, find_next_ending, used_by_holds
from ledger.points.policy import Movement
from tests.points.books import ISSUANCE, Books, member

SOON, LATER = date(2098, 12, 31), date(2099, 12, 31)


@pytest.fixture
def four_lots(books: Books) -> Books:
    """A member with an undated lot, two that end on one day, and one that ends later; 3.50 points in all."""
    for amount, good_until in ((100, None), (100, SOON), (100, LATER), (50, SOON)):
        books.post(Movement(ISSUANCE, member(), amount, "award", good_until=good_until))
    return books


def test_lots_of_one_day_are_one_sum_and_the_undated_come_last(four_lots: Books) -> None:
    holds = four_lots.hold(200, 140)
    four_lots.resolve(holds, "post")

    used = in_snapshot(used_by_holds, holds, four_lots.center_id)
    assert used == [DatedPoints(150, SOON), DatedPoints(100, LATER), DatedPoints(90, None)]


def test_a_lot_that_was_only_held_is_not_used(four_lots: Books) -> None:
    [hold] = four_lots.hold(350)
    four_lots.resolve([hold], "post", amounts={hold: 170})

    used = in_snapshot(used_by_holds, [hold], four_lots.center_id)
    assert used == [DatedPoints(150, SOON), DatedPoints(20, LATER)]


def test_what_is_held_does_not_end_next(four_lots: Books) -> None:
    assert in_snapshot(find_next_ending, 1, four_lots.center_id) == DatedPoints(150, SOON)
    [hold] = four_lots.hold(150)
    assert in_snapshot(find_next_ending, 1, four_lots.center_id) == DatedPoints(100, LATER)
    four_lots.resolve([hold], "void")
    assert in_snapshot(find_next_ending, 1, four_lots.center_id) == DatedPoints(150, SOON)
