"""Any sequence of proposals, decisions, retries and forbidden attempts: each proposal ends once, and points follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger.approvals import queries
from ledger.kernel.database import Database
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import LedgerError
from ledger.points.policy import Balance
from tests.approvals.office import Office
from tests.machines import run_machine
from tests.world import World

_WHO, _WHICH = st.integers(0, 3), st.sampled_from([0, 0, 0, 1, 2, 3])
_AMOUNTS = st.sampled_from([100, 250, -100, -250, -600])


@dataclass
class Expected:
    """The expected state of a proposal."""

    id: int
    by: int
    amount: int
    status: str = "proposed"


class Deciding(RuleBasedStateMachine):
    """Four administrators; the last is the member concerned and lives with the third."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.office = Office(World(self.database))
        world, volunteer = self.office.world, self.office.volunteer
        world.employ(volunteer, "admin", place_id=world.top_id)
        third = world.add_staff("admin", place_id=world.top_id)
        self.people = [self.office.first, self.office.second, third, volunteer]
        world.house("柳荫017", third, volunteer)
        self.proposals: list[Expected] = []
        self.points = 0

    def run(self, work: Callable[..., Any], *args: Any, **how: Any) -> Any:
        """Return the result, or the code of the refusal."""
        try:
            return work(*args, **how)
        except LedgerError as refusal:
            return refusal.code

    @rule(who=_WHO, amount=_AMOUNTS)
    def propose(self, who: int, amount: int) -> None:
        outcome = self.run(self.office.adjustment, amount, by=self.people[who])
        if -amount > self.points:
            assert outcome == "points.exceeds_credits"
            return
        if who in (2, 3) and amount > 0:
            assert outcome == "approvals.own_gain"
            return
        self.proposals.append(Expected(outcome, who, amount))

    @rule(who=_WHO, which=_WHICH, how=st.sampled_from(["approve", "approve", "reject", "withdraw"]))
    def decide(self, who: int, which: int, how: str) -> None:
        if which >= len(self.proposals):
            return
        proposal = self.proposals[-1 - which]
        expected = self.refusal(proposal, who, how)
        outcome = self.run(getattr(self.office, how), proposal.id, by=self.people[who])
        if expected:
            assert outcome == expected
            return
        assert outcome["proposal_id"] == proposal.id
        proposal.status = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}[how]
        self.points += proposal.amount if how == "approve" else 0

    def refusal(self, proposal: Expected, who: int, how: str) -> str | None:
        """The expected code, None if the decision must succeed."""
        if proposal.status != "proposed":
            return "approvals.already_decided"
        if how == "withdraw":
            return None if who == proposal.by else "approvals.not_the_proposer"
        if who in (proposal.by, 3):
            return "approvals.two_people_needed"
        if who == 2:
            return "approvals.same_household"
        return "points.exceeds_credits" if how == "approve" and -proposal.amount > self.points else None

    @invariant()
    def all_is_as_decided(self) -> None:
        if not hasattr(self, "points"):
            return
        assert self.office.balance() == Balance(self.points, 0)
        for each in self.proposals:
            assert self.office.see(each.id).status == each.status
        waiting = sum(each.status == "proposed" for each in self.proposals)
        assert in_snapshot(queries.count_waiting, self.office.world.center_id) == waiting


def test_any_order_of_decisions(database: Database) -> None:
    class OnThisDatabase(Deciding):
        pass

    OnThisDatabase.database = database
    run_machine(OnThisDatabase, examples=(15, 375), steps=(20, 20))
