"""An office with two administrators, an auditor and a volunteer, who work on proposals."""

from collections.abc import Callable
from typing import Any

from ledger.app import APPROVALS
from ledger.approvals import queries, service
from ledger.approvals.desk import Desk
from ledger.approvals.queries import ProposalView
from ledger.kernel.db import in_snapshot, in_transaction
from ledger.kernel.ids import public_id
from ledger.points.book import queries as points
from ledger.points.corrections import adjustments
from ledger.points.policy import POINT, AccountKey, Balance
from tests.world import Person, World


class Office:
    """Proposals of one center, made and decided through the service."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.first, self.second = (
            world.add_staff("admin", place_id=world.top_id, name=name) for name in ("郑管理", "冯管理")
        )
        self.auditor = world.add_staff("auditor", place_id=world.top_id, name="孙监督")
        self.volunteer = world.add_volunteer()
        self.desk: Desk = APPROVALS

    def payload(self, amount: int, **changed: Any) -> dict[str, Any]:
        """The payload of an adjustment of the volunteer's points."""
        return {"volunteer_id": public_id(self.volunteer.volunteer_id), "amount": amount, "cause": "missed"} | changed

    def adjustment(self, amount: int, by: Person | None = None, **changed: Any) -> int:
        """Propose an adjustment, by default as the first administrator."""
        return self.propose(adjustments.NAME, self.payload(amount, **changed), by=by)

    def propose(
        self, kind: str, payload: dict[str, Any], *, reason: str = "漏记了一次", by: Person | None = None
    ) -> int:
        """Propose something, by default as the first administrator."""
        actor = (by or self.first).actor
        return in_transaction(service.propose, kind, payload, reason, actor=actor, desk=self.desk)

    def approve(self, proposal_id: int, by: Person | None = None) -> dict[str, Any]:
        """Approve, by default as the second administrator."""
        return self._decide(service.approve, proposal_id, "", by or self.second)

    def reject(self, proposal_id: int, note: str = "查过了，没有漏", by: Person | None = None) -> dict[str, Any]:
        """Reject, by default as the second administrator."""
        return self._decide(service.reject, proposal_id, note, by or self.second)

    def withdraw(self, proposal_id: int, by: Person | None = None) -> dict[str, Any]:
        """Withdraw, by default as the first administrator."""
        return self._decide(service.withdraw, proposal_id, "", by or self.first)

    def _decide(self, how: Callable[..., Any], proposal_id: int, note: str, by: Person) -> dict[str, Any]:
        decided: dict[str, Any] = in_transaction(how, proposal_id, note, actor=by.actor, desk=self.desk)
        return decided

    def see(self, proposal_id: int) -> ProposalView:
        """The current state of a proposal."""
        return in_snapshot(queries.get_proposal, proposal_id, self.world.center_id)

    def balance(self) -> Balance:
        """The volunteer's points."""
        key = AccountKey(POINT, "member", self.volunteer.volunteer_id)
        return in_snapshot(points.balance, key, self.world.center_id)
