"""Ways to tamper with the facts, proofs and manifest of a bundle, and what the verifier must report for each."""

import json
from collections.abc import Callable

from tests.audit.bundles import Members, Rows, each_transfer, encoded, renumbered, seal_anew

Change = Callable[[Members], None]


def of_facts(change: Callable[[Rows], Rows | None]) -> Change:
    """Change only the facts."""

    def work(members: Members) -> None:
        rows = members.rows()
        changed = change(rows)
        members.put(rows if changed is None else changed)

    return work


def in_text(name: str, old: str, new: str) -> Change:
    """Replace the first occurrence of a text."""

    def work(members: Members) -> None:
        assert old in members.text(name)
        members.data[name] = members.text(name).replace(old, new, 1).encode()

    return work


def set_amount(rows: Rows) -> None:
    """Change the first amount."""
    rows[0]["transfers"][0]["amount"] += 1


def set_word(rows: Rows) -> None:
    """Replace the first amount by a word."""
    rows[0]["transfers"][0]["amount"] = "much"


def swap(rows: Rows) -> Rows:
    """Swap two batches."""
    return renumbered([rows[1], rows[0], *rows[2:]])


def insert(rows: Rows) -> Rows:
    """Insert a batch a second time."""
    return renumbered([*rows[:4], rows[3], *rows[4:]])


def drop(rows: Rows) -> Rows:
    """Drop a batch and close the gap."""
    return renumbered([*rows[:3], *rows[4:]])


def add_field(rows: Rows) -> None:
    """Add a field that no leaf has."""
    rows[2]["batch"]["note"] = "paid in cash"


def set_reason(rows: Rows) -> None:
    """Change the text of a reason but not its digest."""
    rows[2]["batch"]["reason"] = "bonus"


def set_root(members: Members) -> None:
    """Change the root of a checkpoint under the same signature."""
    name = f"checkpoints/{members.sizes[1]}.txt"
    lines = members.text(name).split("\n")
    lines[2] = encoded(b"\x01" * 32)
    members.data[name] = "\n".join(lines).encode()


def move_checkpoint(members: Members) -> None:
    """Substitute one checkpoint for another."""
    first, second, *_ = members.sizes
    members.data[f"checkpoints/{second}.txt"] = members.data[f"checkpoints/{first}.txt"]


def drop_checkpoint(members: Members) -> None:
    """Drop the last checkpoint and the proof that leads to it."""
    del members.data[f"checkpoints/{members.sizes[-1]}.txt"]
    members.put(members.rows("proofs/consistency.jsonl")[:-1], "proofs/consistency.jsonl")


def set_path(members: Members) -> None:
    """Corrupt a consistency proof."""
    rows = members.rows("proofs/consistency.jsonl")
    rows[0]["path"][0] = encoded(b"\x02" * 32)
    members.put(rows, "proofs/consistency.jsonl")


def set_keys(change: Callable[[list[dict[str, str]]], object]) -> Change:
    """Change only the keys."""

    def work(members: Members) -> None:
        keys = json.loads(members.text("keys.json"))
        change(keys)
        members.data["keys.json"] = json.dumps(keys).encode()

    return work


def of_accounts(change: Callable[[Rows], object]) -> Change:
    """Change only the accounts."""

    def work(members: Members) -> None:
        rows = members.rows("accounts.jsonl")
        change(rows)
        members.put(rows, "accounts.jsonl")

    return work


def move_points(rows: Rows) -> None:
    """Move points from one account to another, so that the total stays the same."""
    first, second, *_ = (row for row in rows if (row["unit"] == "point" and row["kind"] == "issuance") or row["lots"])
    first["balance"] += 5
    second["balance"] -= 5


def account_with_lots(rows: Rows) -> dict[str, list[dict[str, int]]]:
    """An account with lots."""
    return next(row for row in rows if row["lots"])


def twice_in_line(members: Members) -> None:
    """Write an amount twice, so that two JSON readers may read different values."""
    in_text("facts.jsonl", '"amount":', '"amount":1,"amount":')(members)


