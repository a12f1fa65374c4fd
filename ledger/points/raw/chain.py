"""A raw ledger request, decided in memory chain by chain; a failed chain is rolled back."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ledger.kernel.actor import Actor
from ledger.kernel.errors import Forbidden, NotFound
from ledger.points.policy import AccountState
from ledger.points.raw.names import Booked, booked
from ledger.points.raw.queries import PendingView

RESOLVED: dict[str, str] = {"post": "posted", "void": "voided"}


@dataclass(slots=True)
class RawBook:
    """State of a request: accounts by key, booked names, pending transfers, rows to write.

    The private fields hold what the current chain has changed, as it was before, to roll back a failed chain.
    """

    actor: Actor
    recorded_at: datetime
    accounts: dict[int, AccountState]
    names: dict[str, Booked]
    pending: dict[str, PendingView]
    batches: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    _counters: dict[int, tuple[int, int, int, int, int]] = field(default_factory=dict)
    _pending: dict[str, PendingView | None] = field(default_factory=dict)
    _named: list[str] = field(default_factory=list)
    _known_as: dict[int, list[str]] = field(default_factory=dict)
    _length: int = 0

    def __post_init__(self) -> None:
        for name, view in self.pending.items():
            self._known_as.setdefault(view.id, []).append(name)

    def begin_chain(self) -> None:
        """Start a new chain."""
        self._counters.clear()
        self._pending.clear()
        self._named.clear()
        self._length = len(self.transfers)

    def undo_chain(self) -> None:
        """Roll back the current chain."""
        for account_id, counters in self._counters.items():
            self.accounts[account_id].restore(counters)
        for name, view in self._pending.items():
            self.pending.pop(name) if view is None else self.pending.update({name: view})
        for name in self._named:
            del self.names[name]
        del self.batches[self._length :], self.transfers[self._length :]

    def touch(self, account_id: int) -> AccountState:
        """A free account that the chain is about to change.

        Raises NotFound("points.account_not_found"), Forbidden("points.approval_needed").
        """
        state = self.accounts.get(account_id)
        if state is None:
            raise NotFound("points.account_not_found")
        if state.kind != "free":
            raise Forbidden("points.approval_needed")
        if account_id not in self._counters:
            self._counters[account_id] = state.counters
        return state

    def remember(self, name: str | None, row: dict[str, Any]) -> None:
        """Record a transfer for later ones of the request: its name, its hold, and the hold it resolves."""
        if row["kind"] in RESOLVED:
            for other in self._known_as.get(row["pending_id"], ()):
                if other in self.pending:
                    self._hold(other, replace(self.pending[other], resolved=row["kind"]))
        if name is None:
            return
        self.names[name] = booked(row)
        self._named.append(name)
        ends = row["expires_at"] or self.recorded_at
        sides = row["debit_account_id"], row["credit_account_id"]
        self._hold(name, PendingView(row["id"], row["kind"], *sides, row["amount"], ends, resolved=None))

    def _hold(self, name: str, view: PendingView) -> None:
        self._pending.setdefault(name, self.pending.get(name))
        self.pending[name] = view
        self._known_as.setdefault(view.id, [])
        if name not in self._known_as[view.id]:
            self._known_as[view.id].append(name)
