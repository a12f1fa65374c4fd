"""Lots derived from the facts: an array row for each, so that millions fit in memory."""

from array import array
from collections.abc import Mapping
from typing import Any

from sealed_log import Fault

Row = Mapping[str, Any]
FOR_EVER = 2**62


def last_day(row: Row) -> int:
    """The last good day of a new lot."""
    return FOR_EVER if row["expires_on"] is None else int(row["expires_on"])


class Lots:
    """All lots, as arrays in order of creation."""

    def __init__(self) -> None:
        self.place: dict[int, int] = {}
        self.account, self.amount, self.earned_at, self.remaining, self.held, self.good_until = (
            array("q") for _ in range(6)
        )

    def add(self, row: Row) -> None:
        if row["id"] in self.place or row["amount"] <= 0:
            raise Fault(f"那笔积分 {row['id']} 不对或者有两笔", f"lot {row['id']} is wrong or listed twice")
        self.place[row["id"]] = len(self.amount)
        self.account.append(row["account_id"])
        self.amount.append(row["amount"])
        self.earned_at.append(row["earned_at"])
        self.remaining.append(row["amount"])
        self.held.append(0)
        self.good_until.append(last_day(row))

    def use(self, place: int, row: Row) -> None:
        self.remaining[place] += row["remaining_change"]
        self.held[place] += row["held_change"]
        if row["extended_to"] is not None:
            self.good_until[place] = max(self.good_until[place], row["extended_to"])
        if not 0 <= self.held[place] <= self.remaining[place] <= self.amount[place]:
            raise Fault(
                f"那笔积分 {row['lot_id']} 用过了头", f"lot {row['lot_id']} is missing or used beyond what is left"
            )

    def taken(self, place: int, row: Row) -> tuple[int, int, int]:
        """The amount that a lot movement took, with the lot's dates."""
        return -row["remaining_change"], self.earned_at[place], self.good_until[place]
