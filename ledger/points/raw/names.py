"""A name that has been booked before: whether it is the same transfer sent again, or which part of it is another.

The order in which the parts are compared is that of docs/RESULT_CODES.md, and the first that differs is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.kernel.errors import Conflict, LedgerError


@dataclass(frozen=True, slots=True)
class Booked:
    """A transfer under its sender's name, as it was booked; `timeout_seconds` only of one that was pending."""

    transfer_id: int
    batch_id: int
    kind: str
    pending_id: int | None
    timeout_seconds: int | None
    debit_account_id: int
    credit_account_id: int
    amount: int
    unit: str
    code: str


def booked(row: Mapping[str, Any]) -> Booked:
    """A row of a transfer, as it is kept under its sender's name."""
    parts = ("batch_id", "kind", "pending_id", "debit_account_id", "credit_account_id", "amount", "unit", "code")
    end = row["expires_at"]
    seconds = int((end - row["recorded_at"]).total_seconds()) if end is not None else None
    return Booked(transfer_id=row["id"], timeout_seconds=seconds, **{name: row[name] for name in parts})


class Exists(LedgerError):
    """The same transfer has been booked under this name: nothing is moved, and the answer says which it is."""

    def __init__(self, booked: Booked) -> None:
        super().__init__("points.exists", transfer_id=booked.transfer_id, batch_id=booked.batch_id)


def refuse_booked(booked: Booked, wanted: Mapping[str, Any]) -> None:
    """Raises Exists for the same transfer again, Conflict("points.exists_with_different_…") for another one.

    What a resolution leaves out is as in what it resolves, so that a None in `wanted` differs from nothing.
    """
    for part, given in wanted.items():
        if given is not None and given != getattr(booked, part):
            raise Conflict(f"points.exists_with_different_{part}")
    raise Exists(booked)
