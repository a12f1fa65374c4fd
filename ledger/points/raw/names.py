"""Reused names: decides whether a transfer is a retry, or which part of it differs.

Parts are compared in the order of docs/RESULT_CODES.md; the first that differs is reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.kernel.errors import Conflict, LedgerError


@dataclass(frozen=True, slots=True)
class Booked:
    """A transfer booked under its sender's name; `timeout_seconds` is None unless it was pending."""

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
    """Convert a row of a transfer."""
    parts = ("batch_id", "kind", "pending_id", "debit_account_id", "credit_account_id", "amount", "unit", "code")
    end = row["expires_at"]
    seconds = int((end - row["recorded_at"]).total_seconds()) if end is not None else None
    return Booked(transfer_id=row["id"], timeout_seconds=seconds, **{name: row[name] for name in parts})


class Exists(LedgerError):
    """The same transfer is already booked under this name; nothing moves, and the answer names it."""

    def __init__(self, booked: Booked) -> None:
        super().__init__("points.exists", transfer_id=booked.transfer_id, batch_id=booked.batch_id)


def refuse_booked(booked: Booked, wanted: Mapping[str, Any]) -> None:
    """Raises Exists for the same transfer, Conflict("points.exists_with_different_…") for a different one.

    A None in `wanted` matches anything: a resolution takes omitted parts from the transfer it resolves.
    """
    for part, given in wanted.items():
        if given is not None and given != getattr(booked, part):
            raise Conflict(f"points.exists_with_different_{part}")
    raise Exists(booked)
