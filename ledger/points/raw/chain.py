"""What a request of the raw ledger decides in memory, chain by chain: a chain that fails leaves nothing of itself."""

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
    """What a request knows and has decided: accounts by key, names taken, what is held, rows to write.

    What the present chain has changed of it is kept beside, as it was before, so that a chain that fails is taken back.
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
        """From here on all is of one chain."""
        self._counters.clear()
        self._pending.clear()
        self._named.clear()
        self._length = len(self.transfers)

    def undo_chain(self) -> None:
        """Be as it was before the chain."""
        for account_id, counters in self._counters.items():
            self.accounts[account_id].restore(counters)
        for name, view in self._pending.items():
            self.pending.pop(name) if view is None else self.pending.update({name: view})
        for name in self._named:
            del self.names[name]
        del self.batches[self._length :], self.transfers[self._length :]

    def touch(self, account_id: int) -> AccountState:
        """A free account, to be changed.

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
        """What later transfers may name: this one if it holds, and that what it resolves is resolved."""
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
