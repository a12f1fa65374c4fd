"""Invariants of every book, computed from its rows without the ledger's own queries."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

SIDES = ("debit", "credit")


def assert_sound(accounts: list[dict[str, Any]], transfers: list[dict[str, Any]]) -> None:
    """Raises AssertionError for a book in which something was created, lost or reordered."""
    by_id = {row["id"]: row for row in transfers}
    _assert_balanced(accounts, transfers)
    _assert_resolved_once(transfers, by_id)
    for account in accounts:
        entries = [(row, side) for row in transfers for side in SIDES if row[f"{side}_account_id"] == account["id"]]
        if account["counted"]:
            _assert_chain(account, entries, by_id)
        else:
            assert all(row[f"{side}_version"] is None for row, side in entries)


def _assert_balanced(accounts: list[dict[str, Any]], transfers: list[dict[str, Any]]) -> None:
    """Per unit, debits equal credits."""
    units = {account["id"]: account["unit"] for account in accounts}
    sums: dict[str, int] = defaultdict(int)
    for row in transfers:
        assert row["amount"] > 0
        assert row["debit_account_id"] != row["credit_account_id"]
        if row["kind"] in ("posted", "post"):
            sums[units[row["debit_account_id"]]] -= row["amount"]
            sums[units[row["credit_account_id"]]] += row["amount"]
    assert not any(sums.values())


def _assert_resolved_once(transfers: list[dict[str, Any]], by_id: dict[int, dict[str, Any]]) -> None:
    """A hold ends once, between its own accounts, posted before its end or expired after it."""
    ended = [row for row in transfers if row["pending_id"] is not None]
    assert len({row["pending_id"] for row in ended}) == len(ended)
    for row in ended:
        hold = by_id[row["pending_id"]]
        assert hold["kind"] == "pending"
        assert all(row[f"{side}_account_id"] == hold[f"{side}_account_id"] for side in SIDES)
        assert row["amount"] <= hold["amount"]
        assert row["kind"] == "post" or row["amount"] == hold["amount"]
        assert row["kind"] != "post" or row["recorded_at"] < hold["expires_at"]
        assert row["kind"] != "expire" or row["recorded_at"] >= hold["expires_at"]


def _assert_chain(
    account: dict[str, Any], entries: list[tuple[dict[str, Any], str]], by_id: dict[int, dict[str, Any]]
) -> None:
    """Counters, and the balances on each transfer, are the sums of the transfers in order of versions."""
    entries = sorted(entries, key=lambda entry: entry[0][f"{entry[1]}_version"])
    counters: dict[str, int] = defaultdict(int)
    for version, (row, side) in enumerate(entries, start=1):
        if row["kind"] == "pending":
            counters[f"{side}s_pending"] += row["amount"]
        elif row["kind"] != "posted":
            counters[f"{side}s_pending"] -= by_id[row["pending_id"]]["amount"]
        if row["kind"] in ("posted", "post"):
            counters[f"{side}s_posted"] += row["amount"]
        balance, held = counters["credits_posted"] - counters["debits_posted"], counters["debits_pending"]
        assert row[f"{side}_version"] == version
        assert (row[f"{side}_balance_after"], row[f"{side}_held_after"]) == (balance, held)
        assert held >= 0
        assert balance >= held or account["overdraft"]
    for (earlier, _), (later, _) in pairwise(entries):
        assert (earlier["recorded_at"], earlier["id"]) < (later["recorded_at"], later["id"])
        # Only the raw ledger moves free accounts; it records a whole request at one instant.
        together = earlier["batch_id"] == later["batch_id"] or account["kind"] == "free"
        assert together or earlier["recorded_at"] < later["recorded_at"]
    assert account["version"] == len(entries)
    assert account["last_recorded_at"] == (entries[-1][0]["recorded_at"] if entries else None)
    for name in ("debits_pending", "debits_posted", "credits_pending", "credits_posted"):
        assert account[name] == counters[name]


def assert_lots(accounts: list[dict[str, Any]], lots: list[dict[str, Any]], uses: list[dict[str, Any]]) -> None:
    """Raises AssertionError unless each lot is the sum of its movements and an account's lots add up to its balance."""
    left: dict[int, int] = defaultdict(int)
    held: dict[int, int] = defaultdict(int)
    for lot in lots:
        own = [use for use in uses if use["lot_id"] == lot["id"]]
        assert lot["remaining"] == lot["amount"] + sum(use["remaining_change"] for use in own)
        assert lot["held"] == sum(use["held_change"] for use in own)
        assert 0 <= lot["held"] <= lot["remaining"] <= lot["amount"]
        left[lot["account_id"]] += lot["remaining"]
        held[lot["account_id"]] += lot["held"]
    for account in accounts:
        if account["in_lots"]:
            assert left[account["id"]] == account["credits_posted"] - account["debits_posted"]
            assert held[account["id"]] == account["debits_pending"]
        else:
            assert account["id"] not in left