PARTS: dict[str, tuple[Change, str]] = {
    "an amount": (of_facts(set_amount), "leaf 0: its batch is not what was sealed"),
    "a batch dropped": (of_facts(lambda rows: [*rows[:3], *rows[4:]]), "leaf 3 must stand here, not 4"),
    "a batch dropped and the rest moved up": (of_facts(drop), "the root of the checkpoint of"),
    "the last batches dropped": (of_facts(lambda rows: rows[:-1]), "leaves are missing"),
    "a batch inserted": (of_facts(insert), "the root of the checkpoint of"),
    "two batches swapped": (of_facts(swap), "the root of the checkpoint of 3 is another: leaves 0 to 2"),
    "a field that no leaf has": (of_facts(add_field), "other fields than there must be: note"),
    "the text of a reason": (of_facts(set_reason), "reason is not what its SHA-256 says"),
    "an amount twice in a line": (twice_in_line, "a name twice in one object"),
    "a leaf": (of_facts(lambda rows: rows[0].update(leaf="00" * 32)), "leaf 0: its batch is not what was sealed"),
    "a root": (set_root, "the signature is not of this text"),
    "a checkpoint for another": (move_checkpoint, "the checkpoint says size 3"),
    "the last checkpoint": (drop_checkpoint, "the last leaves are under no checkpoint"),
    "a consistency proof": (set_path, "nothing proves that the log of"),
    "a key gone": (set_keys(lambda keys: keys.pop(0)), "not signed by any key"),
    "an endorsement gone": (set_keys(lambda keys: keys[1].update(endorsement="")), "is not endorsed by"),
    "the keys turned round": (set_keys(lambda keys: keys.reverse()), "is not endorsed by"),
    "a balance": (of_accounts(move_points), "says balance"),
    "a hold": (of_accounts(lambda rows: next(row for row in rows if row["held"]).update(held=0)), "says held 0"),
    "a lot": (of_accounts(lambda rows: account_with_lots(rows)["lots"][0].update(remaining=1)), "lot"),
    "a lot gone": (of_accounts(lambda rows: account_with_lots(rows)["lots"].pop()), "are not named"),
    "an owner": (of_accounts(lambda rows: account_with_lots(rows).update(owner_id=99)), "its batch is not what was"),
    "an account gone": (of_accounts(lambda rows: rows.remove(account_with_lots(rows))), "there is no account"),
    "an account that may owe": (of_accounts(lambda rows: account_with_lots(rows).update(overdraft=True)), "below zero"),
    "a word for a number": (of_facts(set_word), "not as the format says"),
}


def forge(change: Callable[[Rows], Rows | None]) -> Change:
    """Change the facts as somebody who can seal and sign."""

    def work(members: Members) -> None:
        of_facts(change)(members)
        seal_anew(members)

    return work


def first(rows: Rows, **parts: object) -> dict[str, int]:
    """The first transfer with these values."""
    return next(each_transfer(rows, lambda each: parts.items() <= each.items()))


def resolve_again(rows: Rows) -> None:
    """Resolve one hold twice and another never."""
    first(rows, kind="void")["pending_id"] = first(rows, kind="post")["pending_id"]


def reverse_again(rows: Rows) -> None:
    """Turn a refund into a second reversal of a reversed transfer."""
    refund, whole = first(rows, code="refund"), next(each_transfer(rows, lambda each: bool(each["reverses_id"])))
    refund.update(refund_of=None, reverses_id=whole["reverses_id"])  # type: ignore[call-overload]


def spend_twice(rows: Rows) -> None:
    """Let a member spend more than they have."""
    transfer = first(rows, code="redeem", kind="posted")
    transfer["amount"] += 10_000
    transfer["debit_balance_after"] -= 10_000


def use_lot(rows: Rows) -> None:
    """Take more from a lot than the account paid."""
    next(use for each in each_transfer(rows, bool) for use in each["uses"])["held_change"] += 1


def date_lot(code: str, name: str) -> Callable[[Rows], None]:
    """Change a date of the first lot of the first transfer with that code."""

    def work(rows: Rows) -> None:
        lots = next(each_transfer(rows, lambda each: each["code"] == code and bool(each["lots"])))["lots"]
        lots[0][name] += 1

    return work


def merge_gift(rows: Rows) -> None:
    """Merge into one lot what a gift took from two."""
    lots = next(each_transfer(rows, lambda each: each["code"] == "gift" and len(each["lots"]) > 1))["lots"]
    lots[1]["amount"] += lots.pop(0)["amount"]


FORGERIES: dict[str, tuple[Change, str]] = {
    "an amount": (forge(set_amount), "leaves account"),
    "a batch dropped": (forge(drop), "lacks its entry number"),
    "a batch inserted": (forge(insert), "posts was posted before"),
    "a hold ended twice": (forge(resolve_again), "ends hold"),
    "a reversal of what was reversed": (forge(reverse_again), "reverses"),
    "more spent than there is": (forge(spend_twice), "below zero"),
    "a use of a lot": (forge(use_lot), "lots of account"),
    "the last day of a gift": (forge(date_lot("gift", "expires_on")), "other amounts or dates than those it takes"),
    "when a gift was earned": (forge(date_lot("gift", "earned_at")), "other amounts or dates than those it takes"),
    "the lots of a gift": (forge(merge_gift), "other amounts or dates than those it takes"),
    "when an award was earned": (forge(date_lot("award", "earned_at")), "was earned at another time"),
}


MANIFESTS: dict[str, tuple[Change, str]] = {
    "a hash": (in_text("README.txt", "Ningxin", "Nobody"), "README.txt is not what the manifest's SHA-256 says"),
    "a count": (in_text("manifest.json", '"accounts": ', '"accounts": 1'), "the manifest counts"),
    "a member too many": (lambda members: members.data.update({"more.txt": b""}), "more.txt is missing, too many"),
    "a member gone": (lambda members: members.data.pop("unsealed.jsonl") and None, "unsealed.jsonl is missing"),
}
